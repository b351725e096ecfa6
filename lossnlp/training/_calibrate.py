"""Choosing the calibration: weights, temperature and thresholds, on held-out scores only."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lossnlp.model import Blend, Calibration, Labels, Probabilities, Rows, Scores
from lossnlp.taxonomy import INSUFFICIENT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lossnlp.training._labelled import LabelledDeal

SET_COVERAGE = 0.90
ANSWER_PRECISION = 0.90
_ALWAYS = 1.0  # a floor that nothing reaches: no example to choose it on


@dataclass(frozen=True)
class Truth(Rows):
    """What annotators said of n deals, as arrays.

    ``primary`` [n] and ``sub`` [n] are positions (``sub`` is -1 where unknown); ``contributing``
    and ``ruled_out`` [n, k] flags, ``contributing_known`` and ``ruled_out_known`` [n] whether
    anybody said.
    """

    primary: NDArray[np.intp]
    sub: NDArray[np.intp]
    contributing: NDArray[np.bool_]
    contributing_known: NDArray[np.bool_]
    ruled_out: NDArray[np.bool_]
    ruled_out_known: NDArray[np.bool_]


def truth_of(deals: Sequence[LabelledDeal], labels: Labels) -> Truth:
    """Return the annotations of deals as arrays."""
    sub = {pair: column for column, pair in enumerate(labels.sub)}
    return Truth(
        primary=np.array([labels.codes.index(d.primary) for d in deals], dtype=np.intp),
        sub=np.array([sub.get((d.primary, d.sub_reason or ""), -1) for d in deals], dtype=np.intp),
        contributing=_flags([d.contributing for d in deals], labels),
        contributing_known=np.array([d.contributing is not None for d in deals], dtype=bool),
        ruled_out=_flags([d.ruled_out for d in deals], labels),
        ruled_out_known=np.array([d.ruled_out is not None for d in deals], dtype=bool),
    )


def _flags(said: Sequence[tuple[str, ...] | None], labels: Labels) -> NDArray[np.bool_]:
    return np.array([[code in (codes or ()) for code in labels.codes] for codes in said], bool)


def calibrate(
    held_out: Mapping[str, Scores], truth: Truth, labels: Labels, pointers: Mapping[str, float]
) -> Calibration:
    """Choose a calibration on held-out scores of each view.

    Weights and biases minimise the log-loss. ``set_floor`` is the split conformal quantile of
    least ambiguous sets (Sadinle et al. 2019),
    ``answer_floor`` the lowest top probability from
    which on the answers reach ``ANSWER_PRECISION``, the other floors maximise F0.5 over all codes.
    """
    blends = {
        "primary": _choose_shares(held_out, "primary", truth.primary, None),
        "sub": _choose_shares(held_out, "sub", truth.sub, labels.sub_code),
        "contributing": _flag_blend(
            held_out, "contributing", truth.contributing, _asked(truth, truth.contributing_known)
        ),
        "ruled_out": _flag_blend(
            held_out, "ruled_out", truth.ruled_out, _asked(truth, truth.ruled_out_known)
        ),
    }
    draft = Calibration(
        **blends,
        evidence=pointers,
        set_floor=0.0,
        set_coverage=SET_COVERAGE,
        answer_floor=0.0,
        answer_precision=ANSWER_PRECISION,
        contributing_floor=_ALWAYS,
        ruled_out_floor=_ALWAYS,
    )
    untruncated = np.zeros(len(truth.primary), dtype=bool)
    likely = draft.probabilities(held_out, labels, untruncated)
    return Calibration(
        **blends,
        evidence=pointers,
        set_floor=_set_floor(likely, truth),
        set_coverage=SET_COVERAGE,
        answer_floor=_answer_floor(likely, truth, labels),
        answer_precision=ANSWER_PRECISION,
        contributing_floor=_flag_floor(
            likely.contributing, truth.contributing, _asked(truth, truth.contributing_known)
        ),
        ruled_out_floor=_flag_floor(
            likely.ruled_out, truth.ruled_out, _asked(truth, truth.ruled_out_known)
        ),
    )


def _asked(truth: Truth, known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which entries [n, k] count: deals that were annotated, codes but the reason itself."""
    k = truth.contributing.shape[1]
    asked: NDArray[np.bool_] = known[:, None] & (np.arange(k) != truth.primary[:, None])
    return asked


def _choose_shares(
    held_out: Mapping[str, Scores],
    output: str,
    truth: NDArray[np.intp],
    group: NDArray[np.intp] | None,
) -> Blend:
    """Choose the weights of the views' log-probabilities that minimise the log-loss."""
    known = np.flatnonzero(truth >= 0)
    if not len(known):
        return Blend(dict.fromkeys(held_out, 1.0))
    stacked = np.stack([getattr(scores, output)[known] for scores in held_out.values()])
    target = truth[known]
    among = np.ones(stacked.shape[1:], bool)
    if group is not None:
        among = group[None, :] == group[target][:, None]

    def loss(weights: NDArray[np.float64]) -> float:
        margins = np.where(among, np.tensordot(weights, stacked, 1), -np.inf)
        margins -= margins.max(axis=1, keepdims=True)
        chosen = margins[np.arange(len(target)), target]
        return float(np.mean(np.log(np.exp(margins).sum(axis=1)) - chosen))

    weights = _minimise(loss, len(held_out))
    return Blend(dict(zip(held_out, weights, strict=True)))


def _flag_blend(
    held_out: Mapping[str, Scores],
    output: str,
    present: NDArray[np.bool_],
    asked: NDArray[np.bool_],
) -> Blend:
    """Choose weights and bias of the views' log-odds that minimise the log-loss."""
    if not (present & asked).any():
        return Blend(dict.fromkeys(held_out, 1.0))
    stacked = np.stack([getattr(scores, output)[asked] for scores in held_out.values()])
    sign = np.where(present[asked], 1.0, -1.0)

    def loss(weights: NDArray[np.float64]) -> float:
        log_odds = np.tensordot(weights[:-1], stacked, 1) + weights[-1]
        return float(np.mean(np.logaddexp(0, -sign * log_odds)))

    *weights, bias = _minimise(loss, len(held_out), free=1)
    return Blend(dict(zip(held_out, weights, strict=True)), bias)


def _minimise(
    loss: Callable[[NDArray[np.float64]], float], positive: int, free: int = 0
) -> list[float]:
    """Return the arguments of the least loss; the first ``positive`` of them are not negative."""
    from scipy.optimize import minimize

    start = np.array([1.0 / positive] * positive + [0.0] * free)
    bounds = [(0.0, None)] * positive + [(None, None)] * free
    found = minimize(loss, start, bounds=bounds, method="L-BFGS-B")
    return [round(float(value), 6) for value in found.x]


def _set_floor(likely: Probabilities, truth: Truth) -> float:
    n = len(truth.primary)
    given = np.sort(likely.primary[np.arange(n), truth.primary])[::-1]
    rank = min(n, math.ceil((n + 1) * SET_COVERAGE))
    return math.floor(float(given[rank - 1]) * 1e6) / 1e6


def _answer_floor(likely: Probabilities, truth: Truth, labels: Labels) -> float:
    answered = likely.primary.argmax(axis=1) != labels.codes.index(INSUFFICIENT)
    best = likely.primary.max(axis=1)[answered]
    right = (likely.primary.argmax(axis=1) == truth.primary)[answered]
    order = np.argsort(-best)
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(precision >= ANSWER_PRECISION)
    return round(float(best[order][enough[-1]]), 6) if len(enough) else _ALWAYS


def _flag_floor(
    likely: NDArray[np.float64], present: NDArray[np.bool_], asked: NDArray[np.bool_]
) -> float:
    """Return the threshold with the best F0.5 over all asked entries.

    It counts precision twice as much as recall: a cause that the text does not reject and that is
    shown as ruled out misleads, one that is not shown is only missed.
    """
    values, hits = likely[asked], present[asked]
    if not hits.any():
        return _ALWAYS
    order = np.argsort(-values)
    found = np.cumsum(hits[order])
    score = 1.25 * found / (np.arange(1, len(order) + 1) + 0.25 * hits.sum())
    return round(float(values[order][int(np.argmax(score))]), 6)
