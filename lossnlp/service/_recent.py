"""What was suggested lately, so that feedback can be measured against it."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

_MOST_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Suggested:
    """The codes that were suggested under one id, likeliest first, and by which model."""

    codes: tuple[str, ...]
    model: str

    def rank(self, chosen: Collection[str]) -> int:
        """Return the best rank, from 1, of any of the chosen codes; 0 if none was suggested."""
        ranks = (rank for rank, code in enumerate(self.codes, start=1) if code in chosen)
        return next(ranks, 0)


class Recent:
    """The latest suggestions by id; the oldest are forgotten. No text is kept."""

    def __init__(self) -> None:
        self._by_id: OrderedDict[str, Suggested] = OrderedDict()

    def add(self, suggestion_id: str, suggested: Suggested) -> None:
        """Remember what was suggested under this id last."""
        self._by_id[suggestion_id] = suggested
        self._by_id.move_to_end(suggestion_id)
        if len(self._by_id) > _MOST_KEPT:
            self._by_id.popitem(last=False)

    def get(self, suggestion_id: str) -> Suggested | None:
        """Return what was suggested under this id, or None if it is not known any more."""
        return self._by_id.get(suggestion_id)


def is_blind(suggestion_id: str, share: float) -> bool:
    """Tell whether the suggestion with this id is held back.

    The id alone decides, so that every call for one loss entry, a repeated call and another
    process say the same.
    """
    digest = hashlib.sha256(suggestion_id.encode()).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64
