"""TextReader: what the notes and snippets of deals say besides the reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple, TypeVar

from lossnlp._errors import InputError
from lossnlp.deals import Deal
from lossnlp.text._clean import CleanText, clean
from lossnlp.text._competitors import CompetitorFinder, merged
from lossnlp.text._early import closed_early
from lossnlp.text._language import language_of
from lossnlp.text._revisit import mentions
from lossnlp.text._signals import ClosedEarly, Competitor, Revisit, Signals
from lossnlp.text._tags import DealTags, Tagged
from lossnlp.text._vendors import Spelling, read_vendors
from lossnlp.text._when import CORE
from lossnlp.text._window import window_of

T = TypeVar("T")
U = TypeVar("U")

#: A note or snippet: where it stands, and its clean text.
Source = tuple[str, CleanText]
#: Deals read in one memory zone: spaCy frees their strings when it ends.
_BATCH = 4000
#: Log odds above which words are taken to say when to come back (docs/text.md).
_THRESHOLD = -0.9
#: A day is worth more than an event next to it that is only a little likelier.
_DAY_BONUS = 0.7


class TextReader:
    """Reads rivals, dates to come back, language and early closes from deals.

    spaCy is loaded when many deals are read at once. One reader may be shared by threads.

    Parameters
    ----------
    competitors : path or sequence of str, optional
        The user's own rivals, added to the packaged list: a file in its format (one vendor a
        line, other spellings after commas), or names.
    fiscal_year_start : int
        The month, 1 to 12, in which the fiscal year begins.
    own_names : iterable of str
        Names of the user's own company and products: never rivals.

    Raises
    ------
    InputError
        If ``fiscal_year_start`` is no month, or the list cannot be read.
    """

    def __init__(
        self,
        competitors: str | Path | Sequence[str] | None = None,
        fiscal_year_start: int = 1,
        own_names: Iterable[str] = (),
    ) -> None:
        if not 1 <= fiscal_year_start <= 12:
            raise InputError(
                f"fiscal_year_start is {fiscal_year_start}; give the month as a number from 1 to 12"
            )
        self.fiscal_year_start = fiscal_year_start
        self._finder = CompetitorFinder([*_own_list(competitors), *read_vendors()], own_names)

    def read(
        self,
        deals: Iterable[Deal],
        reasons: Iterable[str] | None = None,
        tags: Iterable[DealTags | None] | None = None,
    ) -> list[Signals]:
        """Return the signals of each deal, in order.

        Memory does not grow with the number of deals read, but for the signals returned.

        Parameters
        ----------
        deals : iterable of Deal
            The deals.
        reasons : iterable of str, optional
            The code of each deal's reason, where it is known: a month in a note on bad timing is
            likelier the day to come back than one in a note on a late reply.
        tags : iterable of DealTags or None, optional
            The words of each deal that a model takes for a day to come back or for a rival's name;
            without them the rules of this room decide alone.
        """
        signals: list[Signals] = []
        remaining = _paired(_paired(deals, reasons), tags)
        while batch := list(islice(remaining, _BATCH)):
            known = [_Known(deal, _texts(deal), reason, its) for (deal, reason), its in batch]
            rivals = iter(
                self._finder.find(
                    list(chain.from_iterable(one.texts for one in known)),
                    list(chain.from_iterable(one.tagged("competitor") for one in known)),
                )
            )
            for one in known:
                named = _each_once(chain.from_iterable(islice(rivals, len(one.texts))))
                signals.append(self._signals(one, named))
        return signals

    def _signals(self, one: _Known, competitors: tuple[Competitor, ...]) -> Signals:
        deal, texts = one.deal, one.texts
        note = texts[0][1].text
        spoken = note if note.strip() else " ".join(text.text for _, text in texts[1:])
        return Signals(
            competitors=competitors,
            revisit=self._revisit(one),
            language=language_of(spoken),
            closed_early=_closed_early(deal, texts),
        )

    def _revisit(self, one: _Known) -> Revisit | None:
        best = max(_candidates(one), key=lambda candidate: candidate[0], default=None)
        if best is None or best[0] < _THRESHOLD:
            return None
        _, (source, text), (first, last) = best
        last -= text.text[last - 1] == "."  # "in March." ends a sentence
        start, end = text.original(first, last)
        window = window_of(text.text[first:last], one.deal.close_date, self.fiscal_year_start)
        return Revisit(
            text=one.deal.source_text(source)[start:end],
            source=source,
            start=start,
            end=end,
            earliest=window.earliest,
            latest=window.latest,
            act_on=window.act_on,
            refused=window.refused,
        )


def _paired(ones: Iterable[T], others: Iterable[U] | None) -> Iterator[tuple[T, U | None]]:
    """Pair each one with its other; with None where there are none at all."""
    if others is None:
        return ((one, None) for one in ones)
    return zip(ones, others, strict=True)


class _Known(NamedTuple):
    """What is known of a deal: its texts, its reason, what a model tagged in it."""

    deal: Deal
    texts: Sequence[Source]
    reason: str | None
    tags: DealTags | None

    def tagged(self, tag: str) -> list[Tagged | None]:
        """Return the tokens of a tag in each text; None where no model read the deal."""
        if self.tags is None:
            return [None] * len(self.texts)
        return [self.tags[tag].get(source, Tagged()) for source, _ in self.texts]


def _candidates(one: _Known) -> Iterator[tuple[float, Source, tuple[int, int]]]:
    """Yield the stretches that may say when to come back, each with its log-odds."""
    placed = [(_place(one.deal, source), text) for source, text in one.texts]
    for number, mention in mentions(placed, one.reason, one.tagged("revisit")):
        dated = CORE.search(placed[number][1].text, mention.start, mention.end) is not None
        bonus = _DAY_BONUS if dated else 0.0
        score = mention.score + bonus * (mention.score > _THRESHOLD)
        yield score, one.texts[number], (mention.start, mention.end)


def _texts(deal: Deal) -> list[Source]:
    note = [("note", clean(deal.note))]
    return note + [(f"snippet:{n}", clean(said.text)) for n, said in enumerate(deal.snippets)]


def _each_once(named: Iterable[Competitor]) -> tuple[Competitor, ...]:
    found: dict[str, Competitor] = {}
    for rival in named:
        key = rival.canonical.casefold()
        found[key] = merged(found[key], rival) if key in found else rival
    return tuple(found.values())


def _own_list(competitors: str | Path | Sequence[str] | None) -> list[Spelling]:
    if competitors is None:
        return []
    if isinstance(competitors, str | Path):
        return read_vendors(Path(competitors))
    return [Spelling(name, name, everyday=False) for name in competitors]


def _place(deal: Deal, source: str) -> str:
    if source != "note":
        return deal.snippets[int(source.removeprefix("snippet:"))].speaker
    answered = any(snippet.speaker == "buyer" for snippet in deal.snippets)
    return "note beside buyer" if answered else "note"


def _closed_early(deal: Deal, texts: Sequence[Source]) -> ClosedEarly | None:
    for source, text in texts:
        if _place(deal, source) == "rep":
            continue
        found = closed_early(text)
        if found:
            start, end = text.original(*found)
            return ClosedEarly(deal.source_text(source)[start:end], source, start, end)
    return None
