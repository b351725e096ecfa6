"""Large tables as 8-bit integers with a scale a row: how a bundle keeps its weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]


def integers_of(
    table: NDArray[np.floating], axis: int = 1, top: int = 127
) -> tuple[NDArray[np.int8], Floats]:
    """Return whole numbers up to ``top`` and the scale of each slice, table ≈ whole · scale.

    ``axis`` is the one along which numbers share a scale; it stays in the scale with length 1.
    """
    scale = np.maximum(np.abs(table).max(axis=axis, keepdims=True), 1e-12) / top
    return np.round(table / scale).astype(np.int8), scale.astype(np.float32)


def rounded(table: NDArray[np.floating]) -> Floats:
    """Return a table [n, d] as it will be read from a bundle."""
    return from_8_bits(in_8_bits("", table), "")


def in_8_bits(name: str, table: NDArray[np.floating]) -> dict[str, NDArray[Any]]:
    """Return the arrays that keep a table [n, d] under a name."""
    whole, scale = integers_of(table)
    return {name: whole, f"{name}.scale": scale}


def from_8_bits(arrays: Mapping[str, NDArray[Any]], name: str) -> Floats:
    """Return the table that is kept under a name; without a scale it is kept as it is."""
    table: Floats = arrays[name].astype(np.float32)
    table *= arrays.get(f"{name}.scale", np.float32(1))
    return table
