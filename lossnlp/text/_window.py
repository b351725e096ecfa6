"""From words to days: what "Q1 FY26", "after Easter" or "thru Dec 2026" mean on a calendar."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from lossnlp.text._calendar import (
    Span,
    add_months,
    fiscal_part,
    fiscal_year,
    fiscal_year_of,
    holiday,
    month_span,
    next_weekday,
)
from lossnlp.text._when import CORE, UNIT, YEAR

_DAY = timedelta(days=1)
#: After an end that is known ("after March") the first month is the time to call.
_AFTERWARDS = timedelta(days=29)
_HORIZON_YEARS = 10

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SEASONS = {"spring": 3, "summer": 6, "autumn": 9, "fall": 9, "winter": 12}
_ONES = (
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)
_NTHS = (
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
)
_NUMBER = {word: number for number, word in enumerate(_ONES, start=1)} | {
    "a": 1, "an": 1, "eighteen": 18, "couple": 2, "couple of": 2, "a couple": 2, "a couple of": 2,
    "few": 3, "a few": 3, "several": 3,
}  # fmt: skip
_TEN = r"(?P<ten>twenty|thirty)[- ](?P<one>" + "|".join(_ONES[:9]) + r")\b"
_TEN_NTH = r"(?P<ten>twenty|thirty)[- ](?P<one>" + "|".join(_NTHS[:9]) + r")\b"

_AFTER = re.compile(r"\b(?:after|post|past|following|through|thru|throughout)\b", re.I)
_MONTH_WORD = re.compile(rf"\b(?P<m>{'|'.join(_MONTHS)}|okt)[a-z]*\b\.?", re.I)
_PART = re.compile(
    r"\b(?P<part>early|mid|late|first half|second half|1st half|2nd half|back end|tail end|end|"
    r"beginning|start)\b",
    re.I,
)
_WEEK_OF = re.compile(r"\b(?P<n>first|second|third|last|1st|2nd|3rd) (?:week|wk)\b", re.I)
_CALENDAR_WEEK = re.compile(r"(?:week|wk|kw|cw) ?(\d{1,2})$", re.I)
_QUARTER = re.compile(
    r"\b(?P<letter>[qh])(?P<n>[1-4])\b|\b(?P<nth>first|second|third|fourth|last|1st|2nd|3rd|4th) "
    r"(?P<unit>quarter|half|qtr|semester)\b",
    re.I,
)
_FISCAL = re.compile(r"\b(?:fy|cy|fiscal)[ ]?['’]?(?P<y>20\d\d|\d\d)", re.I)
_NEXT = re.compile(r"\b(?:next|nxt|following|coming|new)\b", re.I)
_WAIT = re.compile(
    r"(?P<low>\d{1,3})?(?:[-–](?P<high>\d{1,3}))?(?P<word>\b(?:a couple of|a couple|couple of|"
    r"couple|a few|few|several|an?|"
    + "|".join((*_ONES, "eighteen"))
    + rf"))?[- ]?(?P<unit>{UNIT})",
    re.I,
)
_MONTH_AND_TWO_DIGITS = re.compile(r"(?P<m>[a-z]+)\.? (?P<n>\d\d)", re.I)
_ENDING = re.compile(r"\b(?:until|till?|thru|through|to|expires?|ends?|runs?|up)\b", re.I)


@dataclass(frozen=True, slots=True)
class Window:
    """When to come back: the first and last day, the day to act on; or why there is none."""

    earliest: date | None = None
    latest: date | None = None
    act_on: date | None = None
    refused: str | None = None


class _RefusedError(Exception):
    """The words name no day that can be used; the message says why."""


def window_of(phrase: str, close_date: date | None, fiscal_year_start: int = 1) -> Window:
    """Return the window that a phrase means.

    Parameters
    ----------
    phrase : str
        The words that say when: "Q1 FY26", "in 6 months", "after their renewal in March".
    close_date : date or None
        The day on which the deal was closed: what "next" and "in" count from.
    fiscal_year_start : int
        The month, 1 to 12, in which the fiscal year begins. A fiscal year is named after the
        calendar year in which it ends. Quarters and halves are fiscal ones, except where a
        calendar year stands beside them ("Q1 2027").

    Returns
    -------
    Window
        With ``refused`` set, and no days, where the phrase is past, impossible or holds no date.
    """
    try:
        span = _span_of(phrase, close_date, fiscal_year_start)
    except _RefusedError as refusal:
        return Window(refused=str(refusal))
    earliest = span.first
    if close_date is not None:
        if span.last <= close_date:
            return Window(
                refused=f"{phrase!r} ends on {span.last}, not after the close date {close_date}"
            )
        if earliest > add_months(close_date, 12 * _HORIZON_YEARS):
            return Window(
                refused=f"{phrase!r} is more than {_HORIZON_YEARS} years after the close date"
            )
        earliest = max(earliest, close_date + _DAY)
    return Window(earliest, span.last, min(next_weekday(earliest), span.last))


def _span_of(phrase: str, close_date: date | None, start: int) -> Span:
    words = _with_digits(phrase)
    cores = list(CORE.finditer(words))
    if not cores:
        raise _RefusedError(f"no date in {phrase!r}: ask when that is")
    core = cores[-1]
    lead = words[: core.start()]
    kind, named = _kind_of(core, lead, close_date)
    span = _READERS[kind](named, close_date, start)
    if len(cores) > 1 and lead.rstrip().endswith("before") and cores[-2].lastgroup == "wait":
        return _earlier(span, cores[-2].group())
    if "before" in lead and "not before" not in lead and core.lastgroup != "wait":
        return Span(span.first - _AFTERWARDS - _DAY, span.first - _DAY)
    if _AFTER.search(lead) and core.lastgroup != "wait":
        return Span(span.last + _DAY, span.last + _DAY + _AFTERWARDS)
    return span


def _kind_of(core: re.Match[str], lead: str, close: date | None) -> tuple[str, str]:
    """Return the kind and words of a core; "til Nov 27" is a year, "on Nov 27" is a day."""
    two_digits = _MONTH_AND_TWO_DIGITS.fullmatch(core.group())
    named = core.lastgroup in ("month", "date")
    if named and two_digits and _ENDING.search(lead):
        year = 2000 + int(two_digits["n"])
        if close is None or close.year <= year <= close.year + _HORIZON_YEARS:
            return "month", f"{two_digits['m']} {year}"
    return str(core.lastgroup), core.group()


def _earlier(span: Span, wait: str) -> Span:
    """Return the month that begins a wait before a stretch: "3 months before June"."""
    distance = _read_wait(wait, span.first, 1).first - span.first
    first = add_months(span.first, -round(distance.days / 30.4))
    return Span(first, add_months(first, 1) - _DAY)


def _with_digits(phrase: str) -> str:
    """Write spoken numbers as digits: "the thirty-first of March twenty-eight"."""
    text = re.sub(r"\s+", " ", phrase.strip())
    text = re.sub(r"\btwenty (?=(?:twenty|thirty)[- ]\w)", "20", text, flags=re.I)
    text = re.sub(rf"(?<=\b20){_TEN}", _ten, text, flags=re.I)
    text = re.sub(
        rf"\b{_TEN}(?![- ]?(?:{'|'.join(('percent', 'people', 'months?', 'days?', 'weeks?'))}))",
        _year,
        text,
        flags=re.I,
    )
    text = re.sub(rf"\b{_TEN_NTH}", _ten_nth, text, flags=re.I)
    return re.sub(
        r"\bthirtieth\b", "30", re.sub(r"\btwentieth\b", "20", text, flags=re.I), flags=re.I
    )


def _ten(match: re.Match[str]) -> str:
    tens = 20 if match["ten"].lower() == "twenty" else 30
    return str(tens + _ONES.index(match["one"].lower()) + 1)


def _year(match: re.Match[str]) -> str:
    return "20" + _ten(match)


def _ten_nth(match: re.Match[str]) -> str:
    tens = 20 if match["ten"].lower() == "twenty" else 30
    return str(tens + _NTHS.index(match["one"].lower()) + 1)


def _anchor(close_date: date | None, words: str) -> date:
    if close_date is None:
        raise _RefusedError(f"{words!r} counts from the close date, and there is none")
    return close_date


def _year_in(words: str) -> int | None:
    """Return the year that the words name, 2027 for "27" and "'27"."""
    match = re.search(rf"(?:{YEAR})(?!.*\d)", words, re.I)
    digits = re.sub(r"\D", "", match.group()) if match else ""
    return (int(digits) if len(digits) == 4 else 2000 + int(digits)) if digits else None


def _placed(year: int | None, words: str, close: date | None, make: Callable[[int], Span]) -> Span:
    """Place a part of a year: in the year named, else the next one that has not begun."""
    if year is not None:
        return make(year)
    anchor = _anchor(close, words)
    if "next year" in words.lower():
        return make(anchor.year + 1)
    span = make(anchor.year)
    started = span.first <= anchor if not _PART.search(words) else span.last <= anchor
    return make(anchor.year + 1) if started else span


def _of_part(span: Span, words: str) -> Span:
    week = _WEEK_OF.search(words)
    if week:
        number = {"first": 1, "1st": 1, "second": 2, "2nd": 2, "third": 3, "3rd": 3, "last": 0}
        return span.week(number[week["n"].lower()])
    part = _PART.search(words)
    if not part:
        return span
    return span.part(part["part"].lower().replace("1st", "first").replace("2nd", "second"))


def _read_date(words: str, close: date | None, start: int) -> Span:
    import dateparser  # half a second, and few notes name a day

    numbers = [int(number) for number in re.findall(r"\d+", words)]
    if re.fullmatch(r"20\d\d-\d\d", words) or re.fullmatch(r"\d{1,2}/20\d\d", words):
        month, year = sorted(numbers)
        if not 1 <= month <= 12:
            raise _RefusedError(f"there is no month {month} in {words!r}")
        return month_span(year, month)
    order = "YMD" if words.startswith("20") else "DMY"
    if re.fullmatch(r"\d{1,2}[/.]\d{1,2}[/.]\d{2,4}", words):
        order = _order_of(words, numbers)
    settings = {
        "DATE_ORDER": order,
        "PREFER_DATES_FROM": "future",
        "STRICT_PARSING": False,
        "PARSERS": ["absolute-time"],
    }
    anchor = close
    if not re.search(r"20\d\d|['’]\d\d$|\D\d\d$", words) or re.search(
        r"[a-z]\.? \d{1,2}$", words, re.I
    ):
        anchor = _anchor(close, words)
    if anchor is not None:
        settings["RELATIVE_BASE"] = _midnight(anchor)
    plain = re.sub(r"\b(?:the|of)\b", "", words)
    found = dateparser.parse(plain, languages=["en"], settings=settings)
    if found is None:
        raise _RefusedError(f"there is no such day as {words!r}")
    return Span(found.date(), found.date())


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day)


def _order_of(words: str, numbers: list[int]) -> str:
    first, second = numbers[:2]
    if first > 12 or first == second:
        return "DMY"
    if second > 12:
        return "MDY"
    raise _RefusedError(f"{words!r} is one day in Europe and another in the US: write the month")


def _read_quarter(words: str, close: date | None, start: int) -> Span:
    fiscal = _FISCAL.search(words)
    quarter = _QUARTER.search(words)
    months, index = _quarter_size(quarter) if quarter else (12, 0)
    if fiscal:
        number = int(fiscal["y"]) % 100 + 2000
        span = fiscal_part(number, start, months, index)
        return _of_part(span, words[: fiscal.start()] if quarter is None else "")
    year = _year_in(words[quarter.end() :]) if quarter else _year_in(words)
    year = year or (_year_in(words[: quarter.start()]) if quarter else None)
    if year is not None:  # a calendar year beside the quarter makes it a calendar quarter
        first = month_span(year, 1 + months * index)
        return _of_part(month_span(year, first.first.month, months), words.split("half")[0])
    anchor = _anchor(close, words)
    this_year = fiscal_year_of(anchor, start)
    if _NEXT.search(words):
        return fiscal_part(this_year + 1, start, months, index)
    span = fiscal_part(this_year, start, months, index)
    return span if span.first > anchor else fiscal_part(this_year + 1, start, months, index)


def _quarter_size(quarter: re.Match[str]) -> tuple[int, int]:
    """Return the months of a quarter or half, and which one it is, from 0."""
    if quarter["letter"]:
        months, index = (3 if quarter["letter"].lower() == "q" else 6), int(quarter["n"]) - 1
    else:
        months = 3 if quarter["unit"].lower() in ("quarter", "qtr") else 6
        names = ("first", "second", "third", "fourth", "1st", "2nd", "3rd", "4th")
        nth = quarter["nth"].lower()
        index = 12 // months - 1 if nth == "last" else names.index(nth) % 4
    if months * index >= 12:
        raise _RefusedError(f"a year has no {quarter.group()!r}")
    return months, index


def _read_month(words: str, close: date | None, start: int) -> Span:
    months = [
        _MONTHS.index(m["m"].lower().replace("okt", "oct")) + 1 for m in _MONTH_WORD.finditer(words)
    ]
    first, last = months[0], months[-1]

    def make(year: int) -> Span:
        end = month_span(year + (last < first), last)
        return _of_part(Span(date(year, first, 1), end.last), words)

    return _placed(_year_in(words), words, close, make)


def _read_season(words: str, close: date | None, start: int) -> Span:
    name = next(season for season in _SEASONS if season in words.lower())
    return _placed(
        _year_in(words),
        words,
        close,
        lambda year: _of_part(month_span(year, _SEASONS[name], 3), words),
    )


def _read_holiday(words: str, close: date | None, start: int) -> Span:
    def make(year: int) -> Span:
        days = holiday(words.lower(), year)
        if days is None:
            raise _RefusedError(f"the day of {words!r} in {year} is not in the table")
        return days

    return _placed(_year_in(words), words, close, make)


def _read_year(words: str, close: date | None, start: int) -> Span:
    lower = words.lower()
    year = _year_in(words)
    if year is not None:
        return _of_part(month_span(year, 1, 12), words)
    anchor = _anchor(close, words)
    if re.search(r"year[- ]end", lower):
        return Span(date(anchor.year, 12, 1), date(anchor.year, 12, 31))
    if re.search(r"\b(?:fy|fiscal|financial|budget|tax|exercise)\b", lower):
        return _of_part(fiscal_year(fiscal_year_of(anchor, start) + 1, start), words)
    if re.search(r"school|academic", lower):
        return _placed(None, words, close, lambda y: month_span(y, 9, 10))
    if re.search(r"quarter|qtr|cycle", lower):
        return _next_quarter(anchor, start)
    if "month" in lower:
        following = add_months(anchor, 1)
        return _of_part(month_span(following.year, following.month), words)
    if "week" in lower:
        monday = anchor + _DAY * (7 - anchor.weekday())
        return Span(monday, monday + _DAY * 6)
    if re.search(r"semester|season|term|parliament|raise|crop|harvest|tender", lower):
        raise _RefusedError(f"no date in {words!r}: ask when that is")
    return _of_part(month_span(anchor.year + 1, 1, 12), words)


def _next_quarter(anchor: date, start: int) -> Span:
    number = fiscal_year_of(anchor, start)
    spans = (
        fiscal_part(year, start, 3, index) for year in (number, number + 1) for index in range(4)
    )
    return next(span for span in spans if span.first > anchor)


def _read_week(words: str, close: date | None, start: int) -> Span:
    anchor = _anchor(close, words)
    number = int(re.sub(r"\D", "", words))
    for year in (anchor.year, anchor.year + 1):
        try:
            monday = date.fromisocalendar(year, number, 1)
        except ValueError as error:
            raise _RefusedError(f"there is no {words!r} in {year}") from error
        if monday > anchor:
            break
    return Span(monday, monday + _DAY * 6)


def _read_wait(words: str, close: date | None, start: int) -> Span:
    anchor = _anchor(close, words)
    match = _WAIT.search(words)
    if match is None or not (match["low"] or match["word"]):
        raise _RefusedError(f"no date in {words!r}: ask when that is")
    low = int(match["low"]) if match["low"] else _NUMBER[match["word"].lower()]
    high = int(match["high"]) if match["high"] else low
    unit = match["unit"].lower()
    if unit.startswith("d"):
        return Span(anchor + _DAY * low, anchor + _DAY * high)
    if unit.startswith("w"):
        return Span(anchor + _DAY * 7 * low, anchor + _DAY * (7 * high + 6))
    months = 12 if unit.startswith("y") else 3 if unit.startswith("q") else 1
    if high * months > 12 * 50:
        raise _RefusedError(f"{words!r} is more than {_HORIZON_YEARS} years after the close date")
    return Span(add_months(anchor, low * months), add_months(anchor, high * months + 1) - _DAY)


_READERS: dict[str, Callable[[str, date | None, int], Span]] = {
    "date": _read_date,
    "quarter": _read_quarter,
    "month": _read_month,
    "season": _read_season,
    "holiday": _read_holiday,
    "year": _read_year,
    "week": _read_week,
    "wait": _read_wait,
}
