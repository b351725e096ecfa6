"""When to come back: the phrase table, and the words found in notes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossnlp.deals import Deal, Snippet
from lossnlp.text import Revisit, TextReader, window_of

CLOSED = date(2025, 10, 15)

#: Phrase, first day, last day; closed on 15 October 2025, fiscal year from January.
PHRASES = """
Q1 FY26                                      | 2026-01-01 | 2026-03-31
Q4                                           | 2026-10-01 | 2026-12-31
q3                                           | 2026-07-01 | 2026-09-30
H2                                           | 2026-07-01 | 2026-12-31
H1 FY27                                      | 2027-01-01 | 2027-06-30
next quarter                                 | 2026-01-01 | 2026-03-31
Q1 2027                                      | 2027-01-01 | 2027-03-31
Q1 27                                        | 2027-01-01 | 2027-03-31
Q4 '26                                       | 2026-10-01 | 2026-12-31
Q2 next year                                 | 2026-04-01 | 2026-06-30
second half of next year                     | 2026-07-01 | 2026-12-31
the second half                              | 2026-07-01 | 2026-12-31
Twenty-six, second half                      | 2026-07-01 | 2026-12-31
FY27                                         | 2027-01-01 | 2027-12-31
some time in FY27                            | 2027-01-01 | 2027-12-31
next FY                                      | 2026-01-01 | 2026-12-31
NXT FY                                       | 2026-01-01 | 2026-12-31
next fiscal year                             | 2026-01-01 | 2026-12-31
the new FY in April                          | 2026-04-01 | 2026-04-30
next year                                    | 2026-01-01 | 2026-12-31
next month                                   | 2025-11-01 | 2025-11-30
next week                                    | 2025-10-20 | 2025-10-26
2027                                         | 2027-01-01 | 2027-12-31
thru 2026                                    | 2027-01-01 | 2027-01-30
twenty twenty seven                          | 2027-01-01 | 2027-12-31
early 2027                                   | 2027-01-01 | 2027-05-01
March twenty-nine                            | 2029-03-01 | 2029-03-31
spring of twenty eight                       | 2028-03-01 | 2028-05-31
until the thirty-first of March twenty-eight | 2028-03-31 | 2028-03-31
in 6 months                                  | 2026-04-15 | 2026-05-14
in 6 mos                                     | 2026-04-15 | 2026-05-14
in 2-3 months                                | 2025-12-15 | 2026-02-14
in a year                                    | 2026-10-15 | 2026-11-14
leave it for a year                          | 2026-10-15 | 2026-11-14
12 mo wait                                   | 2026-10-15 | 2026-11-14
two quarters                                 | 2026-04-15 | 2026-05-14
six months to the right                      | 2026-04-15 | 2026-05-14
couple of weeks                              | 2025-10-29 | 2025-11-04
in 10 days                                   | 2025-10-25 | 2025-10-25
after their renewal in March                 | 2026-04-01 | 2026-04-30
thru Dec 2026                                | 2027-01-01 | 2027-01-30
thru Dec                                     | 2026-01-01 | 2026-01-30
until March 2027                             | 2027-03-01 | 2027-03-31
til Nov 27                                   | 2027-11-01 | 2027-11-30
til aug 28                                   | 2028-08-01 | 2028-08-31
on Nov 27                                    | 2025-11-27 | 2025-11-27
Dec'26                                       | 2026-12-01 | 2026-12-31
March '28                                    | 2028-03-01 | 2028-03-31
Sept '26                                     | 2026-09-01 | 2026-09-30
to 06/2027                                   | 2027-06-01 | 2027-06-30
til 31/03/27                                 | 2027-03-31 | 2027-03-31
2027-03-01                                   | 2027-03-01 | 2027-03-01
1 Feb 2028                                   | 2028-02-01 | 2028-02-01
31 Jan 2028                                  | 2028-01-31 | 2028-01-31
July 1                                       | 2026-07-01 | 2026-07-01
15 Jan                                       | 2026-01-15 | 2026-01-15
30 June                                      | 2026-06-30 | 2026-06-30
2 Sept for the next round                    | 2026-09-02 | 2026-09-02
mid-January                                  | 2026-01-11 | 2026-01-21
mid-May                                      | 2026-05-11 | 2026-05-21
early December when the notice window opens  | 2025-12-01 | 2025-12-10
end of November                              | 2025-11-21 | 2025-11-30
end of January                               | 2026-01-22 | 2026-01-31
end of October                               | 2025-10-22 | 2025-10-31
first week of July                           | 2026-07-01 | 2026-07-07
2nd wk of April                              | 2026-04-08 | 2026-04-14
in the second week of September              | 2026-09-08 | 2026-09-14
January                                      | 2026-01-01 | 2026-01-31
in September                                 | 2026-09-01 | 2026-09-30
next May                                     | 2026-05-01 | 2026-05-31
next October                                 | 2026-10-01 | 2026-10-31
Feb/March                                    | 2026-02-01 | 2026-03-31
Okt                                          | 2026-10-01 | 2026-10-31
after June                                   | 2026-07-01 | 2026-07-30
not before the October reforecast            | 2026-10-01 | 2026-10-31
till Feb board                               | 2026-02-01 | 2026-02-28
when the FY27 round opens in Nov             | 2025-11-01 | 2025-11-30
3 months before June                         | 2026-03-01 | 2026-03-31
in spring                                    | 2026-03-01 | 2026-05-31
spring '27                                   | 2027-03-01 | 2027-05-31
autumn next year                             | 2026-09-01 | 2026-11-30
the summer of twenty seven                   | 2027-06-01 | 2027-08-31
summer                                       | 2026-06-01 | 2026-08-31
after the summer 2026                        | 2026-09-01 | 2026-09-30
til fall                                     | 2026-09-01 | 2026-11-30
till winter                                  | 2025-12-01 | 2026-02-28
after Easter                                 | 2026-04-07 | 2026-05-06
Michaelmas                                   | 2026-09-29 | 2026-09-29
after Whitsun                                | 2026-05-26 | 2026-06-24
fiscal 2030                                  | 2030-01-01 | 2030-12-31
fiscal '27                                   | 2027-01-01 | 2027-12-31
the end of '28                               | 2028-09-01 | 2028-12-31
around Easter                                | 2026-04-03 | 2026-04-06
until Christmas                              | 2025-12-24 | 2025-12-26
after Ramadan                                | 2026-03-20 | 2026-04-18
after Thanksgiving                           | 2025-11-28 | 2025-12-27
new year                                     | 2026-01-01 | 2026-01-01
after year end close                         | 2026-01-01 | 2026-01-30
until week 40                                | 2026-09-28 | 2026-10-04
week 40                                      | 2026-09-28 | 2026-10-04
"""

#: The same with the fiscal year from October: FY26 runs from October 2025 to September 2026.
FISCAL_PHRASES = """
FY27                                         | 2026-10-01 | 2027-09-30
next FY                                      | 2026-10-01 | 2027-09-30
Q2 FY26                                      | 2026-01-01 | 2026-03-31
Q1 FY27                                      | 2026-10-01 | 2026-12-31
Q3                                           | 2026-04-01 | 2026-06-30
H2                                           | 2026-04-01 | 2026-09-30
next quarter                                 | 2026-01-01 | 2026-03-31
Q1 2027                                      | 2027-01-01 | 2027-03-31
"""

REFUSED = [
    ("FY24", "not after the close date"),
    ("March 2024", "not after the close date"),
    ("1 Feb 2025", "not after the close date"),
    ("the 31st of February 2027", "no such day"),
    ("13/2027", "no month 13"),
    ("03/04/27", "one day in Europe and another in the US"),
    ("week 60", "no 'week 60'"),
    ("the next raise", "no date in 'the next raise'"),
    ("Dussehra", "not in the table"),
    ("in 40 years", "more than 10 years"),
    ("2040", "more than 10 years"),
    ("Ramadan 2035", "not in the table"),
    ("when the lease goes", "no date in"),
    ("after harvest", "no date in"),
    ("if you ever build one", "no date in"),
]


def _table(text: str) -> list[tuple[str, date, date]]:
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    return [(words, date.fromisoformat(a), date.fromisoformat(b)) for words, a, b in rows]


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return TextReader()


def _revisit(reader: TextReader, note: str, *snippets: Snippet) -> Revisit | None:
    return reader.read([Deal(note, snippets, close_date=CLOSED)])[0].revisit


@pytest.mark.parametrize(("words", "first", "last"), _table(PHRASES))
def test_windows(words: str, first: date, last: date) -> None:
    window = window_of(words, CLOSED)
    assert (window.earliest, window.latest, window.refused) == (first, last, None)


@pytest.mark.parametrize(("words", "first", "last"), _table(FISCAL_PHRASES))
def test_windows_of_a_fiscal_year_from_october(words: str, first: date, last: date) -> None:
    window = window_of(words, CLOSED, fiscal_year_start=10)
    assert (window.earliest, window.latest) == (first, last)


@pytest.mark.parametrize(("words", "why"), REFUSED)
def test_what_is_refused(words: str, why: str) -> None:
    window = window_of(words, CLOSED)
    assert why in str(window.refused)
    assert (window.earliest, window.latest, window.act_on) == (None, None, None)


def test_a_window_that_has_begun_starts_after_the_close() -> None:
    window = window_of("October 2025", CLOSED)
    assert (window.earliest, window.latest) == (date(2025, 10, 16), date(2025, 10, 31))


def test_nobody_is_called_on_a_weekend() -> None:
    assert window_of("in spring", CLOSED).act_on == date(2026, 3, 2)  # 1 March 2026 is a Sunday


def test_without_a_close_date_only_full_dates_stand() -> None:
    assert window_of("June 2027", None).earliest == date(2027, 6, 1)
    assert "counts from the close date" in str(window_of("in 6 months", None).refused)


#: Words that together make any phrase about time, sensible or not.
_WORDS = (
    "until after before in the next end of mid early Q3 H2 FY27 week 40 6 months two quarters 31 "
    "27 March '28 2027 12/13/27 spring year Easter Ramadan second half twenty seven thirty-first a"
)
PIECES = st.lists(st.sampled_from(_WORDS.split()), max_size=6).map(" ".join)


@settings(deadline=None, max_examples=300)
@given(
    st.text(max_size=40)
    | PIECES
    | st.sampled_from(["Q9 FY99", "99/99/2027", "0 months", "the 99th of May", "in 999 years"]),
    st.dates(min_value=date(1990, 1, 1), max_value=date(2090, 12, 31)),
    st.integers(1, 12),
)
def test_any_words_give_a_window_or_a_reason(words: str, closed: date, start: int) -> None:
    window = window_of(words, closed, start)
    if window.refused is None:
        assert window.earliest is not None
        assert window.latest is not None
        assert window.act_on is not None
        assert closed < window.earliest <= window.act_on <= window.latest
    else:
        assert window.act_on is None


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("tied to Verizon Connect thru Dec 2026", "thru Dec 2026"),
        ("Parked. Ping again after Easter.", "after Easter"),
        ("pushed to FY27", "to FY27"),
        ("funds ringfenced, call her in january", "in january"),
        ("on ice til the new DC opens", "til the new DC opens"),
        ("<p>no budget, talk again <b>in&nbsp;6 months</b></p>", "in&nbsp;6 months"),
    ],
)
def test_words_found(reader: TextReader, note: str, expected: str) -> None:
    found = _revisit(reader, note)
    assert found is not None
    assert found.text == expected == note[found.start : found.end]


@pytest.mark.parametrize(
    "note",
    [
        "champion left in March",
        "demo in June went well, then silence since July",
        "too expensive, 14 months of payback",
        "went live with Workday in Q3",
        "",
    ],
)
def test_no_words_found(reader: TextReader, note: str) -> None:
    assert _revisit(reader, note) is None


def test_the_buyers_words_are_found_in_a_snippet(reader: TextReader) -> None:
    found = _revisit(reader, "gone quiet", Snippet("buyer", "Not now. Ring me in June."))
    assert found is not None
    assert (found.source, found.earliest) == ("snippet:0", date(2026, 6, 1))
