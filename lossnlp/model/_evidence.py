"""Evidence: the clause that speaks most clearly for a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lossnlp.deals import Deal
from lossnlp.model._passages import Passage, Stretch, stretches_of, voices_of
from lossnlp.model._suggestion import Evidence
from lossnlp.model._views import ENCODER, LEXICAL, starts_in_one_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lossnlp.model._encoder import Marks
    from lossnlp.model._views import Views

_UNMARKED = -8.0  # log-odds of a clause that lies behind what the encoder read


class Clauses:
    """The clauses of n deals, each read alone.

    A clause has a margin for every code, as if it were the whole note, and *pointers*: how much
    each view takes it for the words that carry the deal's reason.

    Parameters
    ----------
    deals
        The passages of each deal.
    views
        The readers.
    marks
        The encoder's token scores of each deal, or None.
    """

    def __init__(
        self,
        deals: Sequence[Sequence[Passage]],
        views: Views,
        marks: Sequence[Marks | None],
    ) -> None:
        self._stretches: list[list[Stretch]] = [stretches_of(passages) for passages in deals]
        # A deal of one clause leaves no choice: there is nothing to weigh.
        asked = [stretches if len(stretches) > 1 else [] for stretches in self._stretches]
        features = views.features.transform(
            [[stretch.words] for stretches in asked for stretch in stretches]
        )
        edges = np.cumsum([len(stretches) for stretches in asked])[:-1]
        self._margins = np.split(views.heads[LEXICAL].primary(features), edges)
        self._pointers: list[dict[str, NDArray[np.floating]]] = [
            {LEXICAL: pointer} for pointer in np.split(features @ views.pointer, edges)
        ]
        for row, seen in enumerate(marks):
            if seen is not None:
                self._pointers[row][ENCODER] = _marked(deals[row], asked[row], seen)

    def best(self, deal: int, code: int, weights: Mapping[str, float]) -> Stretch | None:
        """Return the clause of a deal that speaks most clearly for a code; None without words.

        ``weights`` says how much each view's pointer counts beside the margin of the code.
        """
        stretches = self._stretches[deal]
        if len(stretches) < 2:
            return stretches[0] if stretches else None
        clear = self._margins[deal][:, code]
        for view, weight in weights.items():
            clear = clear + weight * self._pointers[deal][view]
        return stretches[int(np.argmax(clear))]


def _marked(
    passages: Sequence[Passage], stretches: Sequence[Stretch], marks: Marks
) -> NDArray[np.float64]:
    """Return the highest token score inside each clause."""
    begins = dict(
        zip((p.source for p in passages), starts_in_one_text(voices_of(passages)), strict=True)
    )
    highest = np.full(len(stretches), _UNMARKED)
    for place, stretch in enumerate(stretches):
        start = begins[stretch.passage.source] + stretch.start
        end = begins[stretch.passage.source] + stretch.end
        inside = (marks.spans[:, 0] < end) & (marks.spans[:, 1] > start)
        highest[place] = marks.scores[inside].max(initial=_UNMARKED)
    return highest


def quote(deal: Deal, stretch: Stretch) -> Evidence:
    """Return a stretch with its offsets in the deal as it was given."""
    source = stretch.passage.source
    start, end = stretch.passage.clean.original(stretch.start, stretch.end)
    return Evidence(source, start, end, deal.source_text(source)[start:end])
