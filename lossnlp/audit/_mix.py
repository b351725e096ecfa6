"""The reasons as entered and as they would be if every label were right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lossnlp.audit._estimates import Cell, Estimates
from lossnlp.taxonomy import Crosswalk, Taxonomy

#: The share of deals under a catch-all value, which stands for no one code.
CATCH_ALL = "catch_all"
_NO_VALUE = "no value of its own"


def reason_mix(
    estimates: Estimates, entered: pd.Series, cell: Cell | None = None
) -> dict[str, Any]:
    """Return each code's share as entered and restated, by count and by amount.

    ``entered`` holds the code that each label stands for (the first, where it stands for
    several) or ``catch_all``.
    """
    inside = np.ones(len(entered), bool) if cell is None else cell
    codes = estimates.codes
    return {
        "as_entered": _shares(entered[inside], None, (*codes, CATCH_ALL)),
        "restated": {c: estimates.share((c,), cell).as_dict() for c in codes},
        "as_entered_by_amount": _shares(
            entered[inside], estimates.amount[inside], (*codes, CATCH_ALL)
        ),
        "restated_by_amount": {
            c: estimates.share((c,), cell, by_amount=True).as_dict() for c in codes
        },
    }


def value_mix(
    estimates: Estimates, values: pd.Series, crosswalk: Crosswalk
) -> list[dict[str, Any]]:
    """Return the mix in the company's own picklist values, by share as entered.

    A code counts under the value that would be set for it. ``rank`` and ``rank_restated`` say
    where the value stands, and ``moved`` whether its share as entered lies outside the interval.
    """
    homes: dict[str, list[str]] = {}
    for code in estimates.codes:
        homes.setdefault(crosswalk.value_for(code) or _NO_VALUE, []).append(code)
    for value in values.unique():
        homes.setdefault(str(value), [])
    counts = values.value_counts(normalize=True)
    rows: list[dict[str, Any]] = []
    for value, codes in homes.items():
        share = float(counts.get(value, 0.0))
        restated = estimates.share(tuple(codes))
        if share == 0 and not (restated.estimate or 0) > 0.0005:
            continue
        rows.append(
            {
                "value": value,
                "codes": codes,
                "as_entered": round(share, 4),
                "restated": restated.as_dict(),
                "by_amount": estimates.share(tuple(codes), by_amount=True).as_dict(),
                "as_entered_by_amount": _amount_share(values == value, estimates.amount),
                "moved": _outside(share, restated.low, restated.high),
            }
        )
    rows.sort(key=lambda row: (-row["as_entered"], row["value"]))
    by_truth = sorted(rows, key=lambda r: (-(r["restated"]["estimate"] or 0), r["value"]))
    ranks = {row["value"]: place for place, row in enumerate(by_truth, start=1)}
    return [
        {**row, "rank": place, "rank_restated": ranks[row["value"]]}
        for place, row in enumerate(rows, start=1)
    ]


def group_mix(estimates: Estimates, entered: pd.Series, taxonomy: Taxonomy) -> dict[str, Any]:
    """Return the share of each group of codes (competition, no decision …)."""
    groups: dict[str, list[str]] = {}
    for reason in taxonomy.reasons:
        groups.setdefault(reason.group, []).append(reason.code)
    return {
        group: {
            "name": taxonomy.groups[group],
            "as_entered": round(float(entered.isin(codes).mean()), 4),
            "restated": estimates.share(tuple(codes)).as_dict(),
        }
        for group, codes in groups.items()
    }


def drain(estimates: Estimates, catch_all: Cell) -> dict[str, Any]:
    """Say where the deals under a catch-all value belong: each code's expected share of them."""
    deals = int(catch_all.sum())
    if not deals:
        return {"deals": 0, "belongs": {}}
    shares = {c: estimates.share((c,), catch_all).as_dict() for c in estimates.codes}
    ordered = sorted(shares.items(), key=lambda item: -float(item[1]["estimate"] or 0))
    return {"deals": deals, "belongs": dict(ordered)}


def recycling(deals: pd.DataFrame) -> dict[str, Any]:
    """Count deals (and their amount) that can be won later, by the quarter to come back in."""
    table: dict[str, Any] = {}
    for verdict, rows in deals.groupby("recyclable", sort=True):
        when = rows["reengage_on"].map(quarter_of).replace("", "no date")
        table[str(verdict)] = {
            "deals": len(rows),
            "amount": round(float(rows["amount"].sum()), 2),
            "by_quarter": {str(q): int(n) for q, n in when.value_counts().sort_index().items()},
        }
    return table


def quarter_of(day: object) -> str:
    """Return the calendar quarter of a date or ISO text, such as 2026-Q1, or nothing."""
    text = str(day) if day is not None else ""
    if len(text) < 7 or not text[:4].isdigit():
        return ""
    return f"{text[:4]}-Q{(int(text[5:7]) + 2) // 3}"


def _shares(entered: pd.Series, amount: Any, codes: tuple[str, ...]) -> dict[str, float]:
    weight = np.ones(len(entered)) if amount is None else amount
    total = float(weight.sum()) or 1.0
    sums = pd.Series(weight, index=entered.to_numpy()).groupby(level=0).sum()
    return {code: round(float(sums.get(code, 0.0)) / total, 4) for code in codes}


def _amount_share(inside: pd.Series, amount: Any) -> float:
    total = float(amount.sum()) or 1.0
    return round(float(amount[inside.to_numpy()].sum()) / total, 4)


def _outside(share: float, low: float | None, high: float | None) -> bool:
    return low is not None and high is not None and not low <= share <= high
