"""What the words of a picklist value mean: names, synonyms, parts and near spellings."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from lossnlp.taxonomy._crosswalk import EntryKind
from lossnlp.taxonomy._labels import label_key
from lossnlp.taxonomy._taxonomy import Reason, Taxonomy

#: Values that stand for everything without a value of its own.
_CATCH_ALL = (
    "other",
    "others",
    "other reason",
    "other reasons",
    "other please specify",
    "other see notes",
    "misc",
    "miscellaneous",
    "various",
    "something else",
    "none of the above",
)

#: Values that a robot sets or that tidy up: they say nothing about why the deal was lost.
_ADMINISTRATIVE = (
    "stale",
    "stale opportunity",
    "expired",
    "expired auto close",
    "auto close",
    "auto closed",
    "automatically closed",
    "no progression auto close",
)

# "1 - Price", "03. Price", "b) Price"
_NUMBERING = re.compile(r"^\s*(?:\d{1,3}(?:\s*[.):_]|\s+-)|[a-z][.)])\s*(?=\S)", re.IGNORECASE)
# "Budget - Too expensive", "Budget: Too expensive", "Budget > Too expensive"
_LEVELS = re.compile(r"\s+-+\s+|\s*[–—>:|]\s*")
# "Competition or price", "No Decision / Non-Responsive", "Other (see notes)"
_LIST = re.compile(r"\s*[/,&+()\[\]]\s*|\s+(?:and|or)\s+", re.IGNORECASE)
# "Price (old)", "Price - inactive", "zz_Price", "DO NOT USE: Price"
_UNUSED = r"(?:inactive|deprecated|retired|obsolete|legacy|old|do not use|don'?t use)"
_RETIRED = re.compile(
    rf"\s*[(\[]\s*{_UNUSED}[^)\]]*[)\]]|\s*[-–_:]\s*{_UNUSED}\s*\Z|"
    rf"\A\s*(?:zz+|{_UNUSED})\s*[-–_:]+\s*",
    re.IGNORECASE,
)
_NEAR = 0.86

NAME, WORDING, SIDE = range(3)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a value means, how that was found, and what is doubtful about it.

    ``breadth`` is NAME for the name of a code, WORDING for another wording of it, and SIDE for one
    side of it, such as a sub-reason.
    """

    codes: tuple[str, ...]
    kind: EntryKind
    how: str
    doubt: str = ""
    breadth: int = WORDING


class Phrasebook:
    """The wordings that a taxonomy and well-known picklists have for each code."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._names = _by_key(taxonomy.reasons, lambda reason: (reason.code, reason.name))
        self._synonyms = _by_key(taxonomy.reasons, lambda reason: reason.synonyms)
        self._sides = _by_key(taxonomy.reasons, _side_names)
        self._catch_all = {label_key(phrase) for phrase in _CATCH_ALL}
        self._administrative = {label_key(phrase) for phrase in _ADMINISTRATIVE}

    def read(self, value: str) -> Reading | None:
        """Return the meaning of a value by its words, or None if they are not known."""
        bare = _NUMBERING.sub("", value)
        for attempt in (self._whole, self._levels, self._listed, self._contained, self._misspelt):
            reading = attempt(bare)
            if reading is not None:
                return reading
        return None

    def _whole(self, value: str) -> Reading | None:
        key = label_key(value)
        if key in self._catch_all:
            return Reading((), "catch_all", "catch-all by its name")
        if key in self._administrative:
            return Reading((), "administrative", "administrative by its name")
        if key in self._names:
            return self._reading(self._names[key], "the name of the code", NAME)
        if key in self._synonyms:
            return self._reading(self._synonyms[key], "a known wording")
        if key in self._sides:
            return self._reading(self._sides[key], "a sub-reason", SIDE)
        return None

    def _levels(self, value: str) -> Reading | None:
        """Read "Family - Value": the last level that says more than "Other"."""
        levels = [level for level in _LEVELS.split(value) if level]
        if len(levels) < 2:
            return None
        readings = [self._whole(level) or self._listed(level) for level in reversed(levels)]
        known = [reading for reading in readings if reading is not None]
        telling = [reading for reading in known if reading.kind != "catch_all"]
        first = next(iter([*telling, *known]), None)
        return first and replace(first, breadth=SIDE)

    def _listed(self, value: str) -> Reading | None:
        """Read "A / B", "A or B", "A (B)": all that its parts mean."""
        parts = [part for part in _LIST.split(value) if part]
        if len(parts) < 2:
            return None
        readings = {part: self._whole(part) for part in parts}
        known = [reading for reading in readings.values() if reading is not None]
        if not known:
            return None
        unknown = [part for part, reading in readings.items() if reading is None]
        return _union(known, "its parts", f"not read: {', '.join(unknown)}" if unknown else "")

    def _contained(self, value: str) -> Reading | None:
        """Read a longer wording by the phrases in it, the longest first."""
        words = [key for key in map(label_key, re.split(r"[\s/&,.;:()-]+", value)) if key]
        known: list[Reading] = []
        start = 0
        while start < len(words):
            reading, length = self._longest(words[start:])
            if reading is not None:
                known.append(reading)
            start += length
        return _union(known, "words in it", "read by single words") if known else None

    def _longest(self, words: Sequence[str]) -> tuple[Reading | None, int]:
        for length in range(len(words), 0, -1):
            reading = self._whole("".join(words[:length]))
            if reading is not None and reading.kind != "catch_all":
                return reading, length
        return None, 1

    def _misspelt(self, value: str) -> Reading | None:
        known = [*self._names, *self._synonyms, *self._sides]
        near = get_close_matches(label_key(value), known, n=1, cutoff=_NEAR)
        if not near:
            return None
        reading = self._whole(near[0])
        return reading and replace(reading, how="a near spelling", doubt="read as a misspelling")

    def _reading(self, codes: tuple[str, ...], how: str, breadth: int = WORDING) -> Reading:
        administrative = all(self._taxonomy.reason(code).administrative for code in codes)
        kind: EntryKind = "administrative" if administrative else "reason"
        return Reading(codes, kind, how, breadth=breadth)


def without_retirement(value: str) -> str:
    """Return a value without the words that mark it as no longer in use ("Price (old)")."""
    return _RETIRED.sub("", value).strip() or value


def _side_names(reason: Reason) -> list[str]:
    return [name for sub in reason.sub_reasons for name in (sub.code, sub.name)]


def _by_key(
    reasons: Iterable[Reason], wordings: Callable[[Reason], Iterable[str]]
) -> dict[str, tuple[str, ...]]:
    codes: dict[str, list[str]] = {}
    for reason in reasons:
        for wording in wordings(reason):
            found = codes.setdefault(label_key(wording), [])
            if reason.code not in found:
                found.append(reason.code)
    return {key: tuple(found) for key, found in codes.items()}


def _union(readings: Sequence[Reading], how: str, doubt: str) -> Reading:
    """Join what several parts mean; administrative only if all of them are."""
    kinds = {reading.kind for reading in readings}
    codes = tuple(dict.fromkeys(code for reading in readings for code in reading.codes))
    kind: EntryKind = "reason"
    if "catch_all" in kinds:
        kind = "catch_all"
    elif kinds == {"administrative"}:
        kind = "administrative"
    return Reading(codes, kind, how, doubt, min(reading.breadth for reading in readings))
