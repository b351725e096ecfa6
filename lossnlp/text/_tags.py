"""Tags: which words of a text a model takes for a date to come back, or for a rival's name."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

#: The kinds of words that a model tags.
TAGS = ("revisit", "competitor")
#: Log-odds of a token that is not worth keeping.
UNLIKELY = -4.0


class Token(NamedTuple):
    """A token ``start:end`` of a clean text and its log-odds of belonging to a tag."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Tagged:
    """The tokens of a clean text above `UNLIKELY`, in order, for one tag.

    ``end`` is where the model stopped reading, if it did.
    """

    tokens: tuple[Token, ...] = ()
    end: int = sys.maxsize

    def highest(self, start: int, end: int) -> float:
        """Return the highest score of a token in a stretch."""
        inside = (token.score for token in self.tokens if token.start < end and token.end > start)
        return max(inside, default=UNLIKELY)

    def dismissed(self, start: int, end: int) -> bool:
        """Return whether the model read a stretch and took none of it for the tag."""
        return end <= self.end and self.highest(start, end) <= UNLIKELY


#: What a model tagged in a deal: tag → source (``note``, ``snippet:0``) → tokens.
DealTags: TypeAlias = Mapping[str, Mapping[str, Tagged]]
