"""Heads on an encoder that stays as it is: what a user's own labels train without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from lossnlp.model import ENCODER, Encoder, Labels, Views, Voice, one_text
from lossnlp.training._fit import fit_heads, fit_lexical
from lossnlp.training._labelled import LabelledDeal

if TYPE_CHECKING:
    from numpy.typing import NDArray

_COST = 0.1


@dataclass(frozen=True)
class FitFrozen:
    """Fits the lexical view, and heads on the vectors of a trained encoder.

    Each text is encoded once, however many folds it is part of.
    """

    encoder: Encoder
    _vectors: dict[str, NDArray[np.float32]] = field(default_factory=dict, repr=False)

    def __call__(self, deals: Sequence[LabelledDeal], labels: Labels) -> Views:
        """Fit both views on labelled deals."""
        lexical = fit_lexical(deals, labels)
        heads = fit_heads(deals, labels, self._transform, cost=_COST)
        return replace(lexical, heads={**lexical.heads, ENCODER: heads}, encoder=self.encoder)

    def _transform(self, deals: Sequence[Sequence[Voice]]) -> NDArray[np.float32]:
        texts = [one_text(voices) for voices in deals]
        new = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        if new:
            vectors = self.encoder.encode(new).vectors
            self._vectors.update(zip(new, vectors, strict=True))
        return np.stack([self._vectors[text] for text in texts])
