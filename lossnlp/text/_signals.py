"""What a note says besides its reason: the records that the other rooms read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

Role = Literal["chosen", "in_use", "under_contract", "considered", "rejected"]


@dataclass(frozen=True, slots=True)
class Competitor:
    """A vendor or product named as an alternative to ours.

    Attributes
    ----------
    name : str
        As spelt in the text.
    canonical : str
        The name in the gazetteer ("Salesforce" for "SFDC"); ``name`` where it is not listed.
    role : str
        ``chosen``, ``in_use`` today, ``under_contract``, ``considered`` or ``rejected``.
    source : str
        ``note`` or ``snippet:N``.
    start, end : int
        Offsets into that source as given.
    """

    name: str
    canonical: str
    role: Role
    source: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Revisit:
    """The words that say when to come back, and the window that they mean.

    Attributes
    ----------
    text : str
        The words, as in the source.
    source : str
        ``note`` or ``snippet:N``.
    start, end : int
        Offsets into that source as given.
    earliest, latest : date or None
        The window; None where the words hold no date ("when the notice period comes up").
    act_on : date or None
        The day on which to get in touch.
    refused : str or None
        Why there is no date: past, impossible, or an event whose day is not known.
    """

    text: str
    source: str
    start: int
    end: int
    earliest: date | None = None
    latest: date | None = None
    act_on: date | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class ClosedEarly:
    """Words that sound like a deal that still moves ("still meeting Thursday").

    ``source``, ``start`` and ``end`` are as in `Revisit`.
    """

    text: str
    source: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Signals:
    """What one deal's note and snippets say besides the reason.

    Attributes
    ----------
    competitors : tuple of Competitor
        Each rival once, in the order of the text, the note first.
    revisit : Revisit or None
        When to come back, in the words of the last who said it.
    language : str
        ISO 639-1 code of the note; ``en`` also where it is too short to tell.
    closed_early : ClosedEarly or None
        The words by which the deal looks stalled rather than lost.
    """

    competitors: tuple[Competitor, ...] = ()
    revisit: Revisit | None = None
    language: str = "en"
    closed_early: ClosedEarly | None = None
