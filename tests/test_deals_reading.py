"""Reading exports: the examples, every format, dialect and encoding, and one clear error each."""

import csv
import datetime
import io
import json
import re
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from broken_exports import HEADER, clean_rows, text_of, write
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lossnlp._errors import InputError
from lossnlp.deals import DEAL_COLUMNS, open_export, read_deals

ROOT = Path(__file__).parents[1]
SALESFORCE = ROOT / "examples/closed_lost_fy26_salesforce.csv"
HUBSPOT = ROOT / "examples/closed_lost_fy26_hubspot.csv"


def read(data: bytes, tmp_path: Path, **options):
    path = tmp_path / "export"
    path.write_bytes(data)
    return open_export(path, **options)


# --- the two example exports ---------------------------------------------------------------


def test_both_example_exports_hold_the_same_deals():
    salesforce, hubspot = open_export(SALESFORCE), open_export(HUBSPOT)
    assert len(salesforce.deals) == len(hubspot.deals) == 599
    shared = [c for c in hubspot.deals.columns if c != "id"]
    pd.testing.assert_frame_equal(salesforce.deals[shared], hubspot.deals[shared])
    assert set(salesforce.deals.columns) == set(DEAL_COLUMNS)


def test_the_examples_agree_with_their_gold_answers():
    gold = [
        json.loads(line)
        for line in (ROOT / "examples/closed_lost_fy26_gold.jsonl").read_text().splitlines()
    ]
    salesforce, hubspot = read_deals(SALESFORCE), read_deals(HUBSPOT)
    assert salesforce["id"].tolist() == [answer["opportunity_id"] for answer in gold]
    assert hubspot["id"].tolist() == [answer["record_id"] for answer in gold]
    assert salesforce["label"].tolist() == [answer["label"] for answer in gold]
    for deal, answer in zip(salesforce.itertuples(), gold, strict=True):
        texts = [deal.note, *(snippet["text"] for snippet in deal.snippets)]
        assert any(answer["evidence"] in text for text in texts)


def test_the_salesforce_report_is_read_as_what_it_is():
    export = open_export(SALESFORCE)
    first = export.deals.iloc[1]
    assert first["stage"] == "5 - Negotiation"  # "Stage" only says Closed Lost
    assert first["close_date"] == datetime.date(2026, 2, 17)
    assert first["amount"] == 540000.0
    assert [snippet["speaker"] for snippet in first["snippets"]] == ["rep", "buyer"]
    assert export.columns["amount"] == "Amount"
    assert export.rows[0] == 2
    assert export.rows[-1] == 600
    assert any("footer" in warning for warning in export.warnings)
    assert 'note: "Loss Notes" (Salesforce)' in export.choices


def test_a_stage_that_only_says_lost_is_no_stage_at_loss():
    assert "stage" not in open_export(HUBSPOT).columns
    assert "stage" in open_export(HUBSPOT, columns={"stage": "Deal Stage"}).columns


# --- dialects and encodings -----------------------------------------------------------------

CELLS = st.text(
    st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from(',;\t|"\r\n'), max_size=30
)
FULL_CELLS = CELLS.filter(str.strip)


# Python's writer leaves a lone carriage return unquoted unless it is part of the line end.
@settings(deadline=None, max_examples=100)
@given(
    rows=st.lists(st.tuples(FULL_CELLS, FULL_CELLS, FULL_CELLS, CELLS), min_size=1, max_size=5),
    separator=st.sampled_from(",;\t|"),
    style=st.sampled_from(
        [(csv.QUOTE_ALL, "\n"), (csv.QUOTE_ALL, "\r\n"), (csv.QUOTE_MINIMAL, "\r\n")]
    ),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
@example([("a", "b\r\nc", "d", "e;f")], ";", (csv.QUOTE_MINIMAL, "\r\n"), "utf-16")
def test_csv_of_any_dialect_is_read_back_the_same(
    tmp_path_factory, rows, separator, style, encoding
):
    header = ["Opportunity ID", "Loss Notes", "Closed Lost Reason", "Competitor Notes"]
    out = io.StringIO()
    writer = csv.writer(out, delimiter=separator, quoting=style[0], lineterminator=style[1])
    writer.writerow(header)
    writer.writerows(rows)
    path = tmp_path_factory.mktemp("csv") / "export.csv"
    path.write_bytes(out.getvalue().encode(encoding))
    export = open_export(path)
    assert export.source.to_numpy().tolist() == [list(row) for row in rows]
    assert list(export.source.columns) == header
    assert export.deals["note"].tolist() == [
        row[1].replace("\r\n", "\n").replace("\r", "\n") for row in rows
    ]
    assert export.rows == list(range(2, len(rows) + 2))


WINDOWS = bytes([*range(32, 127), 0x80, 0x91, 0x92, *range(0xA0, 256)]).decode("cp1252")
FULL_WINDOWS = st.text(WINDOWS, min_size=1, max_size=20).filter(str.strip)


@settings(deadline=None, max_examples=40)
@given(rows=st.lists(st.tuples(FULL_WINDOWS, FULL_WINDOWS, FULL_WINDOWS), min_size=1, max_size=4))
def test_cp1252_is_read_back_the_same(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "export.csv"
    path.write_bytes(text_of(rows, ("Id", "Note", "Reason")).encode("cp1252"))
    export = open_export(path, encoding="cp1252")
    assert export.source.to_numpy().tolist() == [list(row) for row in rows]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
)
def test_the_encoding_is_found(encoding, tmp_path):
    rows = [["1", "Zu teuer für den Einkäufer – „nächstes Jahr“, 5 € mehr", "Preis"]]
    data = text_of(rows, ("Id", "Note", "Reason")).encode(encoding)
    assert read(data, tmp_path).source.to_numpy().tolist() == rows


def test_the_separator_that_excel_is_told_is_used(tmp_path):
    export = read(b"sep=;\r\nId;Note\r\n1;too dear, they said\r\n", tmp_path)
    assert export.deals["note"].tolist() == ["too dear, they said"]


def test_title_lines_blank_lines_and_footers_are_no_deals(tmp_path):
    body = "\n".join(f"A{i},note {i},Price" for i in range(3))
    title = "Closed Lost Q1\nAs of 2026-04-01\n\n"
    footer = "\n\nTotal,3,\nConfidential Information - Do Not Distribute\n"
    text = f"{title}Id,Note,Reason\n\n{body}\n{footer}"
    export = read(text.encode(), tmp_path)
    assert export.deals["id"].tolist() == ["A0", "A1", "A2"]
    assert export.rows == [6, 7, 8]


def test_a_last_deal_with_little_in_it_is_no_footer(tmp_path):
    export = read(b"Id,Note,Reason,Owner\nA1,x,Price,Sam\nA2,,,\n", tmp_path)
    assert export.deals["id"].tolist() == ["A1", "A2"]
    assert export.deals["label"].tolist() == ["Price", None]


def test_columns_of_the_same_name_are_kept_apart(tmp_path):
    data = b"Id,Note,Note,Note (2)\n1,a,b,c\n"
    export = read(data, tmp_path)
    assert list(export.source.columns) == ["Id", "Note", "Note (2)", "Note (2) (2)"]
    assert read(data, tmp_path, columns={"note": "Note (2)"}).deals["note"].tolist() == ["b"]


def test_two_hundred_columns(tmp_path):
    header = ["Id", "Loss Notes", *(f"Field {i}" for i in range(198))]
    rows = [[f"A{i}", "too dear", *([""] * 198)] for i in range(5)]
    export = read(text_of(rows, header).encode(), tmp_path)
    assert export.source.shape == (5, 200)


def test_a_note_longer_than_the_csv_modules_limit(tmp_path):
    limit = csv.field_size_limit()
    export = read(text_of([["1", "x" * 200_000]], ("Id", "Note")).encode(), tmp_path)
    assert len(export.deals["note"][0]) == 200_000
    assert csv.field_size_limit() == limit


# --- other formats ---------------------------------------------------------------------------


def test_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Deals"
    sheet.append(["Record ID", "Note", "Close Date", "Amount", "Won?"])
    sheet.append([11000000000, "too dear\nby half", datetime.datetime(2026, 3, 31), 1200.5, False])
    sheet.append([None] * 5)
    sheet.append(["006A", None, datetime.datetime(2026, 3, 31, 9, 14), "1.234,50", True])
    book.create_sheet("Other").append(["Note"])
    book["Other"].append(["elsewhere"])
    book.save(tmp_path / "book.xlsx")
    export = open_export(tmp_path / "book.xlsx")
    assert export.deals["id"].tolist() == ["11000000000", "006A"]
    assert export.deals["note"].tolist() == ["too dear\nby half", ""]
    assert export.deals["close_date"].tolist() == [datetime.date(2026, 3, 31)] * 2
    assert export.deals["amount"].tolist() == [1200.5, 1234.5]
    assert export.rows == [2, 4]
    assert open_export(tmp_path / "book.xlsx", sheet="Other").deals["note"].tolist() == [
        "elsewhere"
    ]
    with pytest.raises(InputError, match="no sheet 'Third'; it has Deals, Other"):
        open_export(tmp_path / "book.xlsx", sheet="Third")


def test_parquet_and_jsonl_hold_the_same_deals_as_csv(tmp_path):
    deals = read_deals(SALESFORCE).head(40)
    deals.to_parquet(tmp_path / "deals.parquet")
    records = [
        {k: v.isoformat() if k == "close_date" else v for k, v in row.items()}
        for row in deals.astype({"amount": object}).where(deals.notna(), None).to_dict("records")
    ]
    lines = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    (tmp_path / "deals.jsonl").write_text(lines, encoding="utf-8")
    pd.testing.assert_frame_equal(read_deals(tmp_path / "deals.parquet"), deals)
    pd.testing.assert_frame_equal(read_deals(tmp_path / "deals.jsonl"), deals)


def test_typed_amounts_keep_their_decimals(tmp_path):
    pd.DataFrame({"note": ["a", "b"], "amount": [540.125, 7.0]}).to_parquet(tmp_path / "p")
    assert read_deals(tmp_path / "p")["amount"].tolist() == [540.125, 7.0]


def test_the_starter_records_are_deals(tmp_path):
    path = next((ROOT / "lossnlp/training/starter").glob("*.jsonl"))
    export = open_export(path)
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert export.deals["note"].tolist() == [record["note"] for record in records]
    assert export.deals["snippets"].tolist() == [record["snippets"] for record in records]
    assert export.deals["stage"].tolist() == [record["stage"] for record in records]


@settings(deadline=None, max_examples=40)
@given(notes=st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=30), min_size=1))
def test_jsonl_is_read_back_the_same(tmp_path_factory, notes):
    path = tmp_path_factory.mktemp("jsonl") / "deals.jsonl"
    lines = [json.dumps({"id": str(i), "note": n}, ensure_ascii=False) for i, n in enumerate(notes)]
    path.write_text("\n".join(lines), encoding="utf-8", newline="")
    assert open_export(path).source["note"].tolist() == notes


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"Id,Note\n007,too dear\n")))
    assert read_deals("-").to_dict("list") == {"id": ["007"], "note": ["too dear"]}


# --- dates, ids and rows that are not lost ---------------------------------------------------


def test_ids_stay_text(tmp_path):
    export = read(b"Id,Note\n0012345678901234567890,a\n1E5,b\n", tmp_path)
    assert export.deals["id"].tolist() == ["0012345678901234567890", "1E5"]


def test_ambiguous_dates_are_asked_about(tmp_path):
    data = b"Id,Note,Close Date\n1,a,03/04/2026\n2,b,05/05/2026\n"
    with pytest.raises(InputError, match=r'"Close Date".*row 2: 03/04/2026.*--date-order'):
        read(data, tmp_path)
    assert read(data, tmp_path, date_order="mdy").deals["close_date"][0] == datetime.date(
        2026, 3, 4
    )
    assert read(data, tmp_path, date_order="dmy").deals["close_date"][0] == datetime.date(
        2026, 4, 3
    )


def test_another_date_column_of_the_export_settles_the_order(tmp_path):
    export = read(b"Id,Note,Close Date,Created Date\n1,a,03/04/2026,25/01/2026\n", tmp_path)
    assert export.deals["close_date"][0] == datetime.date(2026, 4, 3)
    assert 'dates: dmy, as the column "Created Date" shows' in export.choices


@pytest.mark.parametrize(
    ("dates", "order", "message"),
    [
        (
            ["13/04/2026", "04/13/2026"],
            None,
            r"mixes month-first dates \(row 3\).*day-first.*row 2",
        ),
        (["13/04/2026", "01/04/2026"], "mdy", "is not mdy: see row 2"),
        (["13/04/2026"], "ymd", "'ymd' is neither mdy nor dmy"),
    ],
)
def test_dates_that_contradict_are_refused(dates, order, message, tmp_path):
    data = "Id,Note,Close Date\n" + "".join(f"1,a,{date}\n" for date in dates)
    with pytest.raises(InputError, match=message):
        read(data.encode(), tmp_path, date_order=order)


def test_what_cannot_be_read_is_left_empty_and_said(tmp_path):
    data = b"Id,Note,Close Date,Amount,Call Snippets\n1,a,soon,lots,x\n2,b,2026-01-02,5,[{\n"
    export = read(data, tmp_path)
    assert export.deals["close_date"].tolist() == [None, datetime.date(2026, 1, 2)]
    assert export.deals["amount"].isna().tolist() == [True, False]
    assert export.deals["snippets"].tolist() == [[{"speaker": "buyer", "text": "x"}], []]
    assert [re.sub(r"row \d", "row N", warning) for warning in export.warnings] == [
        "snippets of row N left out: the JSON list is broken or cut short",
        '"Close Date" holds no date in row N; left empty',
        '"Amount" holds no amount in row N; left empty',
    ]


def test_doubtful_ids_and_several_currencies_are_said(tmp_path):
    data = b"Id,Note,Amount,Currency\n1,a,5,USD\n1,b,6,EUR\n,c,7,USD\n"
    assert read(data, tmp_path).warnings == [
        "row 4 without an id",
        "2 rows (2, 3) with an id that stands in other rows too",
        '"Amount" is in several currencies (EUR, USD): sums mix them',
    ]


def test_columns_without_a_name_are_numbered(tmp_path):
    export = read(b"Id,Note,,\n1,a,b,\n", tmp_path)
    assert list(export.source.columns) == ["Id", "Note", "column 3"]


def test_won_and_open_deals_are_left_out_and_said(tmp_path):
    data = b"Id,Note,Stage\n1,a,Closed Lost\n2,b,Closed Won\n3,c,3 - Evaluation\n4,d,Unqualified\n"
    export = read(data, tmp_path)
    assert export.deals["id"].tolist() == ["1", "4"]
    assert export.rows == [2, 5]
    assert export.source["Id"].tolist() == ["1", "4"]
    assert "stage" not in export.deals  # what is left says no stage at loss
    assert export.warnings == [
        "row 3 left out: the deal is won",
        "row 4 left out: the deal is open",
    ]


def test_stages_at_loss_are_not_taken_for_open_deals(tmp_path):
    export = read(b"Id,Note,Stage\n1,a,Evaluation\n2,b,Negotiation\n", tmp_path)
    assert export.deals["stage"].tolist() == ["Evaluation", "Negotiation"]
    assert export.warnings == []


def test_only_won_deals_are_refused(tmp_path):
    with pytest.raises(InputError, match="no lost deal"):
        read(b"Id,Note,IsWon\n1,a,true\n2,b,1\n", tmp_path)


# --- one clear error each ----------------------------------------------------------------------


def _zip(name: str) -> bytes:
    import zipfile

    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(name, "x")
    return out.getvalue()


def _parquet() -> bytes:
    out = io.BytesIO()
    pd.DataFrame({"note": ["a"]}).to_parquet(out)
    return out.getvalue()


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
CLEAN = text_of(clean_rows()).encode()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty"),
        (b" \r\n\r\n", "is empty"),
        (b"Id,Note\r\n", "holds a header and no deals"),
        (bytes(range(256)) * 20, "is a binary file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "is a binary file"),
        (b"\x1f\x8b\x08\0", "is compressed"),
        (b"<html><table></table></html>", "is a web page"),
        (OLE, "old Excel file"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        (b"PK\x03\x04" + bytes(50), "damaged XLSX"),
        (_zip("xl/workbook.xml"), "damaged XLSX"),
        (_zip("xl/workbook.bin"), "xlsb"),
        (_zip("deals.csv"), "zip archive"),
        (_parquet()[:-20], "damaged Parquet"),
        (b'[\n{"note": "a"}]', "one JSON list"),
        (b'{"note": "a"}\n{"note": \n', "line 2: broken JSON"),
        (b'{"note": "a"}\n[1]\n', "line 2: a JSON object is expected"),
        (b"Id,Note\n1,a\n2,b\0c\n", "line 3: a NUL byte"),
        (b"Id,Note\n1,a\n2,b,c\n", "row 3: 3 cells where the header has 2"),
        (b"Id,Note,Reason\n1,a,x\n2,b\n3,c\n", "row 3: 2 cells .* so do 1 more rows"),
        (b'Id,Note\n1,"a\n2,b\n', "row 2: a quoted cell"),
        (b'Id,Note\n1,"a" b\n', "row 2: a quoted cell"),
        ("Id,Note\n1,é\n2,è\n3,ê\n4,ü\n5,ö\n6,ä\n".encode() + b"7,\xe9\n", "line 8: broken UTF-8"),
        (b"Id,Note\n1,\x81\n", "neither UTF-8, UTF-16 nor cp1252"),
        (b"Id,What happened\n1,a\n", 'no note column .*--note COL. The file has "Id", "What hap'),
    ],
)
def test_bad_input_is_one_clear_error(data, message, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        read(data, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": {"note": "Loss Note"}}, "no column 'Loss Note'; did you mean \"Loss Notes\""),
        ({"columns": {"remark": "Loss Notes"}}, "a deal has no 'remark'"),
        ({"preset": "siebel"}, "no preset 'siebel'; there are salesforce"),
        ({"encoding": "utf-9"}, "no encoding named 'utf-9'"),
        ({"need": ("note", "industry")}, "no industry column .* --industry COL"),
    ],
)
def test_bad_options_are_one_clear_error(options, message, tmp_path):
    with pytest.raises(InputError, match=message):
        read(CLEAN, tmp_path, **options)


def test_wrong_encoding_names_the_line(tmp_path):
    with pytest.raises(InputError, match="line 2: not ascii text"):
        read("Id,Note\n1,é\n".encode(), tmp_path, encoding="ascii")


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        open_export(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        open_export(tmp_path)


@settings(deadline=None, max_examples=150)
@given(data=st.binary(max_size=300) | st.text(',;\t"\n\rab1é', max_size=80).map(str.encode))
@example(b'{"note": "a"}')
def test_any_bytes_are_read_or_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "export"
    path.write_bytes(data)
    try:
        export = open_export(path, need=())
    except InputError:
        return
    assert len(export.deals) == len(export.source) == len(export.rows) > 0


def test_a_clean_export_gives_no_warning(tmp_path):
    export = open_export(write(tmp_path / "clean.csv", clean_rows()))
    assert export.warnings == []
    assert list(export.source.columns) == list(HEADER)
