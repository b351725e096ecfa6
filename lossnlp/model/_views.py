"""Views: independent readers of a deal whose scores are blended.

``lexical`` counts words; ``encoder``, where a bundle has one, reads the sentence.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from lossnlp.model._encoder import Encoded, Marks, Words
from lossnlp.model._heads import LinearHeads, Scores
from lossnlp.model._lexical import LexicalFeatures, Voice

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEXICAL, ENCODER = "lexical", "encoder"


class Encoder(Protocol):
    """A sentence encoder whose vector of a text does not depend on the other texts."""

    @property
    def files(self) -> Mapping[str, bytes]:
        """What it was made from: ``graph`` and ``tokenizer``."""
        ...

    @property
    def words(self) -> Words | None:
        """The vectors of its tokens, if they are not in the graph."""
        ...

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Return vectors, token scores, and whether a text was cut."""
        ...


class Seen(NamedTuple):
    """What the views see in n deals.

    ``scores`` of each view; ``truncated`` [n]; ``marks`` the encoder's token scores of each deal,
    None without an encoder.
    """

    scores: dict[str, Scores]
    truncated: NDArray[np.bool_]
    marks: Sequence[Marks | None]


@dataclass(frozen=True)
class Views:
    """The readers of a bundle.

    Attributes
    ----------
    features
        Lexical features.
    heads
        View → its heads.
    pointer
        [d] The weights with which lexical features tell the clause that carries the reason.
    encoder
        The sentence encoder, if there is one.
    """

    features: LexicalFeatures
    heads: Mapping[str, LinearHeads]
    pointer: NDArray[np.float32]
    encoder: Encoder | None = None

    def __call__(self, deals: Sequence[Sequence[Voice]]) -> Seen:
        """Read n deals, each given by its voices."""
        scores = {LEXICAL: self.heads[LEXICAL].scores(self.features.transform(deals))}
        if self.encoder is None:
            return Seen(scores, np.zeros(len(deals), dtype=bool), [None] * len(deals))
        encoded = self.encoder.encode([one_text(voices) for voices in deals])
        scores[ENCODER] = self.heads[ENCODER].scores(encoded.vectors)
        return Seen(scores, encoded.truncated, encoded.marks)


def one_text(voices: Sequence[Voice]) -> str:
    """Return the note and the marked snippets as one text, as the encoder reads them."""
    return "\n".join(_prefix(voice) + text for voice, text in voices if text)


def starts_in_one_text(voices: Sequence[Voice]) -> list[int]:
    """Return where each voice's words start in `one_text`; of an empty voice, where it would."""
    starts, end = [], 0
    for voice, text in voices:
        starts.append(end + len(_prefix(voice)))
        if text:
            end = starts[-1] + len(text) + 1
    return starts


def _prefix(voice: str) -> str:
    return "" if voice == "note" else f"{voice}: "
