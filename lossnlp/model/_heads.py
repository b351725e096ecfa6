"""Heads: linear layers that turn features into scores for every output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lossnlp.model._rows import Rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lossnlp.model._lexical import SparseRows


class Features(Protocol):
    """Features of n deals, one row a deal, in any form that weights can be multiplied with."""

    def __matmul__(self, weights: Any, /) -> Any:
        """Return the product, [n, width]."""
        ...


#: The outputs, in the order in which a head's columns stand side by side.
OUTPUTS = ("primary", "sub", "contributing", "ruled_out")


@dataclass(frozen=True)
class Labels:
    """The names of the outputs: codes, and the sub-reasons of each code.

    ``codes`` has k entries, ``sub`` m pairs of code and sub-reason, grouped by code in the order
    of ``codes``.
    """

    codes: tuple[str, ...]
    sub: tuple[tuple[str, str], ...]

    @cached_property
    def sub_code(self) -> NDArray[np.intp]:
        """For each sub-reason the position of its code, [m]."""
        return np.array([self.codes.index(code) for code, _ in self.sub], dtype=np.intp)

    def likeliest_sub(self, code: int, likely: NDArray[np.float64]) -> str | None:
        """Return the likeliest sub-reason of a code, given one deal's ``sub`` row, [m]."""
        columns = np.flatnonzero(self.sub_code == code)
        if not len(columns):
            return None
        _, name = self.sub[int(columns[np.argmax(likely[columns])])]
        return name

    def widths(self) -> dict[str, int]:
        """Return the number of columns of each output."""
        k = len(self.codes)
        return {"primary": k, "sub": len(self.sub), "contributing": k, "ruled_out": k}


@dataclass(frozen=True)
class Scores(Rows):
    """What one view (lexical or encoder) says of n deals, before calibration.

    ``primary`` [n, k] log-probabilities; ``sub`` [n, m] log-probabilities within the code of each
    sub-reason; ``contributing`` and ``ruled_out`` [n, k] log-odds.
    """

    primary: NDArray[np.float64]
    sub: NDArray[np.float64]
    contributing: NDArray[np.float64]
    ruled_out: NDArray[np.float64]


class LinearHeads:
    """One linear layer over all outputs.

    Parameters
    ----------
    labels
        The names of the outputs.
    weights
        [d, k + m + 2k], the columns in the order of ``OUTPUTS``.
    bias
        [k + m + 2k]
    """

    def __init__(
        self, labels: Labels, weights: NDArray[np.floating], bias: NDArray[np.floating]
    ) -> None:
        self.labels = labels
        self.weights = np.ascontiguousarray(weights, dtype=np.float32)
        self.bias = np.asarray(bias, dtype=np.float32)

    @classmethod
    def join(
        cls, labels: Labels, parts: Mapping[str, tuple[NDArray[np.floating], NDArray[np.floating]]]
    ) -> LinearHeads:
        """Put the heads of the outputs (name → weights [d, width], bias [width]) side by side."""
        return cls(
            labels,
            np.concatenate([parts[name][0] for name in OUTPUTS], axis=1),
            np.concatenate([parts[name][1] for name in OUTPUTS]),
        )

    def primary(self, features: SparseRows) -> NDArray[np.float64]:
        """Return the margins of the codes alone, [n, k]."""
        k = len(self.labels.codes)
        return np.asarray(features @ self.weights[:, :k], dtype=np.float64) + self.bias[:k]

    def raw(self, features: Features) -> dict[str, NDArray[np.float64]]:
        """Return the margins of every output, [n, width] each."""
        margins = np.asarray(features @ self.weights, dtype=np.float64) + self.bias
        edges = np.cumsum(list(self.labels.widths().values()))[:-1]
        return dict(zip(OUTPUTS, np.split(margins, edges, axis=1), strict=True))

    def scores(self, features: Features) -> Scores:
        """Return the scores of n deals from their features, [n, d]."""
        margins = self.raw(features)
        return Scores(
            log_softmax(margins["primary"]),
            log_softmax_within(margins["sub"], self.labels.sub_code),
            margins["contributing"],
            margins["ruled_out"],
        )


def log_softmax(margins: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log-probabilities along the last axis, [n, k]."""
    shifted = margins - margins.max(axis=1, keepdims=True)
    normalised: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return normalised


def log_softmax_within(
    margins: NDArray[np.float64], group: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Return log-probabilities among the columns of each group, [n, m].

    ``group`` [m] names the group of each column; the columns of a group stand together.
    """
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    sizes = np.diff(starts, append=len(group))

    def spread(of_groups: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.repeat(of_groups, sizes, axis=1)

    shifted = margins - spread(np.maximum.reduceat(margins, starts, axis=1))
    sums: NDArray[np.float64] = np.add.reduceat(np.exp(shifted), starts, axis=1)
    return shifted - spread(np.log(sums))
