"""Passages: a deal as the model sees it, mapped to the deal as it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lossnlp.deals import Deal
from lossnlp.model._lexical import Voice
from lossnlp.text import CleanText, clauses, clean


@dataclass(frozen=True)
class Passage:
    """The note or one snippet: where it stands, who speaks (``note``, ``buyer``, ``rep``)."""

    source: str
    voice: str
    clean: CleanText


@dataclass(frozen=True)
class Stretch:
    """A clause of a passage, with offsets into its clean text."""

    passage: Passage
    start: int
    end: int

    @property
    def words(self) -> Voice:
        """The clause as a voice of its own."""
        return self.passage.voice, self.passage.clean.text[self.start : self.end]


def passages_of(deal: Deal) -> list[Passage]:
    """Return the note and the snippets of a deal, cleaned."""
    snippets = [
        Passage(f"snippet:{number}", snippet.speaker, clean(snippet.text))
        for number, snippet in enumerate(deal.snippets)
    ]
    return [Passage("note", "note", clean(deal.note)), *snippets]


def voices_of(passages: Sequence[Passage]) -> list[Voice]:
    """Return who says what, in the form that the features read."""
    return [(passage.voice, passage.clean.text) for passage in passages]


def stretches_of(passages: Sequence[Passage]) -> list[Stretch]:
    """Return every clause of a deal, in reading order."""
    return [
        Stretch(passage, clause.start, clause.end)
        for passage in passages
        for clause in clauses(passage.clean)
    ]
