"""From the encoder's tokens to the tags that the text room reads."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from lossnlp.model._encoder import MAX_TOKENS
from lossnlp.model._passages import Passage, voices_of
from lossnlp.model._views import starts_in_one_text
from lossnlp.text import TAGS, UNLIKELY, DealTags, Tagged, Token

if TYPE_CHECKING:
    from lossnlp.model._encoder import Marks


def tags_of(passages: Sequence[Passage], marks: Marks | None) -> DealTags | None:
    """Return what the encoder tagged in a deal; None without an encoder that tags."""
    if marks is None or marks.tags is None:
        return None
    begins = starts_in_one_text(voices_of(passages))
    read_to = int(marks.spans[:, 1].max()) if len(marks.spans) >= MAX_TOKENS else sys.maxsize
    tags: dict[str, dict[str, Tagged]] = {tag: {} for tag in TAGS}
    seen = marks.spans[:, 1] > marks.spans[:, 0]
    for tag, scores in zip(TAGS, marks.tags.T, strict=True):
        rows = np.flatnonzero(seen & (scores > UNLIKELY))  # few: most words are neither
        spans, kept = marks.spans[rows].tolist(), scores[rows].tolist()
        likely = [Token(a, b, score) for (a, b), score in zip(spans, kept, strict=True)]
        for passage, begin in zip(passages, begins, strict=True):
            stop = begin + len(passage.clean.text)
            here = [t for t in likely if begin <= t.start and t.end <= stop]
            if here or read_to < stop:
                moved = (Token(t.start - begin, t.end - begin, t.score) for t in here)
                tags[tag][passage.source] = Tagged(tuple(moved), read_to - begin)
    return tags
