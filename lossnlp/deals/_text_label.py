"""Telling a column of picklist values from one of free text."""

from __future__ import annotations

from collections.abc import Sequence

#: Fewer filled cells than this say too little about a column.
_ENOUGH = 12


def is_free_text(values: Sequence[str]) -> bool:
    """Tell whether a column holds sentences rather than picklist values.

    So it is when most filled cells differ from all others and have four words or more on average.
    """
    given = [value.strip() for value in values if value.strip()]
    if len(given) < _ENOUGH:
        return False
    words = sum(len(value.split()) for value in given) / len(given)
    return len(set(given)) > len(given) / 2 and words >= 4
