"""Tables of deals as deal objects."""

import datetime
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from lossnlp._errors import InputError
from lossnlp.deals import Deal, Snippet, deals_of, read_deals

FULL = Deal(
    note="too dear",
    snippets=(Snippet("buyer", "no"), Snippet("rep", "why?")),
    id="A1",
    label="Price",
    stage="demo",
    owner="Sam",
    account="Acme",
    close_date=datetime.date(2026, 3, 31),
    amount=5.0,
    segment="SMB",
    industry="retail",
)


def row_of(deal):
    """Return a deal as a row of a table."""
    row = {name: getattr(deal, name) for name in deal.__slots__}
    return row | {"snippets": [{"speaker": s.speaker, "text": s.text} for s in deal.snippets]}


def test_a_table_and_its_deals_say_the_same():
    assert deals_of(pd.DataFrame([row_of(FULL)])) == [FULL]


def test_missing_values_of_every_kind_are_none():
    for missing in (None, np.nan, pd.NA, pd.NaT, np.float32("nan")):
        frame = pd.DataFrame({name: pd.Series([missing], dtype=object) for name in FULL.__slots__})
        assert deals_of(frame) == [Deal(note="")]


def test_other_columns_are_ignored_and_only_the_note_is_needed():
    assert deals_of(pd.DataFrame({"note": ["x"], "colour": [1]})) == [Deal(note="x")]


def test_snippets_may_be_objects_or_a_cell():
    frame = pd.DataFrame({"note": ["x"] * 2, "snippets": [(Snippet("rep", "a"),), "Buyer: b"]})
    assert [deal.snippets for deal in deals_of(frame)] == [
        (Snippet("rep", "a"),),
        (Snippet("buyer", "b"),),
    ]


def test_dates_may_be_timestamps_or_iso_text():
    frame = pd.DataFrame({"note": ["x"] * 3, "close_date": ["2026-03-31", "", "2026-03-31T10:00"]})
    day = datetime.date(2026, 3, 31)
    assert [deal.close_date for deal in deals_of(frame)] == [day, None, day]
    stamps = pd.DataFrame({"note": ["x"], "close_date": pd.to_datetime(["2026-03-31"])})
    assert deals_of(stamps)[0].close_date == day


def test_numbers_as_ids_become_text():
    frame = pd.DataFrame({"note": ["x"], "id": [11000000000]})
    assert deals_of(frame)[0].id == "11000000000"


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("note", 3.5, "row 1 of the table, column 'note': text is expected, not float"),
        ("label", ["Price"], "column 'label': text is expected, not list"),
        ("amount", "lots", "column 'amount'"),
        ("close_date", 5, "column 'close_date': a date is expected, not int"),
        ("close_date", "31.3.2026", "column 'close_date'"),
        ("snippets", [{"speaker": "buyer"}], "column 'snippets': entry 1"),
        ("snippets", 7, "column 'snippets'"),
    ],
)
def test_wrong_types_name_row_and_column(column, value, message):
    frame = pd.DataFrame({"note": ["x", "y"], column: pd.Series([None, value], dtype=object)})
    with pytest.raises(InputError, match=message):
        deals_of(frame)


def test_a_table_without_notes_is_refused():
    with pytest.raises(InputError, match="no column 'note'"):
        deals_of(pd.DataFrame({"text": ["x"]}))


def test_deals_of_an_export(tmp_path):
    (tmp_path / "deals.csv").write_text("Id,Note,Amount,Close Date\n1,x,,\n2,,5,2026-03-31\n")
    assert deals_of(read_deals(tmp_path / "deals.csv")) == [
        Deal(note="x", id="1"),
        Deal(note="", id="2", amount=5.0, close_date=datetime.date(2026, 3, 31)),
    ]


def test_what_a_deal_is_loads_without_pandas():
    code = "import sys, lossnlp.deals as d; d.Deal, d.Snippet; sys.exit('pandas' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
