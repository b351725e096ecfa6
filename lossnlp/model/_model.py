"""LossModel: reads deals and says why they were lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lossnlp._errors import BundleError
from lossnlp.deals import Deal, Snippet
from lossnlp.model._bundle import Bundle, default_path, read_bundle
from lossnlp.model._calibration import Decisions, Probabilities
from lossnlp.model._evidence import Clauses, quote
from lossnlp.model._passages import passages_of
from lossnlp.model._suggestion import RankedReason, Suggestion
from lossnlp.model._tags import tags_of
from lossnlp.taxonomy import INSUFFICIENT, Taxonomy

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from lossnlp.text import DealTags, Signals, TextReader

_BATCH = 512  # deals read at once: bounds memory, changes no result
_RANKED = 3
# Another processor rounds otherwise, and a rounding that turns moves a probability a little.
_GOLDEN_TOLERANCE = 1e-2


class Reading(NamedTuple):
    """What a model says of n deals, in their order, and the probabilities behind it."""

    suggestions: list[Suggestion]
    probabilities: Probabilities


class LossModel:
    """A trained model: reads deals, one or many, and says why they were lost.

    A deal's result never depends on the deals beside it.

    Parameters
    ----------
    bundle
        What the model was trained to; `load` reads it from a folder.
    reader
        Finds competitors, revisit dates and the like; by default one without company settings.
    """

    def __init__(self, bundle: Bundle, reader: TextReader | None = None) -> None:
        self._bundle = bundle
        self._labels = bundle.labels
        self._reader = reader

    @property
    def id(self) -> str:
        """The id of the bundle: its short name and a digest of its content."""
        return str(self._bundle.manifest.get("id", "unsaved"))

    @property
    def taxonomy(self) -> Taxonomy:
        """The taxonomy whose codes the model predicts."""
        return self._bundle.taxonomy

    @property
    def manifest(self) -> Mapping[str, Any]:
        """What the bundle records: versions, digests, calibration and measured metrics."""
        return self._bundle.manifest

    def suggest(
        self,
        note: str,
        snippets: Iterable[Snippet | Mapping[str, str]] = (),
        *,
        stage: str | None = None,
        close_date: date | None = None,
    ) -> Suggestion:
        """Read one deal.

        Parameters
        ----------
        note
            What the rep typed.
        snippets
            What was said or written, each with ``speaker`` (``buyer`` or ``rep``) and ``text``.
        stage
            The stage at which the deal was lost.
        close_date
            The day from which words such as "in six months" count.
        """
        spoken = tuple(s if isinstance(s, Snippet) else Snippet(**s) for s in snippets)  # type: ignore[arg-type]
        return self.read([Deal(note, spoken, stage=stage, close_date=close_date)])[0]

    def read(self, deals: Sequence[Deal]) -> list[Suggestion]:
        """Read deals and return what the model says of each, in their order."""
        return self.reading(deals).suggestions

    def reading(self, deals: Sequence[Deal]) -> Reading:
        """Return the suggestions and the probabilities of n deals, both from one reading."""
        suggestions: list[Suggestion] = []
        parts = [Probabilities.empty(self._labels)]
        for batch in _batches(deals):
            passages = [passages_of(deal) for deal in batch]
            likely, seen = self._bundle.read(passages)
            clauses = Clauses(passages, self._bundle.views, seen.marks)
            tags = map(tags_of, passages, seen.marks)
            suggestions += self._suggestions(batch, likely, clauses, tags)
            parts.append(likely)
        return Reading(suggestions, Probabilities.stack(parts))

    def probabilities(self, deals: Sequence[Deal]) -> Probabilities:
        """Return the calibrated probabilities of n deals, the codes in the taxonomy's order."""
        parts = [
            self._bundle.read([passages_of(deal) for deal in batch])[0] for batch in _batches(deals)
        ]
        return Probabilities.stack([Probabilities.empty(self._labels), *parts])

    def predict(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Read a table of deals.

        Parameters
        ----------
        frame
            One row a deal; ``note`` must be there, ``snippets``, ``stage`` and ``close_date`` help.

        Returns
        -------
        pandas.DataFrame
            The columns that ``lossnlp score`` adds, with the index of ``frame``.
        """
        from lossnlp.deals import deals_of
        from lossnlp.model._table import table_of

        return table_of(self.read(deals_of(frame)), frame.index)

    def _suggestions(
        self,
        deals: Sequence[Deal],
        likely: Probabilities,
        clauses: Clauses,
        tags: Iterable[DealTags | None],
    ) -> Iterator[Suggestion]:
        decided = self._bundle.calibration.decide(likely, self._labels)
        first = [self._labels.codes[code] for code in likely.primary.argmax(axis=1)]
        read = self.reader.read(deals, first, tags)
        for row, (deal, signals) in enumerate(zip(deals, read, strict=True)):
            reasons = tuple(
                self._ranked(deal, row, rank, code, likely, clauses)
                for rank, code in enumerate(_likeliest(likely.primary[row])[:_RANKED])
            )
            yield self._suggestion(deal, signals, reasons, likely, decided, row)

    @property
    def reader(self) -> TextReader:
        """What finds competitors and dates; its lists are read when it is first needed."""
        if self._reader is None:
            from lossnlp.text import TextReader

            self._reader = TextReader()
        return self._reader

    def _ranked(
        self, deal: Deal, row: int, rank: int, code: int, likely: Probabilities, clauses: Clauses
    ) -> RankedReason:
        name = self._labels.codes[code]
        # The pointers look for the words that decided the deal: the first reason's only.
        weights = self._bundle.calibration.evidence if rank == 0 else {}
        stretch = None if name == INSUFFICIENT else clauses.best(row, code, weights)
        return RankedReason(
            code=name,
            sub_reason=self._labels.likeliest_sub(code, likely.sub[row]),
            probability=float(likely.primary[row, code]),
            evidence=None if stretch is None else quote(deal, stretch),
        )

    def _suggestion(
        self,
        deal: Deal,
        signals: Signals,
        reasons: tuple[RankedReason, ...],
        likely: Probabilities,
        decided: Decisions,
        row: int,
    ) -> Suggestion:
        from lossnlp.text import reengage

        again = reengage(
            self.taxonomy.reason(reasons[0].code),
            signals,
            deal.close_date,
            self.reader.fiscal_year_start,
        )
        kept = self._named(decided.kept[row], likely.primary[row])
        needs_detail = bool(decided.needs_detail[row])
        return Suggestion(
            reasons=reasons,
            prediction_set=kept,
            contributing=self._named(decided.contributing[row], likely.contributing[row]),
            ruled_out=self._named(decided.ruled_out[row], likely.ruled_out[row]),
            needs_detail=needs_detail,
            question=self._question(kept) if needs_detail else None,
            signals=signals,
            recyclable=again.recyclable,
            reengage_on=again.reengage_on,
            truncated=bool(likely.truncated[row]),
            model=self.id,
        )

    def _named(self, chosen: NDArray[np.bool_], likely: NDArray[np.float64]) -> tuple[str, ...]:
        """Return the chosen codes, likeliest first."""
        return tuple(self._labels.codes[code] for code in _likeliest(likely) if chosen[code])

    def _question(self, kept: Sequence[str]) -> str:
        """Return what to ask: which of two reasons it was, or the first reason's own question."""
        named = [code for code in kept if code != INSUFFICIENT]
        if len(named) == 2:
            first, second = (self.taxonomy.reason(code).name for code in named)
            return f"Which decided it: {first} or {second}?"
        return self.taxonomy.reason(kept[0]).question


def load(
    path: str | Path | None = None,
    *,
    reader: TextReader | None = None,
    threads: int | None = None,
) -> LossModel:
    """Load a bundle, check it, and return the model.

    Parameters
    ----------
    path
        The folder of the bundle; by default the one that ships with lossnlp.
    reader
        Finds competitors, revisit dates and the like; by default one without company settings.
    threads
        Threads of the encoder; by default the cores that this process may use.

    Raises
    ------
    BundleError
        If a file is missing, changed or unexpected, the schema is another, or the bundle does not
        give its golden notes the probabilities that it gave them when it was written.
    """
    folder = default_path() if path is None else Path(path)
    bundle = read_bundle(folder, threads)
    model = LossModel(bundle, reader)
    _check_golden(model, bundle, folder)
    return model


def _check_golden(model: LossModel, bundle: Bundle, folder: Path) -> None:
    if not bundle.golden:
        return
    found = model.probabilities([golden.deal for golden in bundle.golden]).primary
    expected = np.array([golden.primary for golden in bundle.golden])
    if found.shape != expected.shape or not np.allclose(found, expected, atol=_GOLDEN_TOLERANCE):
        raise BundleError(
            f"{folder} does not read its golden notes as it did when it was trained; this version"
            " of lossnlp or of its dependencies reads differently: train the bundle again"
        )


def _likeliest(likely: NDArray[np.float64]) -> list[int]:
    return [int(code) for code in np.argsort(-likely, kind="stable")]


def _batches(deals: Sequence[Deal]) -> Iterator[Sequence[Deal]]:
    for start in range(0, len(deals), _BATCH):
        yield deals[start : start + _BATCH]
