"""Dates as exports write them: ISO, US, European, and with the month's name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

DateOrder = Literal["mdy", "dmy"]

_TIME = (
    r"(?:[T ,]+\d{1,2}[:.]\d{2}(?:[:.]\d{2}(?:\.\d+)?)?"
    r"\s*(?:[AaPp]\.?[Mm]\.?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?)?"
)
_ISO = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}")
_NUMERIC = re.compile(rf"(\d{{1,2}})([-/.])\s?(\d{{1,2}})\2\s?(\d{{4}}|\d{{2}}){_TIME}")
_NAMED = re.compile(
    r"(?:[A-Za-z]{3,9},? )?"
    r"(?:(\d{1,2})[-. ]+([A-Za-z]{3,9})|([A-Za-z]{3,9})[. ]+(\d{1,2})(?:st|nd|rd|th)?)"
    rf"[-., ]+(\d{{4}}|\d{{2}}){_TIME}"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


@dataclass
class OrderEvidence:
    """What the dates of a column say about their order: row numbers by kind."""

    mdy: list[int] = field(default_factory=list)
    dmy: list[int] = field(default_factory=list)
    either: list[int] = field(default_factory=list)

    @property
    def mixed(self) -> bool:
        """Whether some dates can only be month first and others only day first."""
        return bool(self.mdy and self.dmy)

    @property
    def order(self) -> DateOrder | None:
        """The only order that every date of the column allows, if there is one."""
        if self.mixed or not (self.mdy or self.dmy):
            return None
        return "mdy" if self.mdy else "dmy"


def order_evidence(values: Iterable[str], rows: Iterable[int]) -> OrderEvidence:
    """Sort the numeric dates of a column by the order that they can be read in.

    A date such as 03/03/2026 is the same in both orders and counts for none. Dots
    (31.12.2026) are read day first: no month-first country writes them.
    """
    evidence = OrderEvidence()
    for value, row in zip(values, rows, strict=True):
        match = _NUMERIC.fullmatch(value.strip())
        if not match:
            continue
        first, second = int(match.group(1)), int(match.group(3))
        if match.group(2) == "." or first > 12:
            evidence.dmy.append(row)
        elif second > 12:
            evidence.mdy.append(row)
        elif first != second:
            evidence.either.append(row)
    return evidence


def parse_date(value: str, order: DateOrder | None) -> date | None:
    """Return the date that a cell holds, or None when it holds none.

    ``order`` is needed for numeric dates whose year comes last and whose parts differ; a time of
    day and its zone are left out, so the date is the one written.
    """
    text = value.strip()
    if match := _ISO.fullmatch(text):
        return _date(int(match.group(1)), int(match.group(2)), int(match.group(3)))
    if match := _NUMERIC.fullmatch(text):
        first, second = int(match.group(1)), int(match.group(3))
        month_first = order == "mdy" and match.group(2) != "."
        month, day = (first, second) if month_first else (second, first)
        return _date(_year(match.group(4)), month, day)
    if match := _NAMED.fullmatch(text):
        name = (match.group(2) or match.group(3))[:3].lower()
        if name in _MONTHS:
            day = int(match.group(1) or match.group(4))
            return _date(_year(match.group(5)), _MONTHS.index(name) + 1, day)
    return None


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def is_date_column(values: Sequence[str]) -> bool:
    """Tell whether nearly every filled cell is a numeric date, so that it may settle the order."""
    given = [value.strip() for value in values if value.strip()]
    numeric = sum(bool(_NUMERIC.fullmatch(value)) for value in given)
    return bool(given) and numeric >= 0.9 * len(given)
