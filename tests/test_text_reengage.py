"""Whether and when to come back, and the rows of reengage.csv."""

from __future__ import annotations

from datetime import date

import pytest

from lossnlp.deals import Deal
from lossnlp.taxonomy import Taxonomy
from lossnlp.text import (
    Competitor,
    Revisit,
    Signals,
    opening_line,
    reengage,
    reengagement_rows,
)

CLOSED = date(2025, 10, 15)
TAXONOMY = Taxonomy.default()
IN_MARCH = Revisit("in March", "note", 0, 8, date(2026, 3, 1), date(2026, 3, 31), date(2026, 3, 2))
AT_AN_EVENT = Revisit("after harvest", "note", 0, 13, refused="no date in 'after harvest'")


def test_a_stated_date_beats_the_policy() -> None:
    again = reengage(TAXONOMY.reason("timing"), Signals(revisit=IN_MARCH), CLOSED)
    assert again.reengage_on == date(2026, 3, 2)
    assert "in March" in again.why


def test_an_event_leaves_the_day_to_the_policy_and_is_told() -> None:
    again = reengage(TAXONOMY.reason("price"), Signals(revisit=AT_AN_EVENT), CLOSED)
    assert again.reengage_on is not None
    assert "“after harvest”, without a day" in again.why


def test_no_budget_waits_for_the_fiscal_year() -> None:
    reason = TAXONOMY.reason("budget")
    assert reason.reengage.kind == "next_fiscal_year"
    assert reengage(reason, Signals(), CLOSED, 4).reengage_on == date(2026, 4, 1)
    assert reengage(reason, Signals(), CLOSED, 1).reengage_on == date(2026, 1, 1)


def test_a_rivals_contract_is_met_before_it_ends() -> None:
    reason = TAXONOMY.reason("competitor")
    assert (reason.reengage.kind, reason.reengage.days) == ("before_renewal", 90)
    until = Revisit(
        "til Dec 26", "note", 0, 10, date(2026, 12, 1), date(2026, 12, 31), date(2026, 12, 1)
    )
    assert reengage(reason, Signals(revisit=until), CLOSED).reengage_on == date(2026, 9, 2)
    assert reengage(reason, Signals(), CLOSED).reengage_on == date(2026, 7, 17)


def test_days_count_from_the_close() -> None:
    reason = TAXONOMY.reason("price")
    assert (reason.reengage.kind, reason.reengage.days) == ("days", 180)
    assert reengage(reason, Signals(), CLOSED).reengage_on == date(2026, 4, 13)


def test_without_a_close_date_there_is_no_day() -> None:
    again = reengage(TAXONOMY.reason("price"), Signals(), None)
    assert again.reengage_on is None
    assert "no close date" in again.why


def test_what_is_never_recycled_has_no_day_even_if_the_text_names_one() -> None:
    again = reengage(TAXONOMY.reason("invalid_record"), Signals(revisit=IN_MARCH), CLOSED)
    assert (again.recyclable, again.reengage_on) == ("never", None)


@pytest.mark.parametrize("code", TAXONOMY.codes)
def test_every_reason_has_one_line_of_why(code: str) -> None:
    reason = TAXONOMY.reason(code)
    again = reengage(reason, Signals(), CLOSED, stage="demo", amount=1200.0)
    assert again.recyclable == reason.recyclable
    assert again.why
    assert "\n" not in again.why


def test_rows_are_in_order_of_day_and_worth() -> None:
    timing, invalid = TAXONOMY.reason("timing"), TAXONOMY.reason("invalid_record")
    small = Deal("…", id="1", account="A", owner="Kim", close_date=CLOSED, amount=10.0)
    large = Deal("…", id="2", account="B", owner="Lee", close_date=CLOSED, amount=900.0)
    earlier = Deal("…", id="3", close_date=date(2025, 1, 15))
    said = Signals(revisit=IN_MARCH)
    rows = reengagement_rows(
        [
            (small, timing, said, "freeze"),
            (large, timing, said, "freeze"),
            (earlier, timing, Signals(), ""),
            (small, invalid, said, "dup"),
        ]
    )
    assert [row.id for row in rows] == ["3", "2", "1"]
    assert (rows[1].account, rows[1].owner, rows[1].reason) == ("B", "Lee", "timing")
    assert "worth 900" in rows[1].why


def test_the_opening_line_uses_the_buyers_words() -> None:
    reason = TAXONOMY.reason("competitor")
    rival = Competitor("workday", "Workday", "chosen", "note", 0, 7)
    line = opening_line(reason, Signals(competitors=(rival,)), "half the price")
    assert line == "Last time it came down to “half the price”: how is it going with workday?"
    assert "in March" in opening_line(reason, Signals(revisit=IN_MARCH), "")
    assert opening_line(reason, Signals(), "").endswith("what has changed since?")
