"""Whether and when to come back to a lost deal, and why: one line for the rep who inherits it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from lossnlp.deals import Deal
from lossnlp.taxonomy import Reason
from lossnlp.text._calendar import fiscal_year, fiscal_year_of, next_weekday
from lossnlp.text._signals import Revisit, Signals

#: A contract whose end is unknown is taken to run a year from the close.
_USUAL_TERM = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Reengagement:
    """What to do with a lost deal.

    Attributes
    ----------
    recyclable : str
        ``never``, ``on_condition`` or ``yes``, by the taxonomy's policy.
    reengage_on : date or None
        The day on which to get in touch.
    why : str
        The reason for both, in one line.
    """

    recyclable: str
    reengage_on: date | None
    why: str


class ReengagementRow(NamedTuple):
    """One row of reengage.csv."""

    account: str
    owner: str
    date: date
    reason: str
    opening_line: str
    id: str
    amount: float | None
    why: str


def reengage(
    reason: Reason,
    signals: Signals,
    close_date: date | None,
    fiscal_year_start: int = 1,
    *,
    stage: str | None = None,
    amount: float | None = None,
) -> Reengagement:
    """Decide whether and when to come back to a lost deal.

    A date that the text states beats the policy of the taxonomy; a policy of ``never`` beats both.

    Parameters
    ----------
    reason : Reason
        The primary reason, with the taxonomy's policy.
    signals : Signals
        What the text says besides.
    close_date : date or None
        The day on which the deal was closed; without it the policy gives no date.
    fiscal_year_start : int
        The month, 1 to 12, in which the buyer's fiscal year begins.
    stage, amount
        Where the deal was lost and what it was worth: told in ``why``.
    """
    if reason.recyclable == "never":
        return Reengagement("never", None, f"{reason.name}: not to be approached again")
    worth = _worth(stage, amount)
    revisit = signals.revisit
    if revisit is not None and revisit.act_on is not None:
        why = f"the text says {_quoted(revisit.text)}{worth}"
        return Reengagement(reason.recyclable, _before_end(reason, revisit, close_date), why)
    stated = f"; the text says {_quoted(revisit.text)}, without a day" if revisit else ""
    day, policy = _by_policy(reason, close_date, fiscal_year_start)
    return Reengagement(reason.recyclable, day, f"{reason.name}: {policy}{stated}{worth}")


def _before_end(reason: Reason, revisit: Revisit, close_date: date | None) -> date | None:
    """Come before a contract ends, where the policy says so; else on the stated day."""
    if reason.reengage.kind != "before_renewal" or revisit.act_on is None:
        return revisit.act_on
    day = revisit.act_on - timedelta(days=reason.reengage.days or 0)
    return next_weekday(day) if close_date is None or day > close_date else revisit.act_on


def _by_policy(reason: Reason, close_date: date | None, start: int) -> tuple[date | None, str]:
    policy = reason.reengage
    if policy.kind == "never":
        return None, "no date by policy"
    if close_date is None:
        return None, "no close date to count from"
    if policy.kind == "next_fiscal_year":
        day = fiscal_year(fiscal_year_of(close_date, start) + 1, start).first
        return next_weekday(day), "start of the next fiscal year"
    days = policy.days or 0
    if policy.kind == "before_renewal":
        day = close_date + _USUAL_TERM - timedelta(days=days)
        return next_weekday(day), f"{days} days before a one-year term is up"
    return next_weekday(close_date + timedelta(days=days)), f"{days} days after the close"


def _worth(stage: str | None, amount: float | None) -> str:
    parts = [f"lost in {stage}" if stage else "", f"worth {amount:,.0f}" if amount else ""]
    told = ", ".join(part for part in parts if part)
    return f" ({told})" if told else ""


def _quoted(text: str) -> str:
    return "“" + " ".join(text.split()) + "”"


def reengagement_rows(
    deals: Iterable[tuple[Deal, Reason, Signals, str]], fiscal_year_start: int = 1
) -> list[ReengagementRow]:
    """Return the rows of reengage.csv, earliest first, the larger deal first on one day.

    Parameters
    ----------
    deals : iterable of (Deal, Reason, Signals, str)
        Each deal with its primary reason, its signals and the evidence for the reason (may be
        empty). Deals without a day to come back are left out.
    fiscal_year_start : int
        The month in which the fiscal year begins.
    """
    rows = []
    for deal, reason, signals, evidence in deals:
        again = reengage(
            reason,
            signals,
            deal.close_date,
            fiscal_year_start,
            stage=deal.stage,
            amount=deal.amount,
        )
        if again.reengage_on is not None:
            rows.append(
                ReengagementRow(
                    account=deal.account or "",
                    owner=deal.owner or "",
                    date=again.reengage_on,
                    reason=reason.code,
                    opening_line=opening_line(reason, signals, evidence),
                    id=deal.id,
                    amount=deal.amount,
                    why=again.why,
                )
            )
    return sorted(rows, key=lambda row: (row.date, -(row.amount or 0.0), row.id))


def opening_line(reason: Reason, signals: Signals, evidence: str) -> str:
    """Return a first sentence for the rep, made of the words that carried the reason.

    They may be the buyer's or an earlier rep's, so nobody is said to have said them.
    """
    said = (
        f"Last time it came down to {_quoted(evidence)}"
        if evidence.strip()
        else "Last time it did not work out"
    )
    rival = next(
        (c.name for c in signals.competitors if c.role in ("chosen", "in_use", "under_contract")),
        None,
    )
    if signals.revisit is not None:
        return f"{said}, to be looked at again {_quoted(signals.revisit.text)}: is now a good time?"
    if rival is not None:
        return f"{said}: how is it going with {rival}?"
    return f"{said}: what has changed since?"
