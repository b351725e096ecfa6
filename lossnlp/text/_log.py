"""CRM logs inside a note: dated or bracketed stamps, and the entries between them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from lossnlp.text._draft import Draft

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]{0,6}\.?"
_DATE = (
    r"(?:(?P<y>\d{4})-(?P<ym>\d\d)-(?P<yd>\d\d)"
    r"|(?P<a>\d{1,2})(?P<sep>[/.])(?P<b>\d{1,2})(?:(?P=sep)(?:20)?\d\d|\.(?=[ ]))?"
    rf"|(?P<d1>\d{{1,2}})[ ](?P<m1>{_MONTH})(?:[ ]20\d\d)?"
    rf"|(?P<m2>{_MONTH})[ ](?P<d2>\d{{1,2}})(?:,[ ]20\d\d)?)(?![\d%])"
)
_TIME = r"(?:,?[ ]\d{1,2}:\d\d(?:[ ]?[ap]m)?)?"
#: Initials, a name or a role with a name: "JD", "T. Okafor", "SDR (Kev)", "(Luz)".
_AUTHOR = (
    # What the buyer's people and papers are called is no author of a log.
    r"(?!(?:C[A-Z]{1,3}O|[ES]?VP|HR|IT|PM|PO|POC|PoC|GC|GM|MD|RF[PIQ]|NDA|MSA|SOW|DPA|OK)\b)"
    r"(?:[A-Z]{2,4}(?:[ ]\([A-Z][\w.]{0,15}\))?|[A-Z]\.?[ ]?[A-Z][a-z]{1,15}|[A-Z][a-z]{1,15}"
    r"(?:[ ][A-Z]\.?)?)"
)
_STAMP = re.compile(
    rf"(?P<open>[\[(])?(?i:{_DATE}{_TIME})"
    rf"(?:[ ,]{{1,2}}(?:by[ ])?(?P<author>{_AUTHOR})(?=[\])]|[ ]?[:–—-]|[ ]-))?"
    rf"(?:(?P<close>[\])])[ ]?:?|"
    rf"(?P<inner>[ ]\({_AUTHOR}\))?[ ]?(?P<mark>:|[–—-]+(?=[ ])|,(?=[ ]))?)[ ]*"
)
_MACHINE_TAG = re.compile(
    r"\[(?:system|auto|automation|flow|workflow|bot|cal|calendar|sync|import|merge|email|log)\]"
    r"[ ]*",
    re.I,
)
#: Where a stamp may stand: at the start of a line, or after a sentence of a log on one line.
_LINE_START = re.compile(r"(?:^|\n)[ ]*(?:[-*•][ ])?")
_AFTER_SENTENCE = re.compile(r"[.!?;|]+[ ]+")
#: A cheap look before the patterns above are tried anywhere.
_MAY_BE_LOG = re.compile(
    r"(?:^|\n)[ ]*(?:[-*•][ ])?(?:\[[A-Za-z]|[\[(]?(?:\d{1,4}[-/. ]|[A-Za-z]{3,9}\.?[ ]\d))"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS_A_YEAR = 372  # twelve months of 31 days: only the order of two days counts here


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a log: a stretch of the clean text, and the stamp that stood before it.

    Attributes
    ----------
    start, end : int
        Offsets into the clean text.
    stamp : str
        The stamp as it was written ("10/12 JD:"); empty for text before the first stamp.
    """

    start: int
    end: int
    stamp: str


def split_log(draft: Draft) -> tuple[Entry, ...]:
    """Take the stamps of a log out of a draft and return its entries, earliest first.

    A lone date at the start of a line is not a log: it needs an author, a bracket or a colon, or
    a second one.
    """
    stamps = _stamps(draft.text) if _MAY_BE_LOG.search(draft.text) else []
    if not stamps:
        return (Entry(0, len(draft.text), ""),) if draft.text else ()
    starts, removed = [], 0
    for match in stamps:
        starts.append(match.start() - removed)
        removed += len(match.group())
    draft.cut([match.span() for match in stamps])
    days = _days(stamps)
    marks = [match.group().strip() for match in stamps]
    if draft.text[: starts[0]].strip():
        starts.insert(0, 0)
        marks.insert(0, "")
        days = None
    ends = [*starts[1:], len(draft.text)]
    entries = [
        Entry(start, start + len(draft.text[start:end].rstrip()), mark)
        for start, end, mark in zip(starts, ends, marks, strict=True)
    ]
    if days and _newest_first(days):
        entries.reverse()
    return tuple(entries)


def _stamps(text: str) -> list[re.Match[str]]:
    places = (match.end() for match in _LINE_START.finditer(text))
    stamps = [found for place in places if (found := _stamp_at(text, place))]
    dated = [match for match in stamps if match.re is _STAMP]
    if not dated:
        return stamps
    inline = _inline(text, dated[0].end())
    if len(dated) == 1 and not inline and not _is_marked(dated[0]):
        stamps.remove(dated[0])
    return sorted([*stamps, *inline], key=lambda match: match.start())


def _inline(text: str, begin: int) -> list[re.Match[str]]:
    places = (match.end() for match in _AFTER_SENTENCE.finditer(text, begin))
    return [found for place in places if (found := _stamp_at(text, place)) and found.re is _STAMP]


def _stamp_at(text: str, place: int) -> re.Match[str] | None:
    match = _MACHINE_TAG.match(text, place) or _STAMP.match(text, place)
    if match is None or match.end() >= len(text) or match.re is _MACHINE_TAG:
        return match
    if bool(match["open"]) != bool(match["close"]):
        return None
    separated = match.group()[-1] == " " or _is_marked(match)
    return match if separated and _day(match, day_first=True, month_first=True) else None


def _is_marked(match: re.Match[str]) -> bool:
    return bool(match["close"] or match["author"] or match["inner"] or match["mark"] in (":", "–"))


def _days(stamps: list[re.Match[str]]) -> list[int] | None:
    """Return the day of the year of each stamp, under one order of day and month for all."""
    dated = [match for match in stamps if match.re is _STAMP]
    if len(dated) < len(stamps):
        return None
    for day_first in (True, False):
        days = [_day(match, day_first=day_first, month_first=not day_first) for match in dated]
        if all(days) and (_is_run(known := [day for day in days if day]) or not day_first):
            return known
    return None


def _is_run(days: list[int]) -> bool:
    return days == sorted(days) or days == sorted(days, reverse=True)


def _day(match: re.Match[str], *, day_first: bool, month_first: bool) -> int | None:
    """Return 1 + the day of the year, or None where the numbers are no day."""
    if match["y"]:
        pairs = [(int(match["ym"]), int(match["yd"]))]
    elif match["a"]:
        a, b = int(match["a"]), int(match["b"])
        pairs = [(b, a)] * day_first + [(a, b)] * month_first
    else:
        month = (match["m1"] or match["m2"])[:3].lower()
        pairs = [(_MONTHS.index(month) + 1, int(match["d1"] or match["d2"]))]
    for month_number, day in pairs:
        if 1 <= month_number <= 12 and 1 <= day <= 31:
            return (month_number - 1) * 31 + day
    return None


def _newest_first(days: list[int]) -> bool:
    """Tell whether the days run backwards; a log may pass the turn of a year."""
    forward = sum((later - earlier) % _DAYS_A_YEAR for earlier, later in pairwise(days))
    backward = sum((earlier - later) % _DAYS_A_YEAR for earlier, later in pairwise(days))
    return backward < forward
