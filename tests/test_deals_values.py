"""Dates and amounts as exports write them."""

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossnlp.deals import open_export


def column(tmp_path, header, values, **options):
    """Return the values of one column of an export, read."""
    path = tmp_path / "export.tsv"
    rows = "".join(f"{i}\tnote\t{value}\n" for i, value in enumerate(values))
    path.write_text(f"Id\tNote\t{header}\n{rows}", encoding="utf-8")
    export = open_export(path, **options)
    return export.deals[{"Close Date": "close_date", "Amount": "amount"}[header]].tolist()


DAY = datetime.date(2026, 3, 31)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-31",
        "2026/3/31",
        "2026-03-31 14:05",
        "2026-03-31T14:05:09.000Z",
        "2026-03-31T14:05:09+0000",
        "3/31/2026",
        "03/31/26",
        "3/31/2026 9:14 AM",
        "03/31/2026, 9:14:00 p.m.",
        "31/03/2026",
        "31.3.2026",
        "31. 3. 2026",
        "31-03-2026 14:05",
        "31 Mar 2026",
        "31-Mar-26",
        "March 31, 2026",
        "Tuesday, March 31st, 2026",
    ],
)
def test_dates_in_the_forms_of_exports(text, tmp_path):
    assert column(tmp_path, "Close Date", [text]) == [DAY]


@pytest.mark.parametrize("text", ["", " ", "n/a", "31/31/2026", "2026-02-30", "46112", "Mar 2026"])
def test_what_is_no_date_is_none(text, tmp_path):
    assert column(tmp_path, "Close Date", ["2026-03-31", text]) == [DAY, None]


def test_dots_mean_day_first(tmp_path):
    assert column(tmp_path, "Close Date", ["03.04.2026"]) == [datetime.date(2026, 4, 3)]


DATES = st.lists(st.dates(datetime.date(2000, 1, 1), datetime.date(2099, 12, 31)), max_size=5)


@settings(deadline=None, max_examples=60)
@given(
    dates=DATES,
    late=st.dates(datetime.date(2026, 1, 13), datetime.date(2026, 1, 31)),
    form=st.sampled_from(["%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y-%m-%d", "%d-%m-%y"]),
)
def test_one_clear_date_settles_the_others(tmp_path_factory, dates, late, form):
    every = [*dates, late]
    texts = [date.strftime(form) for date in every]
    assert column(tmp_path_factory.mktemp("d"), "Close Date", texts) == every


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1200", 1200),
        ("1,234.56", 1234.56),
        ("1.234,56", 1234.56),
        ("1 234,56", 1234.56),
        ("1\u202f234,56 €", 1234.56),
        ("1'234.50", 1234.5),
        ("1,234", 1234),
        ("1.234", 1234),
        ("1.234.567", 1234567),
        ("12,34,567.80", 1234567.8),
        ("0.125", 0.125),
        ("12,5", 12.5),
        (".5", 0.5),
        ("$6,800.00", 6800),
        ("USD 6,800.00", 6800),
        ("6.800,00 EUR", 6800),
        ("R$ 1.500,00", 1500),
        ("kr. 1.500,00", 1500),
        ("(1,200.00)", -1200),
        ("($1,200)", -1200),
        ("-$5.00", -5),
        ("$-5.00", -5),
        ("5.00-", -5),
        ("−5", -5),
        ("1.2E+06", 1200000),
    ],
)
def test_amounts_in_the_forms_of_exports(text, amount, tmp_path):
    assert column(tmp_path, "Amount", [text]) == [amount]


@pytest.mark.parametrize("text", ["n/a", "about 5", "5k", "1.5M", "12 or 15", "1,2,3.4.5", "-"])
def test_what_is_no_amount_is_nan(text, tmp_path):
    value, read = column(tmp_path, "Amount", ["7", text])
    assert value == 7
    assert read != read


@settings(deadline=None, max_examples=60)
@given(
    cents=st.lists(st.integers(-(10**11), 10**11), min_size=1, max_size=5),
    european=st.booleans(),
    sign=st.sampled_from(["", "$", "€ ", "GBP "]),
    brackets=st.booleans(),
)
def test_amounts_of_one_convention_are_read_back(tmp_path_factory, cents, european, sign, brackets):
    def written(value):
        text = f"{abs(value) / 100:,.2f}"
        if european:
            text = text.translate(str.maketrans(",.", ".,"))
        minus = "-" if value < 0 else ""
        return f"({sign}{text})" if minus and brackets else f"{minus}{sign}{text}"

    amounts = column(tmp_path_factory.mktemp("a"), "Amount", [written(value) for value in cents])
    assert amounts == [value / 100 for value in cents]
