"""Held-out predictions: every group of deals read by a model that never saw the group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lossnlp.model import (
    LEXICAL,
    Clauses,
    Decisions,
    Evidence,
    Labels,
    Probabilities,
    Scores,
    Views,
    passages_of,
    quote,
    voices_of,
)
from lossnlp.taxonomy import INSUFFICIENT
from lossnlp.training._calibrate import Truth, calibrate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lossnlp.training._labelled import LabelledDeal

Fit = Callable[[Sequence["LabelledDeal"], Labels], Views]


@dataclass(frozen=True)
class Readings:
    """What a model says of n deals: probabilities, decisions, and evidence for its first reason."""

    likely: Probabilities
    decided: Decisions
    evidence: list[Evidence | None]


@dataclass(frozen=True)
class HeldOut:
    """Held-out scores of each view, and the clauses as the held-out lexical view scores them."""

    scores: dict[str, Scores]
    clauses: list[tuple[Clauses, int]]


def held_out(deals: Sequence[LabelledDeal], labels: Labels, fit: Fit) -> HeldOut:
    """Read each group with views fitted on all other groups."""
    groups = np.array([labelled.group for labelled in deals])
    parts: list[dict[str, Scores]] = []
    order: list[NDArray[np.intp]] = []
    clauses: dict[int, tuple[Clauses, int]] = {}
    for group in dict.fromkeys(groups):
        inside = np.flatnonzero(groups == group)
        views = fit([d for d in deals if d.group != group], labels)
        passages = [passages_of(deals[row].deal) for row in inside]
        parts.append(views([voices_of(p) for p in passages])[0])
        scored = Clauses(passages, views.features, views.heads[LEXICAL])
        clauses |= {int(row): (scored, place) for place, row in enumerate(inside)}
        order.append(inside)
    back = np.argsort(np.concatenate(order))
    scores = {view: Scores.stack([part[view] for part in parts]).rows(back) for view in parts[0]}
    return HeldOut(scores, [clauses[row] for row in range(len(deals))])


def cross_read(
    deals: Sequence[LabelledDeal], labels: Labels, truth: Truth, held: HeldOut
) -> Readings:
    """Read every deal with held-out scores and a calibration chosen on the other groups."""
    groups = np.array([labelled.group for labelled in deals])
    likely: list[Probabilities] = []
    decided: list[Decisions] = []
    order: list[NDArray[np.intp]] = []
    for group in dict.fromkeys(groups):
        inside = groups == group
        others = {view: scores.rows(~inside) for view, scores in held.scores.items()}
        calibration = calibrate(others, truth.rows(~inside), labels)
        here = {view: scores.rows(inside) for view, scores in held.scores.items()}
        likely.append(calibration.probabilities(here, labels, np.zeros(inside.sum(), dtype=bool)))
        decided.append(calibration.decide(likely[-1], labels))
        order.append(np.flatnonzero(inside))
    back = np.argsort(np.concatenate(order))
    decisions = Decisions.stack(decided).rows(back)
    return Readings(
        Probabilities.stack(likely).rows(back),
        decisions,
        [
            _evidence(labelled, clauses, place, int(top), labels)
            for labelled, (clauses, place), top in zip(
                deals, held.clauses, decisions.top, strict=True
            )
        ],
    )


def _evidence(
    labelled: LabelledDeal, clauses: Clauses, place: int, top: int, labels: Labels
) -> Evidence | None:
    if labels.codes[top] == INSUFFICIENT:
        return None
    stretch = clauses.best(place, top)
    return None if stretch is None else quote(labelled.deal, stretch)
