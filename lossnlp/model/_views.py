"""Views: independent readers of a deal whose scores are blended.

``lexical`` counts words; ``encoder``, where a bundle has one, reads the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from lossnlp.model._encoder import Encoded
from lossnlp.model._heads import LinearHeads, Scores
from lossnlp.model._lexical import LexicalFeatures, Voice

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEXICAL, ENCODER = "lexical", "encoder"


class Encoder(Protocol):
    """A sentence encoder whose vector of a text does not depend on the other texts."""

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return one vector a text, and whether the text was cut."""
        ...


@dataclass(frozen=True)
class Views:
    """The readers of a bundle: lexical features, an encoder or none, and the heads of each."""

    features: LexicalFeatures
    heads: Mapping[str, LinearHeads]
    encoder: Encoder | None = None

    def __call__(
        self, deals: Sequence[Sequence[Voice]]
    ) -> tuple[dict[str, Scores], NDArray[np.bool_]]:
        """Return the scores of each view, and whether a text was cut, [n]."""
        scores = {LEXICAL: self.heads[LEXICAL].scores(self.features.transform(deals))}
        truncated = np.zeros(len(deals), dtype=bool)
        if self.encoder is not None:
            encoded = self.encoder.encode([one_text(voices) for voices in deals])
            truncated = encoded.truncated
            scores[ENCODER] = self.heads[ENCODER].scores(encoded.vectors)
        return scores, truncated


def one_text(voices: Sequence[Voice]) -> str:
    """Return the note and the marked snippets as one text, as the encoder reads them."""
    return "\n".join(
        text if voice == "note" else f"{voice}: {text}" for voice, text in voices if text
    )
