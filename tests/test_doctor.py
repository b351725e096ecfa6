"""The export doctor: every fault by name, with its rows and a mend; nothing on a clean file."""

import re
from pathlib import Path

import pytest
from broken_exports import HEADER, broken_exports, clean_rows, write

from lossnlp._errors import InputError
from lossnlp.deals import diagnose

ROOT = Path(__file__).parents[1]


def test_a_clean_export_has_no_fault(tmp_path):
    assert diagnose(write(tmp_path / "clean.csv", clean_rows())) == []


@pytest.mark.parametrize("kind", broken_exports())
def test_each_fault_is_named_with_its_rows_and_a_mend(kind, tmp_path):
    data, rows = broken_exports()[kind]
    path = tmp_path / f"{kind}.csv"
    path.write_bytes(data)
    faults = {fault.kind: fault for fault in diagnose(path)}
    assert kind in faults
    assert faults[kind].mend
    assert faults[kind].message
    if rows is not None:
        assert faults[kind].rows == rows


# A file that is broken in one way has that fault and no other, but for those that it implies.
IMPLIED = {
    "wrong_separator": {"no_note_column", "no_label_column", "no_id_column"},
    "ragged_rows": {"unreadable_dates", "unreadable_amounts"},
}


@pytest.mark.parametrize("kind", broken_exports())
def test_no_other_fault_is_claimed(kind, tmp_path):
    path = tmp_path / f"{kind}.csv"
    path.write_bytes(broken_exports()[kind][0])
    assert {fault.kind for fault in diagnose(path)} - IMPLIED.get(kind, set()) == {kind}


def test_both_example_exports_have_only_what_they_have():
    salesforce = diagnose(ROOT / "examples/closed_lost_fy26_salesforce.csv")
    hubspot = diagnose(ROOT / "examples/closed_lost_fy26_hubspot.csv")
    assert [fault.kind for fault in salesforce] == ["footer", "empty_notes"]
    assert [fault.kind for fault in hubspot] == ["empty_notes"]
    assert salesforce[1].rows == hubspot[0].rows
    assert salesforce[0].rows == (603, 604, 605, 606)


def test_won_deals_need_no_loss_reason(tmp_path):
    rows = [[*row, "Closed Lost"] for row in clean_rows()]
    rows[4] = ["0065f00000AbC99", "", "", "", "", "Closed Won"]
    faults = diagnose(write(tmp_path / "won.csv", rows, (*HEADER, "Stage")))
    assert [(fault.kind, fault.rows) for fault in faults] == [("not_lost", (6,))]


def test_the_guide_lists_every_fault():
    guide = (ROOT / "docs/exports.md").read_text(encoding="utf-8")
    assert [kind for kind in broken_exports() if f"`{kind}`" not in guide] == []


def test_long_texts_of_many_lengths_are_not_called_cut(tmp_path):
    rows = clean_rows()
    for i, row in enumerate(rows):
        row[1] = "x" * (240 + i)
    assert diagnose(write(tmp_path / "long.csv", rows)) == []


def test_ambiguous_dates_are_no_fault_once_the_order_is_told(tmp_path):
    rows = [[*row[:3], "03/04/2026", row[4]] for row in clean_rows()]
    path = write(tmp_path / "dates.csv", rows)
    assert [fault.kind for fault in diagnose(path)] == ["ambiguous_dates"]
    assert diagnose(path, date_order="dmy") == []


def test_a_column_named_by_the_user_is_examined(tmp_path):
    header = ("Key", "What happened", "Why", *HEADER[3:])
    path = write(tmp_path / "own.csv", clean_rows(), header)
    assert diagnose(path, columns={"id": "Key", "note": "What happened", "label": "Why"}) == []


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02" * 500, b"PK\x03\x04broken"])
def test_what_is_no_table_cannot_be_diagnosed(data, tmp_path):
    path = tmp_path / "bad.csv"
    path.write_bytes(data)
    with pytest.raises(InputError, match=re.escape(str(path))):
        diagnose(path)
