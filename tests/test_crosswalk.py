"""Crosswalks: what a label means, the file, and the proposal from a picklist."""

from __future__ import annotations

import csv
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossnlp import InputError, TaxonomyError
from lossnlp.taxonomy import (
    INSUFFICIENT,
    Crosswalk,
    CrosswalkEntry,
    Proposal,
    Taxonomy,
    propose_crosswalk,
)

EXAMPLES = Path(__file__).parents[1] / "examples"
TAXONOMY = Taxonomy.default()


def crosswalk(*entries: CrosswalkEntry) -> Crosswalk:
    return Crosswalk(TAXONOMY, entries)


COMPANY = crosswalk(
    CrosswalkEntry("Price", ("price",)),
    CrosswalkEntry("Product Value / Gaps", ("product_gap", "implementation")),
    CrosswalkEntry("Timing", ("timing",)),
    CrosswalkEntry("Pricing (old)", ("price",), inactive=True),
    CrosswalkEntry("Duplicate", ("invalid_record",), "administrative"),
    CrosswalkEntry("Auto-close", (), "administrative"),
    CrosswalkEntry("Other", ("implementation", "authority"), "catch_all"),
)


def looked_up(label: str) -> CrosswalkEntry:
    entry = COMPANY.lookup(label)
    assert entry is not None
    return entry


def written(folder: Path, text: str) -> Path:
    path = folder / "crosswalk.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# what a label means


@pytest.mark.parametrize(
    "label",
    [
        "Product Value / Gaps",
        "product value/gaps",
        "  Product  Value / Gaps ",
        "PRODUCT VALUE – GAPS",
        "Product_Value_Gaps",
        "Product\u00a0Value\u00a0/\u00a0Gaps",
    ],
)
def test_case_spaces_and_punctuation_do_not_matter(label: str) -> None:
    assert looked_up(label).value == "Product Value / Gaps"
    assert COMPANY.supports(label, "product_gap")
    assert COMPANY.supports(label, "implementation")
    assert not COMPANY.supports(label, "price")


@pytest.mark.parametrize("label", ["", "  ", ";", "Pricing", "Product Value", "Price Timing"])
def test_an_unknown_label_means_nothing(label: str) -> None:
    assert COMPANY.lookup(label) is None
    assert not any(COMPANY.supports(label, code) for code in TAXONOMY.codes)


def test_any_value_of_a_multi_select_label_supports_it() -> None:
    assert COMPANY.supports("Price;Timing", "timing")
    assert COMPANY.supports("price ; TIMING;", "price")
    assert not COMPANY.supports("Price;Timing", "authority")
    assert looked_up("Price;Timing").codes == ("price", "timing")
    assert looked_up("Price;Timing").kind == "reason"
    assert looked_up("Other;Duplicate").kind == "catch_all"
    assert looked_up("Duplicate;Auto-close").kind == "administrative"
    assert looked_up("Price;Pricing (old)").inactive


def test_a_multi_select_label_with_an_unknown_value_is_unknown() -> None:
    assert COMPANY.lookup("Price;Weather") is None
    assert COMPANY.supports("Price;Weather", "price")


def test_two_spellings_in_one_picklist_keep_their_own_entries() -> None:
    both = crosswalk(
        CrosswalkEntry("Price", ("price",)), CrosswalkEntry("PRICE", ("price",), inactive=True)
    )
    assert both.lookup("PRICE") == both.entries[1]
    assert both.lookup("price") == both.entries[0]


def test_the_value_to_set_is_active_and_the_closest() -> None:
    assert COMPANY.value_for("price") == "Price"
    assert COMPANY.value_for("implementation") == "Product Value / Gaps"
    assert COMPANY.value_for("authority") == "Other"
    assert COMPANY.value_for("invalid_record") == "Duplicate"
    assert COMPANY.value_for("champion_loss") is None
    shared_first = crosswalk(
        CrosswalkEntry("Money", ("price", "budget")), CrosswalkEntry("Budget", ("budget",))
    )
    assert shared_first.value_for("budget") == "Budget"


# the file


def test_the_examples_crosswalk_is_what_their_readme_says() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|\n").split("|")]
        for line in (EXAMPLES / "README.md").read_text("utf-8").splitlines()
        if line.startswith("|") and not line.startswith(("| value", "|---"))
    ]
    read = Crosswalk.read(EXAMPLES / "crosswalk.yaml", TAXONOMY)
    assert len(read.entries) == len(rows) == 12
    for entry, (value, codes) in zip(read.entries, rows, strict=True):
        words = codes.replace("catch-all:", "").replace("(administrative)", "")
        assert entry.value == value
        assert list(entry.codes) == [code.strip() for code in words.split(",")]
        assert (entry.kind == "catch_all") == ("catch-all" in codes)
        assert (entry.kind == "administrative") == ("administrative" in codes)


_CODES = st.lists(st.sampled_from(TAXONOMY.codes), min_size=1, max_size=4, unique=True)
_ODD = st.sampled_from(
    [
        *(
            "yes",
            "no",
            "null",
            "~",
            "1",
            "1.0",
            "0x1f",
            "2026-01-01",
            "true",
            "NO",
            "Off",
            "=",
            "<<",
        ),
        *(
            "- a",
            "a: b",
            "# x",
            "a # b",
            "'",
            '"',
            "a'b\"c",
            "[a]",
            "{a: b}",
            "&a",
            "*a",
            "!a",
            "%a",
        ),
        *("@a", "`a`", "---", "...", "?", ":", " lead", "trail ", "two\nlines", "tab\there", "é"),
        *("e\u0301", "価格", "\U0001f4a9", "a\u2028b", "a\x85b", "\ufeffa", "\x00", "\u200b"),
        *("a\u00a0b", "\U000e0001", "long " * 60, "no budget"),
    ]
)
_VALUES = st.one_of(_ODD, st.text(st.characters(exclude_categories=("Cs",)), min_size=1))


@settings(deadline=None)
@given(
    values=st.lists(_VALUES.filter(str.strip), min_size=1, max_size=6, unique=True),
    codes=_CODES,
    kind=st.sampled_from(["reason", "catch_all", "administrative"]),
    inactive=st.booleans(),
    remark=st.text(st.characters(exclude_categories=("Cs",))),
)
def test_what_is_written_is_read_back_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    values: list[str],
    codes: list[str],
    kind: Any,
    inactive: bool,
    remark: str,
) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip.yaml"
    before = crosswalk(*(CrosswalkEntry(each, tuple(codes), kind, inactive) for each in values))
    before.write(path)
    after = Crosswalk.read(path, TAXONOMY)
    assert after == before
    assert [after.lookup(value) for value in values] == list(before.entries)
    path.write_text(before.to_yaml(dict.fromkeys(values, remark)), encoding="utf-8")
    assert Crosswalk.read(path, TAXONOMY) == before


def test_plain_words_that_yaml_would_turn_are_values(tmp_path: Path) -> None:
    lines = "".join(f"- {{value: {word}, codes: [price]}}\n" for word in ("No", "null", "1.0"))
    read = Crosswalk.read(written(tmp_path, f"schema: 1\nvalues:\n{lines}"), TAXONOMY)
    assert [entry.value for entry in read.entries] == ["No", "null", "1.0"]


def test_a_catch_all_without_codes_takes_what_no_value_has(tmp_path: Path) -> None:
    text = """\
schema: 1
values:
- {value: Price, codes: [price, budget]}
- {value: Other, kind: catch_all}
- {value: Misc, kind: catch_all, codes: [timing]}
"""
    read = Crosswalk.read(written(tmp_path, text), TAXONOMY)
    other = read.lookup("other")
    assert other is not None
    assert other.codes == tuple(code for code in TAXONOMY.codes if code not in ("price", "budget"))
    misc = read.lookup("misc")
    assert misc is not None
    assert misc.codes == ("timing",)


BROKEN = {
    "unknown code": ("  codes: [prise]", 4, "values[0].codes[0]", "did you mean 'price'"),
    "code twice": ("  codes: [price, price]", 4, "values[0].codes[1]", "twice"),
    "no codes": ("  codes: []", 4, "values[0].codes", "needs codes, or kind"),
    "codes left out": ("  inactive: true", 3, "values[0]", "needs codes, or kind"),
    "codes are a text": ("  codes: price", 4, "values[0].codes", "needs a list"),
    "bad kind": ("  kind: other", 4, "values[0].kind", "catch_all"),
    "bad flag": ("  codes: [price]\n  inactive: maybe", 5, "values[0].inactive", "true, false"),
    "unknown field": ("  code: [price]", 4, "values[0].code", "did you mean 'codes'"),
    "no value": ("- codes: [price]", 4, "values[1]", "'value' is missing"),
    "empty value": ("  codes: [price]\n- value: ' '", 5, "values[1].value", "is empty"),
    "value twice": (
        "  codes: [price]\n- value: Price",
        5,
        "values[1].value",
        "'Price' stands there twice",
    ),
    "twins that differ": (
        "  codes: [price]\n- value: PRICE\n  codes: [budget]",
        5,
        "values[1].value",
        "another spelling of 'Price'",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_fault_is_one_line_with_file_line_and_field(tmp_path: Path, case: str) -> None:
    body, line, field, why = BROKEN[case]
    tail = "\n  codes: [price]" if case in ("value twice", "empty value") else ""
    head = "  codes: [budget]\n" if case == "no value" else ""
    line += head.count("\n")
    path = written(tmp_path, f"schema: 1\nvalues:\n- value: Price\n{head}{body}{tail}\n")
    with pytest.raises(TaxonomyError) as caught:
        Crosswalk.read(path, TAXONOMY)
    assert f"{path}, line {line}, field {field}: " in str(caught.value)
    assert why in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_without_values_and_a_missing_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TaxonomyError, match="line 2, field values: is empty"):
        Crosswalk.read(written(tmp_path, "schema: 1\nvalues: []\n"), TAXONOMY)
    with pytest.raises(InputError, match="no such file"):
        Crosswalk.read(tmp_path / "none.yaml", TAXONOMY)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="existing, writable folder"):
        COMPANY.write(tmp_path / "none" / "crosswalk.yaml")
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match="taken"):
        COMPANY.write(tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


# the proposal


def proposed(*values: str, model: Any = None) -> Proposal:
    return propose_crosswalk(dict.fromkeys(values, 1), TAXONOMY, model)


def meaning(proposal: Proposal) -> dict[str, tuple[str, ...]]:
    return {entry.value: entry.codes for entry in proposal.crosswalk.entries}


def test_the_examples_are_proposed_as_the_company_means_them() -> None:
    with (EXAMPLES / "closed_lost_fy26_hubspot.csv").open(encoding="utf-8-sig", newline="") as file:
        labels = Counter(row["Closed Lost Reason"] for row in csv.DictReader(file))
    proposal = propose_crosswalk(labels, TAXONOMY)
    meant = Crosswalk.read(EXAMPLES / "crosswalk.yaml", TAXONOMY)
    assert set(proposal.crosswalk.entries) == set(meant.entries)
    assert proposal.counts == labels
    assert not proposal.unread
    assert not proposal.missing
    # It has guessed that two values stand for a neighbour too, and says so.
    assert {doubt.value for doubt in proposal.unsure} == {"No Decision", "Product / Feature Gap"}


@pytest.mark.parametrize(
    ("value", "codes"),
    [
        ("price", ["price"]),
        ("PRODUCT_GAP", ["product_gap"]),
        ("Went dark", ["unresponsive"]),
        ("Too expensive", ["price"]),
        ("Out-Sold", ["competitor"]),
        ("Canceled", ["no_decision"]),
        ("Remaining with Incumbent Vendor", ["competitor"]),
        ("Stayed with Community Edition", ["in_house_build"]),
        ("Evangelist Left", ["champion_loss"]),
        ("Spending elsewhere", ["budget"]),
        ("Product Quality / Availability", ["product_gap"]),
        ("Lack of Engagement / Sponsor", ["champion_loss", "unresponsive"]),
        ("No Budget / Lost Funding", ["budget"]),
        ("No Decision / Non-Responsive", ["no_decision", "unresponsive"]),
        ("Budget/Value Unperceived", ["budget", "price"]),
        ("Competition or price", ["competitor", "price"]),
        ("Price/Term", ["price"]),
        ("Security & Compliance", ["security_legal"]),
        ("Budget–Too Expensive", ["price"]),
        ("Budget: Not ICP", ["not_qualified"]),
        ("No Response – Ghosted", ["unresponsive"]),
        ("Product - Other", ["product_gap"]),
        ("BDR - No Show", ["unresponsive"]),
        ("01. Price", ["price"]),
        ("3 - Timing", ["timing"]),
        ("Not a real deal (Duplicate, Junk)", ["invalid_record"]),
        ("Unknown", [INSUFFICIENT]),
    ],
)
def test_values_of_well_known_picklists_are_read(value: str, codes: list[str]) -> None:
    proposal = propose_crosswalk(
        # Values of their own for the rest, so that nothing is put beside the value.
        {
            value: 2,
            **{TAXONOMY.reason(code).name: 1 for code in TAXONOMY.codes if code not in codes},
        },
        TAXONOMY,
    )
    entry = proposal.crosswalk.lookup(value)
    assert entry is not None
    assert list(entry.codes) == codes
    assert not [doubt for doubt in proposal.unsure if doubt.value == value]


@pytest.mark.parametrize(
    "value", ["Other", "other (please specify)", "Misc.", "Other/not recorded"]
)
def test_other_is_a_catch_all_for_the_codes_without_a_value(value: str) -> None:
    proposal = proposed("Price", "No budget", "Bad timing", "No decision", value)
    entry = proposal.crosswalk.lookup(value)
    assert entry is not None
    assert entry.kind == "catch_all"
    assert {"price", "budget", "timing", "no_decision"}.isdisjoint(entry.codes)
    assert {"champion_loss", "sales_execution", "authority", INSUFFICIENT} < set(entry.codes)
    assert not proposal.missing


def test_without_other_the_codes_that_no_value_has_are_named() -> None:
    proposal = proposed("Price", "Timing")
    assert "champion_loss" in proposal.missing
    assert "budget" not in proposal.missing  # reps put it under Price, and it says so
    assert meaning(proposal)["Price"] == ("price", "budget")
    assert any(doubt.value == "Price" and "budget" in doubt.why for doubt in proposal.unsure)


@pytest.mark.parametrize(
    "value", ["Stale Opportunity", "Expired (Auto-Close)", "No Progression - Auto-close"]
)
def test_what_a_robot_writes_is_administrative_and_has_no_code(value: str) -> None:
    entry = proposed(value, "Price").crosswalk.lookup(value)
    assert entry is not None
    assert (entry.kind, entry.codes) == ("administrative", ())


def test_a_duplicate_is_administrative() -> None:
    entry = proposed("Merged into another opportunity").crosswalk.lookup(
        "merged into another opportunity"
    )
    assert entry is not None
    assert (entry.kind, entry.codes) == ("administrative", ("invalid_record",))


def test_the_most_frequent_spelling_is_the_active_one() -> None:
    proposal = propose_crosswalk({"Product value/gaps": 3, "Product Value / Gaps": 40}, TAXONOMY)
    assert {entry.value: entry.inactive for entry in proposal.crosswalk.entries} == {
        "Product Value / Gaps": False,
        "Product value/gaps": True,
    }
    assert len(set(meaning(proposal).values())) == 1
    assert proposal.crosswalk.value_for("product_gap") == "Product Value / Gaps"


@pytest.mark.parametrize(
    "value", ["Price (old)", "zz_Price", "Price - inactive", "DO NOT USE: Price"]
)
def test_values_marked_as_out_of_use_are_inactive(value: str) -> None:
    proposal = proposed(value, "Pricing")
    entry = proposal.crosswalk.lookup(value)
    assert entry is not None
    assert entry.inactive
    assert entry.codes == ("price",)
    assert proposal.crosswalk.value_for("price") == "Pricing"


def test_multi_select_labels_are_taken_apart() -> None:
    proposal = propose_crosswalk({"Price;Timing": 2, "Timing": 3, "": 9}, TAXONOMY)
    assert proposal.counts == {"Timing": 5, "Price": 2}
    assert proposal.crosswalk.supports("Price;Timing", "timing")


@pytest.mark.parametrize(
    ("value", "code"), [("Competitior", "competitor"), ("Customer had no budget left", "budget")]
)
def test_guesses_by_spelling_and_by_single_words_are_doubted(value: str, code: str) -> None:
    proposal = proposed(value)
    assert meaning(proposal)[value][0] == code
    assert value in {doubt.value for doubt in proposal.unsure}


@dataclass
class Ranked:
    code: str
    probability: float


@dataclass
class Suggested:
    reasons: tuple[Ranked, ...]


class Reader:
    """Stands in for a model: knows a few notes and remembers what it was asked."""

    def __init__(self, **knows: tuple[str, float]) -> None:
        self.knows = knows
        self.asked: list[str] = []

    def read(self, deals: Any) -> list[Suggested]:
        self.asked += [deal.note for deal in deals]
        return [
            Suggested((Ranked(*self.knows[deal.note.split()[0]]), Ranked("timing", 0.0)))
            for deal in deals
        ]


def test_the_model_reads_only_what_no_wording_explains() -> None:
    reader = Reader(
        Weather=("timing", 0.91),
        Moon=("price", 0.31),
        Region=(INSUFFICIENT, 0.99),
        Own=("mine", 0.9),
    )
    proposal = proposed("Price", "Weather", "Moon phase", "Region EMEA", "Own code", model=reader)
    assert sorted(reader.asked) == ["Moon phase", "Own code", "Region EMEA", "Weather"]
    assert meaning(proposal)["Weather"] == ("timing",)  # no neighbour beside what is doubtful
    assert set(proposal.unread) == {"Moon phase", "Own code", "Region EMEA"}
    why = {doubt.value: str(doubt) for doubt in proposal.unsure}
    assert "timing with probability 0.91" in why["Weather"]
    assert "price with probability 0.31" in why["Moon phase"]
    assert "finds no reason" in why["Region EMEA"]


def test_without_a_model_they_stay_unread_and_the_file_lists_them(tmp_path: Path) -> None:
    proposal = propose_crosswalk({"Price": 3, "Moon: phase\n# x": 1}, TAXONOMY)
    assert proposal.unread == ("Moon: phase\n# x",)
    assert "no known wording" in str(proposal.unsure[0])
    proposal.write(tmp_path / "crosswalk.yaml")
    text = (tmp_path / "crosswalk.yaml").read_text("utf-8")
    assert "# 3 deals; the name of the code" in text
    assert "#   'Moon: phase\\n# x' (1 deal)" in text
    assert Crosswalk.read(tmp_path / "crosswalk.yaml", TAXONOMY) == proposal.crosswalk


@settings(deadline=None)
@given(
    st.dictionaries(_VALUES.filter(lambda value: ";" not in value), st.integers(1, 9), max_size=8)
)
def test_whatever_the_picklist_holds_the_proposal_can_be_saved(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, int]
) -> None:
    values["Price"] = 1
    path = tmp_path_factory.getbasetemp() / "proposal.yaml"
    proposal = propose_crosswalk(values, TAXONOMY)
    proposal.write(path)
    assert Crosswalk.read(path, TAXONOMY) == proposal.crosswalk
    named = {entry.value for entry in proposal.crosswalk.entries} | set(proposal.unread)
    assert named == set(proposal.counts)
    assert sum(proposal.counts.values()) == sum(
        count for value, count in values.items() if value.strip()
    )


def test_a_taxonomy_without_synonyms_or_sub_reasons_is_enough() -> None:
    plain = TAXONOMY.to_dict()
    for reason in plain["reasons"]:
        for field in ("synonyms", "sub_reasons", "nearest"):
            reason.pop(field, None)
    bare = Taxonomy.from_dict(json.loads(json.dumps(plain)))
    proposal = propose_crosswalk({"Price or value": 1, "Ghosted": 1, "Other": 1}, bare)
    assert proposal.unread == ("Ghosted",)
    assert proposal.crosswalk.supports("price OR value", "price")
    assert proposal.crosswalk.supports("Other", "unresponsive")


def test_no_labels_and_free_text_are_refused() -> None:
    with pytest.raises(InputError, match="no deal has a label"):
        propose_crosswalk({"": 3, " ": 1}, TAXONOMY)
    with pytest.raises(InputError, match=r"201 different values.*not a picklist"):
        propose_crosswalk({f"note {number}": 1 for number in range(201)}, TAXONOMY)
