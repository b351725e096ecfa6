"""When to go back to a buyer: what the note says, else what the taxonomy advises."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from lossnlp.text._signals import Signals

if TYPE_CHECKING:
    from lossnlp.taxonomy import Reason

_RENEWAL = timedelta(days=365)  # a contract with the chosen vendor is taken to run for a year


@dataclass(frozen=True, slots=True)
class Reengagement:
    """Whether and when to go back to a buyer.

    Attributes
    ----------
    recyclable : str
        ``never``, ``on_condition`` or ``yes``.
    reengage_on : date or None
        The day; None where it is never, or the close date is not known.
    why : str
        One line that says where the day comes from.
    """

    recyclable: str
    reengage_on: date | None
    why: str


def reengage(
    reason: Reason, signals: Signals, close_date: date | None, fiscal_year_start: int = 1
) -> Reengagement:
    """Return whether and when to go back to a buyer lost for a reason.

    Parameters
    ----------
    reason : Reason
        The deciding reason, with the taxonomy's policy.
    signals : Signals
        What the text says; a date that it names goes before the policy.
    close_date : date or None
        The day on which the deal was closed.
    fiscal_year_start : int
        The month in which the fiscal year begins, 1 to 12.
    """
    if reason.recyclable == "never" or reason.reengage.kind == "never":
        return Reengagement("never", None, f"{reason.name} is not worked again")
    revisit = signals.revisit
    if revisit is not None and revisit.act_on is not None:
        return Reengagement(reason.recyclable, revisit.act_on, f"the text says “{revisit.text}”")
    if close_date is None:
        return Reengagement(reason.recyclable, None, "no close date to count from")
    day, why = _policy(reason, close_date, fiscal_year_start)
    return Reengagement(reason.recyclable, day, f"{reason.name}: {why}")


def _policy(reason: Reason, close_date: date, fiscal_year_start: int) -> tuple[date, str]:
    days = reason.reengage.days or 0
    if reason.reengage.kind == "next_fiscal_year":
        year = close_date.year + (close_date.month >= fiscal_year_start)
        return date(year, fiscal_year_start, 1), "the next fiscal year"
    if reason.reengage.kind == "before_renewal":
        day = close_date + _RENEWAL - timedelta(days=days)
        return day, f"{days} days before a contract of one year renews"
    return close_date + timedelta(days=days), f"{days} days after the close"
