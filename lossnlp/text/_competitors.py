"""Rivals named in a text: a list of vendors, patterns for unlisted ones, and their roles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lossnlp.text._clean import CleanText
from lossnlp.text._gazetteer import Gazetteer, Listed
from lossnlp.text._roles import role_of
from lossnlp.text._signals import Competitor, Role
from lossnlp.text._tags import Tagged
from lossnlp.text._vendors import Spelling, everyday_words, given_names

#: A run of capitalised words that may be the name of a vendor that no list holds.
_RUN = re.compile(
    r"(?<![\w@#/.$€£&+'’-])(?:[A-Z]|[a-z]{1,5}[A-Z])[A-Za-zÀ-ÿ0-9]*(?:[&+-][A-Z][A-Za-zÀ-ÿ0-9]*|"
    r"\.(?:io|ai|AI|com|co|dev|app)\b)*"
    r"(?:[ ][A-Z][A-Za-zÀ-ÿ0-9]*(?:[&+-][A-Za-zÀ-ÿ0-9]+)*){0,3}(?![\w@&])"
)
#: Product words that belong to the vendor's name before them.
_TAIL = re.compile(
    r"[ ](?:Cloud|CRM|ERP|HCM|HR|Enterprise|Pro|Plus|One|Online|Payroll|payroll|Learning|Community|"
    r"Pay|WMS|TMS|CMMS|Analytics|Service|Suite|Group|Networks|Systems|Software|Partners|Billing|"
    r"Financials?|Commerce)"
    r"(?![\w-])"
)
_SENTENCE_BREAK = re.compile(r"[.!?…]+[\"'”’)]*\s|\n")
_AND = re.compile(r"[ ]?(?:,|/|&|\+|,? and|,? or|, then)[ ]?")
_PERIOD = re.compile(r"(?:FY|CY|QTR|[QHPW])\d")
_LEFT, _RIGHT = 60, 45
_OTHER, _THIS = "¤", "§"
_MARKS = re.compile("[¤§]")
#: Log-odds of a tag above which an unlisted name is taken for a vendor's.
_SURE = 1.5
_ROLES_BY_WEIGHT = ("chosen", "under_contract", "in_use", "rejected", "considered")


@dataclass(frozen=True, slots=True)
class _Name:
    """A candidate: where it stands, what it stands for, and whether it is surely a vendor's."""

    start: int
    end: int
    vendor: str
    listed: bool


def merged(first: Competitor, later: Competitor) -> Competitor:
    """Keep the first place of a rival and the role that says most of the two."""
    role = min(first.role, later.role, key=_ROLES_BY_WEIGHT.index)
    return replace(first, role=role)


class CompetitorFinder:
    """Finds rivals in clean texts.

    Parameters
    ----------
    spellings : sequence of Spelling
        The vendors to know.
    own_names : iterable of str
        Names of the user's own company and products: never rivals.
    """

    def __init__(self, spellings: Sequence[Spelling], own_names: Iterable[str] = ()) -> None:
        self._own = {name.casefold() for name in own_names}
        self._gazetteer = Gazetteer(spellings)

    def find(
        self,
        texts: Sequence[tuple[str, CleanText]],
        tagged: Sequence[Tagged | None] | None = None,
    ) -> list[list[Competitor]]:
        """Return the rivals named in each text, each once, in the order of the text.

        Parameters
        ----------
        texts : sequence of (str, CleanText)
            Each text with the source to report.
        tagged : sequence of Tagged or None, optional
            Of each text the words that a model takes for a rival's name.
        """
        tagged = tagged or [None] * len(texts)
        with self._gazetteer.open_for([text.text for _, text in texts]) as listed:
            return [
                self._rivals(text, source, listed(text.text), tokens)
                for (source, text), tokens in zip(texts, tagged, strict=True)
            ]

    def _rivals(
        self, clean: CleanText, source: str, listed: Sequence[Listed], tokens: Tagged | None
    ) -> list[Competitor]:
        text = clean.text
        names = self._names(text, listed, tokens)
        found: dict[str, Competitor] = {}
        for name, role in zip(names, self._roles(text, names), strict=True):
            if role is None:
                continue
            key = name.vendor.casefold()
            start, end = clean.original(name.start, name.end)
            spelt = text[name.start : name.end]
            rival = Competitor(spelt, name.vendor, role, source, start, end)
            found[key] = rival if key not in found else merged(found[key], rival)
        return list(found.values())

    def _roles(self, text: str, names: Sequence[_Name]) -> list[Role | None]:
        roles: list[Role | None] = []
        for name in names:
            context = _context(text, name, names)
            roles.append(role_of(context, listed=name.listed))
        for here, role in enumerate(roles):
            if role is None:  # "Okta and Ping": in one list with a rival
                roles[here] = _role_of_neighbour(text, names, roles, here)
        return roles

    def _names(self, text: str, listed: Sequence[Listed], tokens: Tagged | None) -> list[_Name]:
        names = [
            _Name(name.start, _whole(text, name.start, name.end), name.vendor, not name.everyday)
            for name in listed
        ]
        taken = {place for name in names for place in range(name.start, name.end)}
        new = [name for name in _unlisted(text) if taken.isdisjoint(range(name.start, name.end))]
        if tokens is None:
            names += new
        else:
            names += [name for name in new if not tokens.dismissed(name.start, name.end)]
            names = [
                replace(n, listed=n.listed or tokens.highest(n.start, n.end) > _SURE) for n in names
            ]
        names.sort(key=lambda name: name.start)
        return [name for name in names if name.vendor.casefold() not in self._own]


def _role_of_neighbour(
    text: str, names: Sequence[_Name], roles: Sequence[Role | None], here: int
) -> Role | None:
    for there in (here - 1, here + 1):
        if 0 <= there < len(names) and roles[there]:
            first, second = sorted((names[here], names[there]), key=lambda name: name.start)
            if _AND.fullmatch(text, first.end, second.start):
                return roles[there]
    return None


def _whole(text: str, start: int, end: int) -> int:
    """Return the end of a listed name with the product words after it: "Honeywell Vocollect"."""
    if tail := _TAIL.match(text, end):
        end = tail.end()
    run = _RUN.match(text, start)
    return max(end, _without_everyday(run, everyday_words())[1]) if run else end


def _unlisted(text: str) -> list[_Name]:
    """Find runs of capitalised words that no list knows."""
    everyday = everyday_words()
    names = []
    for match in _RUN.finditer(text):
        if match.group().casefold() in everyday:
            continue  # the most usual run by far
        start, end = _without_everyday(match, everyday)
        if end - start > 1 and not _PERIOD.match(text, start):
            names.append(_Name(start, end, text[start:end], listed=False))
    return names


def _without_everyday(match: re.Match[str], everyday: frozenset[str]) -> tuple[int, int]:
    """Cut everyday words off both ends of a run: "Went Oracle", "Okta Monday"."""
    words = [word.span() for word in re.finditer(r"\S+", match.group())]
    text, offset = match.group(), match.start()
    while words and text[slice(*words[0])].casefold() in everyday:
        words.pop(0)
    while words and text[slice(*words[-1])].casefold() in everyday:
        if len(words) > 1 and _TAIL.match(text, words[-1][0] - 1):
            break
        words.pop()
    if not words or (len(words) == 1 and text[slice(*words[0])].casefold() in given_names()):
        return offset, offset
    return offset + words[0][0], offset + words[-1][1]


def _context(text: str, name: _Name, names: Sequence[_Name]) -> str:
    """Return the words around a name in its sentence, names masked."""
    left_bound, right_bound = max(0, name.start - _LEFT), min(len(text), name.end + _RIGHT)
    left = _masked(text, left_bound, name.start, names)
    right = _masked(text, name.end, right_bound, names)
    breaks = list(_SENTENCE_BREAK.finditer(left))
    left = left[breaks[-1].end() :] if breaks else left
    stop = _SENTENCE_BREAK.search(right + "\n")
    return left + _THIS + (right[: stop.start() + 1] if stop else right)


def _masked(text: str, start: int, end: int, names: Sequence[_Name]) -> str:
    pieces: list[str] = []
    for name in names:
        if name.end > start and name.start < end:
            pieces += (text[start : name.start], _OTHER)
            start = name.end
    pieces.append(text[start:end])
    return "".join(piece if piece == _OTHER else _MARKS.sub(" ", piece) for piece in pieces)
