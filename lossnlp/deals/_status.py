"""Which rows of an export are not lost deals: those that it says are won or still open."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lossnlp.deals._columns import normal

_STATUS_COLUMNS = {"stage", "stage name", "deal stage", "dealstage", "status", "deal status"}
_FLAGS = {"is won": "won", "iswon": "won", "is closed won": "won", "hs is closed won": "won"}
_LOST = re.compile(
    r"\blost\b|closed ?lost|out-?sold|cancell?ed|(dis|un|not )qualified|duplicate|\bdead\b",
    re.IGNORECASE,
)
_WON = re.compile(r"\b(closed[ -]?)?won\b|closedwon", re.IGNORECASE)
_OPEN = re.compile(
    r"\b(open|in progress|on hold|prospect|qualif|discover|demo|evaluat|analysis|proposal|quote|"
    r"negotiat|legal|contract sent|appointment|presentation|pilot|trial|decision maker|commit)",
    re.IGNORECASE,
)
_TRUE = {"true", "1", "yes", "wahr", "y"}


def not_lost(columns: Sequence[str], cells: Sequence[Sequence[str]]) -> dict[int, str]:
    """Return the index of each row that is no lost deal, with ``won`` or ``open``.

    A stage counts as open only in a column that calls other deals lost; in a column of stages at
    loss (``Negotiation``) every deal is lost.
    """
    found: dict[int, str] = {}
    for column, values in zip(columns, cells, strict=True):
        name = normal(column)
        if name in _FLAGS:
            found |= {i: "won" for i, v in enumerate(values) if v.strip().casefold() in _TRUE}
        elif name in _STATUS_COLUMNS:
            kinds = {value: _kind(value) for value in set(values)}
            takes_open = "lost" in kinds.values()
            for i, value in enumerate(values):
                kind = kinds[value]
                if kind == "won" or (kind == "open" and takes_open):
                    found.setdefault(i, kind)
    return found


def says_only_lost(values: Sequence[str]) -> bool:
    """Tell whether a stage column says no more than that the deals were lost."""
    return all(_kind(value) in ("lost", "") for value in set(values))


def _kind(value: str) -> str:
    """Return ``lost``, ``won``, ``open``, ``""`` for a blank cell, or ``other``."""
    if not value.strip():
        return ""
    for kind, words in (("lost", _LOST), ("won", _WON), ("open", _OPEN)):
        if words.search(value):
            return kind
    return "other"
