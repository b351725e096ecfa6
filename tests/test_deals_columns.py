"""Finding columns by preset and synonym in the headers that CRMs write."""

import pytest

from lossnlp.deals import open_export

DETAILS = [f"They told us about number {i} in so many words" for i in range(14)]


def found(tmp_path, header, row=None, **options):
    """Return part of a deal → header, for an export with this header and one row."""
    path = tmp_path / "export.tsv"
    row = row or [f"x{i}" for i in range(len(header))]
    path.write_text("\t".join(header) + "\n" + "\t".join(row) + "\n", encoding="utf-8")
    return open_export(path, **options)


SALESFORCE_API = {
    "id": "Id",
    "note": "Loss_Reason_Explained__c",
    "label": "Closed_Lost_Reason__c",
    "stage": "Stage_Before_Lost__c",
    "owner": "Owner.Name",
    "account": "Account.Name",
    "close_date": "CloseDate",
    "amount": "Amount",
    "industry": "Account.Industry",
}
HUBSPOT_API = {
    "id": "hs_object_id",
    "note": "closed_lost_notes",
    "label": "closed_lost_reason__dropdown_",
    "owner": "hubspot_owner_id",
    "close_date": "closedate",
    "amount": "amount",
}
PIPEDRIVE = {
    "id": "Deal - ID",
    "note": "Deal - Notes",
    "label": "Deal - Lost reason",
    "stage": "Deal - Stage",
    "owner": "Deal - Owner",
    "account": "Deal - Organization",
    "close_date": "Deal - Lost time",
    "amount": "Deal - Value",
}
DYNAMICS = {
    "id": "(Do Not Modify) Opportunity",
    "note": "Description",
    "label": "Status Reason",
    "stage": "Pipeline Phase",
    "owner": "Owner",
    "account": "Potential Customer",
    "close_date": "Actual Close Date",
    "amount": "Est. Revenue",
}
ZOHO = {
    "id": "Record Id",
    "note": "Description",
    "label": "Reason For Loss",
    "owner": "Deal Owner",
    "account": "Account Name",
    "close_date": "Closing Date",
    "amount": "Amount",
}
ZOHO_API = {
    "id": "id",
    "note": "Description",
    "label": "Reason_For_Loss__s",
    "owner": "Owner",
    "account": "Account_Name",
    "close_date": "Closing_Date",
    "amount": "Amount",
}
# Columns that stand beside the wanted ones and must not be taken for them.
BESIDE = {
    "salesforce": ["Name", "StageName", "Amount Currency", "Description", "CreatedDate"],
    "hubspot": ["dealname", "closed_won_reason", "notes_last_updated", "closed_lost___budget"],
    "pipedrive": ["Deal - Title", "Deal - Currency of value", "Deal - Deal created"],
    "dynamics": ["(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "Topic"],
    "zoho": ["Deal Name", "Tag", "Modified Time"],
}  # fmt: skip
TITLES = {
    "salesforce": "Salesforce",
    "hubspot": "HubSpot",
    "pipedrive": "Pipedrive",
    "dynamics": "Dynamics 365",
    "zoho": "Zoho",
}


@pytest.mark.parametrize(
    ("crm", "columns"),
    [
        ("salesforce", SALESFORCE_API),
        ("hubspot", HUBSPOT_API),
        ("pipedrive", PIPEDRIVE),
        ("dynamics", DYNAMICS),
        ("zoho", ZOHO),
        ("zoho", ZOHO_API),
    ],
)
def test_each_crm_is_known_by_its_headers(crm, columns, tmp_path):
    export = found(tmp_path, [*BESIDE[crm], *reversed(columns.values())])
    assert export.columns == columns
    assert f"preset: {TITLES[crm]}" in export.choices


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("Why we lost", "note"),
        ("LOSS NOTES", "note"),
        ("lossDetails", "note"),
        ("Loss_Reason_Remark__c", "note"),
        ("Opportunity.Loss_Notes__c", "note"),
        ("Reason lost", "label"),
        ("hs_closed_lost_reason", "label"),
        ("Closed-lost reason", "label"),
        ("Market Segment", "segment"),
        ("Vertical", "industry"),
        ("Call Transcript", "snippets"),
        ("Amount (converted)", "amount"),
    ],
)
def test_synonyms(header, part, tmp_path):
    assert found(tmp_path, [header, "Ignored"], need=()).columns == {part: header}


def test_the_note_of_the_loss_goes_before_a_description(tmp_path):
    export = found(tmp_path, ["Description", "Closed Lost Notes"])
    assert export.columns["note"] == "Closed Lost Notes"


def test_an_empty_column_gives_way_to_a_filled_one(tmp_path):
    export = found(tmp_path, ["Id", "Closed Lost Notes", "Description"], ["1", "", "too dear"])
    assert export.columns["note"] == "Description"


def test_the_user_overrides_and_the_choice_says_so(tmp_path):
    export = found(tmp_path, ["Id", "Loss Notes", "Other Text"], columns={"note": "other_text"})
    assert export.deals["note"].tolist() == ["x2"]
    assert 'note: "Other Text" (given)' in export.choices


def test_a_column_given_for_one_part_is_not_taken_for_another(tmp_path):
    export = found(
        tmp_path, ["Id", "Notes", "Closed Lost Reason"], columns={"label": "Notes"}, need=()
    )
    assert export.columns == {"id": "Id", "label": "Notes"}


def test_a_preset_named_by_the_user_wins_over_the_headers(tmp_path):
    header = ["Opportunity ID", "Closed Lost Notes", "Value", "Amount"]
    assert found(tmp_path, header).columns["amount"] == "Amount"
    assert found(tmp_path, header, preset="pipedrive").columns["amount"] == "Value"


def test_a_lost_reason_of_free_text_is_the_note(tmp_path):
    rows = [f"{i},{text},lost" for i, text in enumerate(DETAILS)]
    path = tmp_path / "pipedrive.csv"
    path.write_text("\n".join(["Deal - ID,Deal - Lost reason,Deal - Status", *rows]))
    export = open_export(path)
    assert export.columns == {"id": "Deal - ID", "note": "Deal - Lost reason"}
    assert export.deals["note"].tolist() == DETAILS
    assert 'note: "Deal - Lost reason" (free text, so no label)' in export.choices
