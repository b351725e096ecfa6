"""Days, months, quarters and feasts: the calendar behind the words of a note."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

_DAY = timedelta(days=1)

#: First and last day of Ramadan by the tabular calendar; the sighting may move them by a day.
_RAMADAN = {
    2024: (date(2024, 3, 11), date(2024, 4, 9)),
    2025: (date(2025, 3, 1), date(2025, 3, 29)),
    2026: (date(2026, 2, 18), date(2026, 3, 19)),
    2027: (date(2027, 2, 8), date(2027, 3, 9)),
    2028: (date(2028, 1, 28), date(2028, 2, 25)),
    2029: (date(2029, 1, 16), date(2029, 2, 13)),
    2030: (date(2030, 1, 6), date(2030, 2, 4)),
}
_DIWALI = {
    2024: date(2024, 11, 1),
    2025: date(2025, 10, 20),
    2026: date(2026, 11, 8),
    2027: date(2027, 10, 29),
    2028: date(2028, 10, 17),
    2029: date(2029, 11, 5),
    2030: date(2030, 10, 26),
}
_LUNAR_NEW_YEAR = {
    2024: date(2024, 2, 10),
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
    2029: date(2029, 2, 13),
    2030: date(2030, 2, 3),
}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of days, both ends included."""

    first: date
    last: date

    def part(self, word: str) -> Span:
        """Return the early, mid or late third, a half, or the n-th week of the stretch."""
        days = (self.last - self.first).days + 1
        third = days // 3
        if word in ("early", "beginning", "start"):
            return Span(self.first, self.first + _DAY * (max(third, 1) - 1))
        if word == "mid":
            return Span(self.first + _DAY * third, self.last - _DAY * third)
        if word in ("late", "end", "back end", "tail end"):
            return Span(self.last - _DAY * (max(third, 1) - 1), self.last)
        if word == "first half":
            return Span(self.first, self.first + _DAY * (days // 2 - 1))
        if word == "second half":
            return Span(self.first + _DAY * (days // 2), self.last)
        return self

    def week(self, number: int) -> Span:
        """Return the days 1 to 7, 8 to 14 … of the stretch; 0 is its last seven days."""
        if number == 0:
            return Span(self.last - _DAY * 6, self.last)
        first = self.first + _DAY * 7 * (number - 1)
        return Span(first, min(first + _DAY * 6, self.last))


def month_span(year: int, month: int, months: int = 1) -> Span:
    """Return ``months`` whole months from a month on."""
    first = date(year, month, 1)
    return Span(first, add_months(first, months) - _DAY)


def add_months(day: date, months: int) -> date:
    """Return the same day ``months`` later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def fiscal_year(number: int, start: int) -> Span:
    """Return fiscal year ``number``: it is named after the calendar year in which it ends."""
    return month_span(number if start == 1 else number - 1, start, 12)


def fiscal_year_of(day: date, start: int) -> int:
    """Return the number of the fiscal year that holds a day."""
    return day.year + int(start > 1 and day.month >= start)


def fiscal_part(number: int, start: int, months: int, index: int) -> Span:
    """Return the ``index``-th quarter (``months`` 3) or half (6) of a fiscal year, from 0."""
    first = add_months(fiscal_year(number, start).first, months * index)
    return month_span(first.year, first.month, months)


def easter(year: int) -> date:
    """Return Easter Sunday of the Gregorian calendar (the anonymous algorithm)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = divmod(b, 4)
    f = (b + 8) // 25
    g = (b - f + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (32 + 2 * e + 2 * i - h - k) % 7
    n = (a + 11 * h + 22 * m) // 451
    month, day = divmod(h + m - 7 * n + 114, 31)
    return date(year, month, day + 1)


def holiday(name: str, year: int) -> Span | None:
    """Return the days of a feast in a year; None where the table does not reach."""
    if "easter" in name:
        return Span(easter(year) - _DAY * 2, easter(year) + _DAY)
    if "lent" in name:
        return Span(easter(year) - _DAY * 46, easter(year) - _DAY)
    if "carnival" in name:
        return Span(easter(year) - _DAY * 51, easter(year) - _DAY * 47)
    if "whitsun" in name or "pentecost" in name:
        return Span(easter(year) + _DAY * 49, easter(year) + _DAY * 50)
    if "ramadan" in name:
        days = _RAMADAN.get(year)
        return Span(*days) if days else None
    if "eid" in name:
        days = _RAMADAN.get(year)
        return Span(days[1] + _DAY, days[1] + _DAY * 3) if days else None
    if "diwali" in name:
        return _one_day(_DIWALI.get(year))
    if "lunar" in name:
        return _one_day(_LUNAR_NEW_YEAR.get(year))
    return _fixed_holiday(name, year)


def _fixed_holiday(name: str, year: int) -> Span | None:
    if "thanksgiving" in name:
        return _one_day(_weekday_of(year, 11, weekday=3, number=4))
    if "labo" in name:
        return _one_day(_weekday_of(year, 9, weekday=0, number=1))
    if "christmas" in name or "xmas" in name:
        return Span(date(year, 12, 24), date(year, 12, 26))
    if "holidays" in name and "summer" not in name:
        return Span(date(year, 12, 24), date(year + 1, 1, 1))
    if "new year" in name:
        return _one_day(date(year, 1, 1))
    if "michaelmas" in name:
        return _one_day(date(year, 9, 29))
    if "golden week" in name:
        return Span(date(year, 4, 29), date(year, 5, 5))
    if "summer" in name:
        return Span(date(year, 7, 1), date(year, 8, 31))
    return None


def _one_day(day: date | None) -> Span | None:
    return Span(day, day) if day else None


def _weekday_of(year: int, month: int, weekday: int, number: int) -> date:
    first = date(year, month, 1)
    return first + _DAY * ((weekday - first.weekday()) % 7 + 7 * (number - 1))


def next_weekday(day: date) -> date:
    """Return the day, or the Monday after it when it falls on a weekend."""
    return day + _DAY * (7 - day.weekday()) if day.weekday() >= 5 else day
