"""Picklist values as texts: which spellings are the same value, and what a cell selects."""

from __future__ import annotations

import unicodedata


def label_key(label: str) -> str:
    """Return what is left of a value without case, spaces and punctuation.

    Two spellings of one value ("Product Value / Gaps", "product value/gaps") have the same key. A
    value of punctuation alone is its own key.
    """
    folded = unicodedata.normalize("NFKC", label).casefold().replace("&", " and ")
    letters = "".join(char for char in folded if unicodedata.category(char)[0] in "LMN")
    return letters or folded.strip()


def selections(label: str) -> list[str]:
    """Return the values that a cell selects; a multi-select cell separates them by ``;``."""
    return [part for part in (piece.strip() for piece in label.split(";")) if part]
