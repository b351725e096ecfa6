"""Distilling the fast tier: a student of the trained model, and when to ask the model instead."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lossnlp.deals import Deal
from lossnlp.model import FAST, Bundle, FastModel, LossModel, Probabilities
from lossnlp.training._calibrate import calibrate, truth_of
from lossnlp.training._folds import Fit
from lossnlp.training._labelled import LabelledDeal
from lossnlp.training._student import teach

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: ``auto`` may be less often right than the exact tier by so much, on held-out deals.
ALLOWED_LOSS = 0.005

_MADE = 2_000  # more of them cost time and teach a linear student nothing
_SHOWN = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # margins of the curve on the card

Measured = dict[str, Any]


def distil(
    bundle: Bundle,
    deals: Sequence[LabelledDeal],
    fit: Fit,
    held: Collection[str],
    *,
    seed: int = 0,
) -> FastModel:
    """Teach a student what a trained model says, and choose when to ask the model instead.

    The student learns from the model's probabilities of the labelled deals and of deals recombined
    from them. Calibration, margin and what is measured come from held-out groups: a teacher is
    fitted on the other groups, and a first student is taught by it alone.

    Parameters
    ----------
    bundle
        The trained model, the exact tier.
    deals
        The labelled deals that it was trained on.
    fit
        How its views were fitted; called once more, without the held-out groups.
    held
        The groups that are held out.
    seed
        Of what is drawn.
    """
    rest = [labelled for labelled in deals if labelled.group not in held]
    inside = [labelled for labelled in deals if labelled.group in held]
    teacher = Bundle(bundle.taxonomy, fit(rest, bundle.labels), bundle.calibration, {})
    first = teach(teacher, rest, _MADE, seed)
    truth = truth_of(inside, bundle.labels)
    unread = [labelled.deal for labelled in inside]
    calibration = calibrate({FAST: first.scores(unread)}, truth, bundle.labels, {})
    student = FastModel(first.vocabulary, first.heads, calibration, 0.0, {})
    model = LossModel(teacher)
    exact, exact_rate = _timed(lambda deals: model.reading(deals).probabilities, unread)
    fast, fast_rate = _timed(student.read, unread)
    margin, measured = choose_margin(exact.primary, fast.primary, truth.primary)
    measured["rate"] = rates(exact_rate, fast_rate, measured["handed_over"])
    final = teach(bundle, deals, _MADE, seed)
    return FastModel(final.vocabulary, final.heads, calibration, margin, measured)


def choose_margin(
    exact: NDArray[np.float64], fast: NDArray[np.float64], truth: NDArray[np.intp]
) -> tuple[float, Measured]:
    """Choose the smallest lead at which the cascade loses at most ``ALLOWED_LOSS`` of accuracy.

    Parameters
    ----------
    exact, fast
        Held-out probabilities of both tiers, [n, k].
    truth
        The position of the right code, [n].

    Returns
    -------
    tuple
        The margin, and what was measured: accuracies, agreements and the share handed over; the
        ``curve`` holds the same for other margins.
    """
    cascade = _Cascade(exact, fast, truth)
    floor = cascade.right(cascade.by_exact) - ALLOWED_LOSS
    margins = np.linspace(0.0, 1.0, 201)
    enough = (float(m) for m in margins if cascade.right(cascade.answers(m)) >= floor)
    margin = next(enough, 1.0)
    answers = {"exact": cascade.by_exact, "fast": cascade.by_fast, "auto": cascade.answers(margin)}
    return margin, {
        "n": len(truth),
        "accuracy": {tier: cascade.right(answer) for tier, answer in answers.items()},
        "agreement": {tier: cascade.agreed(answers[tier]) for tier in ("fast", "auto")},
        "handed_over": cascade.handed_over(margin),
        "curve": [cascade.at(m) for m in _SHOWN],
    }


class _Cascade:
    """Held-out answers of the student and of the model, and of both together."""

    def __init__(
        self,
        exact: NDArray[np.float64],
        fast: NDArray[np.float64],
        truth: NDArray[np.intp],
    ) -> None:
        self.by_exact, self.by_fast = exact.argmax(axis=1), fast.argmax(axis=1)
        self._truth = truth
        ordered = np.sort(fast, axis=1)
        self._lead = ordered[:, -1] - ordered[:, -2]

    def answers(self, margin: float) -> NDArray[np.intp]:
        chosen: NDArray[np.intp] = np.where(self._lead < margin, self.by_exact, self.by_fast)
        return chosen

    def handed_over(self, margin: float) -> float:
        return round(float((self._lead < margin).mean()), 4)

    def right(self, answers: NDArray[np.intp]) -> float:
        return round(float((answers == self._truth).mean()), 4)

    def agreed(self, answers: NDArray[np.intp]) -> float:
        return round(float((answers == self.by_exact).mean()), 4)

    def at(self, margin: float) -> Measured:
        answers = self.answers(margin)
        return {
            "margin": margin,
            "handed_over": self.handed_over(margin),
            "accuracy": self.right(answers),
            "agreement": self.agreed(answers),
        }


def rates(exact: float, fast: float, handed_over: float) -> dict[str, float]:
    """Return deals a second of each tier, those of ``auto`` from the other two."""
    auto = 1 / (1 / fast + handed_over / exact)
    return {"exact": round(exact, 1), "fast": round(fast, 1), "auto": round(auto, 1)}


def _timed(
    read: Callable[[Sequence[Deal]], Probabilities], deals: Sequence[Deal]
) -> tuple[Probabilities, float]:
    """Return what is read, and deals a second of processor time."""
    read(deals[:1])  # loads what is loaded at the first call
    began = time.process_time()
    likely = read(deals)
    return likely, len(deals) / (time.process_time() - began)
