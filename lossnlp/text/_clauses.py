"""Clauses: the pieces of a note that can stand as evidence on their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from lossnlp.text._clean import CleanText

_LINE = re.compile(r"\n+")
_BULLET = re.compile(r"[ ]*(?:[-*•–·>]+|\(?\d{1,2}[.)]|[a-z]\))[ ]+")
#: A full stop that ends no sentence: an abbreviation or an initial before it.
_ABBREVIATION = re.compile(
    r"(?:^|[\s(])(?:e\.?g|i\.?e|vs|approx|incl|excl|no|mr|mrs|ms|dr|prof|st|inc|ltd|co|corp|dept|"
    r"mgr|"
    r"dir|sr|jr|cf|ca|est|ext|tel|fig|esp|resp|min|max|avg|[a-z])\.$",
    re.I,
)
_SENTENCE_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s)|\|\|+|;(?=\s)")
_TURN = re.compile(
    # The comma or dash goes with what stands before the turn, the word with what follows it.
    r"(?:[,;]|[ ][-–—]+)?[ ]+(?=(?:but|however|although|though|whereas|yet|except)\b)|"
    r"[ ][-–—]+[ ]+|(?<=\w)—(?=\w)",
    re.I,
)
_WORD = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch ``start:end`` of a clean text that says one thing."""

    start: int
    end: int


def clauses(clean: CleanText) -> list[Clause]:
    """Split a clean text into clauses.

    It is cut at log entries, lines, list items, ends of sentences, dashes, and before "but",
    "however", "although" and their like. Every letter and digit of the text is in exactly one
    clause, except the marks of list items.

    Parameters
    ----------
    clean : CleanText
        What `clean` returned.

    Returns
    -------
    list of Clause
        In the order of the text, without overlap; none is empty.
    """
    text = clean.text
    cuts = {0, len(text), *(entry.start for entry in clean.entries)}
    for pattern in (_LINE, _TURN):
        cuts.update(match.end() for match in pattern.finditer(text))
    cuts.update(
        match.end()
        for match in _SENTENCE_END.finditer(text)
        if not _ABBREVIATION.search(text, max(0, match.start() - 12), match.start() + 1)
    )
    bounds = sorted(cuts)
    pieces = (_trimmed(text, *pair) for pair in pairwise(bounds))
    return [piece for piece in pieces if piece]


def _trimmed(text: str, start: int, end: int) -> Clause | None:
    bullet = _BULLET.match(text, start, end)
    if bullet and (start == 0 or text[start - 1] == "\n"):
        start = bullet.end()
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip(" \n-–—,;"))
    end = start + len(text[start:end].rstrip(" \n-–—,;|"))
    return Clause(start, end) if _WORD.search(text, start, end) else None
