"""Calibration: from the views' scores to probabilities, prediction sets and abstention."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from lossnlp.model._heads import Labels, Scores, log_softmax, log_softmax_within
from lossnlp.model._rows import Rows
from lossnlp.taxonomy import INSUFFICIENT

if TYPE_CHECKING:
    from numpy.typing import NDArray


_DOUBT = 1e-4  # keeps the logarithms of a wordless deal's probabilities finite


@dataclass(frozen=True)
class Probabilities(Rows):
    """Calibrated probabilities of n deals, for k codes and m sub-reasons.

    ``primary`` [n, k] sums to 1; ``contributing`` and ``ruled_out`` [n, k] stand each for itself;
    ``sub`` [n, m] sums to 1 within each code; ``truncated`` [n] says whether a text was cut.
    """

    primary: NDArray[np.float64]
    contributing: NDArray[np.float64]
    ruled_out: NDArray[np.float64]
    sub: NDArray[np.float64]
    truncated: NDArray[np.bool_]

    def silence(self, rows: NDArray[np.bool_], labels: Labels) -> Probabilities:
        """Return the same with nothing said in some deals: without a word there is no reason."""
        if not rows.any():
            return self
        nothing = np.full(len(labels.codes), _DOUBT / (len(labels.codes) - 1))
        nothing[labels.codes.index(INSUFFICIENT)] = 1 - _DOUBT
        return replace(
            self,
            primary=np.where(rows[:, None], nothing, self.primary),
            contributing=np.where(rows[:, None], 0.0, self.contributing),
            ruled_out=np.where(rows[:, None], 0.0, self.ruled_out),
        )

    @classmethod
    def empty(cls, labels: Labels) -> Probabilities:
        """Return the probabilities of no deal."""
        k = len(labels.codes)
        none, flags = np.empty((0, k)), np.empty(0, dtype=bool)
        return cls(none, none, none, np.empty((0, len(labels.sub))), flags)


@dataclass(frozen=True)
class Decisions(Rows):
    """What is said of n deals: ``top`` [n] is the position of the reason, the rest are flags.

    ``kept`` [n, k] is the prediction set; ``needs_detail`` [n]; ``contributing`` and ``ruled_out``
    [n, k] never hold the reason itself and never overlap.
    """

    top: NDArray[np.intp]
    kept: NDArray[np.bool_]
    needs_detail: NDArray[np.bool_]
    contributing: NDArray[np.bool_]
    ruled_out: NDArray[np.bool_]


@dataclass(frozen=True)
class Blend:
    """A weighted sum of the views' scores; ``bias`` is added to log-odds only."""

    weights: Mapping[str, float]
    bias: float = 0.0

    def __call__(self, scores: Mapping[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Return the sum over the views, [n, width]."""
        total: NDArray[np.float64] = np.sum(
            [self.weights[view] * scores[view] for view in self.weights], axis=0
        )
        return total + self.bias


@dataclass(frozen=True)
class Calibration:
    """Everything that was chosen on out-of-fold predictions.

    Parameters
    ----------
    primary, sub
        Weights of the views' log-probabilities before the softmax: a weight is the view's share
        divided by the temperature.
    contributing, ruled_out
        Weights and bias of the views' log-odds (Platt scaling).
    evidence
        Weights of the views' pointers beside the margin of the first reason, for its clause.
    set_floor
        A code is in the prediction set if its probability is at least this (split conformal,
        least ambiguous sets: one minus the quantile of the nonconformity scores).
    set_coverage
        The coverage for which ``set_floor`` was chosen.
    answer_floor
        Below this top probability the deal needs detail.
    answer_precision
        The accuracy of the answered deals for which ``answer_floor`` was chosen.
    contributing_floor, ruled_out_floor
        A code is reported from this probability on.
    """

    primary: Blend
    sub: Blend
    contributing: Blend
    ruled_out: Blend
    evidence: Mapping[str, float]
    set_floor: float
    set_coverage: float
    answer_floor: float
    answer_precision: float
    contributing_floor: float
    ruled_out_floor: float

    @property
    def views(self) -> tuple[str, ...]:
        """The views whose scores are blended."""
        return tuple(self.primary.weights)

    def probabilities(
        self, scores: Mapping[str, Scores], labels: Labels, truncated: NDArray[np.bool_]
    ) -> Probabilities:
        """Return calibrated probabilities from the scores of each view."""
        primary = self.primary({view: s.primary for view, s in scores.items()})
        sub = self.sub({view: s.sub for view, s in scores.items()})
        contributing = self.contributing({view: s.contributing for view, s in scores.items()})
        ruled_out = self.ruled_out({view: s.ruled_out for view, s in scores.items()})
        return Probabilities(
            primary=np.exp(log_softmax(primary)),
            contributing=_logistic(contributing),
            ruled_out=_logistic(ruled_out),
            sub=np.exp(log_softmax_within(sub, labels.sub_code)),
            truncated=truncated,
        )

    def decide(self, likely: Probabilities, labels: Labels) -> Decisions:
        """Apply the thresholds to the probabilities of n deals."""
        top = likely.primary.argmax(axis=1)
        best = likely.primary.max(axis=1)
        is_top = np.arange(len(labels.codes)) == top[:, None]
        insufficient = labels.codes.index(INSUFFICIENT)
        others = ~is_top
        others[:, insufficient] = False
        helps = others & (likely.contributing >= self.contributing_floor)
        rejects = others & (likely.ruled_out >= self.ruled_out_floor)
        read_both_ways = helps & rejects
        return Decisions(
            top=top,
            kept=is_top | (likely.primary >= self.set_floor),
            needs_detail=(top == insufficient) | (best < self.answer_floor),
            contributing=helps & ~read_both_ways,
            ruled_out=rejects & ~read_both_ways,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for the manifest."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """Read what ``to_dict`` wrote."""
        plain: dict[str, Any] = dict(data)
        for name in ("primary", "sub", "contributing", "ruled_out"):
            plain[name] = Blend(**plain[name])
        return cls(**plain)


def _logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-x)) without overflow."""
    smooth: NDArray[np.float64] = 0.5 * (1 + np.tanh(0.5 * log_odds))
    return smooth
