"""Evidence: the clause that, read alone, speaks most clearly for a reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lossnlp.deals import Deal
from lossnlp.model._passages import Passage, Stretch, stretches_of
from lossnlp.model._suggestion import Evidence

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lossnlp.model._heads import LinearHeads
    from lossnlp.model._lexical import LexicalFeatures


class Clauses:
    """The clauses of many deals, each scored alone for every code.

    Parameters
    ----------
    deals
        The passages of each deal.
    features, heads
        The lexical view, which reads a clause as if it were the whole note.
    """

    def __init__(
        self, deals: Sequence[Sequence[Passage]], features: LexicalFeatures, heads: LinearHeads
    ) -> None:
        found = [stretches_of(passages) for passages in deals]
        flat = [stretch for stretches in found for stretch in stretches]
        scores = heads.scores(features.transform([[stretch.words] for stretch in flat])).primary
        edges = np.cumsum([len(stretches) for stretches in found])[:-1]
        self._stretches: list[list[Stretch]] = found
        self._scores: list[NDArray[np.float64]] = np.split(scores, edges)

    def best(self, deal: int, code: int) -> Stretch | None:
        """Return the clause of a deal that speaks most clearly for a code; None without words."""
        stretches = self._stretches[deal]
        if not stretches:
            return None
        return stretches[int(np.argmax(self._scores[deal][:, code]))]


def quote(deal: Deal, stretch: Stretch) -> Evidence:
    """Return a stretch with its offsets in the deal as it was given."""
    source = stretch.passage.source
    start, end = stretch.passage.clean.original(stretch.start, stretch.end)
    return Evidence(source, start, end, deal.source_text(source)[start:end])
