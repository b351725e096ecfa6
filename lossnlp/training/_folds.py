"""Held-out predictions: every group of deals read by a model that never saw the group."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from lossnlp.model import (
    Clauses,
    Decisions,
    Evidence,
    Labels,
    Probabilities,
    Scores,
    Views,
    passages_of,
    quote,
    tags_of,
    voices_of,
)
from lossnlp.taxonomy import INSUFFICIENT
from lossnlp.training._calibrate import calibrate, truth_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lossnlp.text import DealTags
    from lossnlp.training._labelled import LabelledDeal

_POINTER_WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0)  # tried for each view

Fit = Callable[[Sequence["LabelledDeal"], Labels], Views]


@dataclass(frozen=True)
class Readings:
    """What a model says of n deals: probabilities, decisions, and evidence for its first reason."""

    likely: Probabilities
    decided: Decisions
    evidence: list[Evidence | None]


@dataclass(frozen=True)
class HeldOut:
    """Held-out scores of each view; of each deal its clauses, its place among them, its tags."""

    scores: dict[str, Scores]
    clauses: list[tuple[Clauses, int]]
    tags: list[DealTags | None]


def held_out(
    deals: Sequence[LabelledDeal],
    labels: Labels,
    fit: Fit,
    progress: Callable[[int, int], None] = lambda done, total: None,
    folds: Sequence[Collection[str]] | None = None,
) -> HeldOut:
    """Read the groups of each fold with views fitted on all other groups.

    Each group is a fold by default. Deals of a group that is in no fold are learnt from only; the
    result holds the others in the order of ``deals``.
    """
    groups = [labelled.group for labelled in deals]
    folds = folds or [{group} for group in dict.fromkeys(groups)]
    parts: list[dict[str, Scores]] = []
    order: list[NDArray[np.intp]] = []
    clauses: dict[int, tuple[Clauses, int]] = {}
    tags: dict[int, DealTags | None] = {}
    for done, fold in enumerate(folds):
        progress(done, len(folds))
        inside = np.flatnonzero([group in fold for group in groups])
        views = fit([d for d in deals if d.group not in fold], labels)
        passages = [passages_of(deals[int(row)].deal) for row in inside]
        seen = views([voices_of(p) for p in passages])
        parts.append(seen.scores)
        read = Clauses(passages, views, seen.marks)
        clauses |= {int(row): (read, place) for place, row in enumerate(inside)}
        tagged = map(tags_of, passages, seen.marks)
        tags |= {int(row): its for row, its in zip(inside, tagged, strict=True)}
        order.append(inside)
    back = np.argsort(np.concatenate(order))
    scores = {view: Scores.stack([part[view] for part in parts]).rows(back) for view in parts[0]}
    rows = sorted(clauses)
    return HeldOut(scores, [clauses[row] for row in rows], [tags[row] for row in rows])


def cross_read(
    deals: Sequence[LabelledDeal], labels: Labels, held: HeldOut, pointers: Mapping[str, float]
) -> Readings:
    """Read every deal with held-out scores and a calibration chosen on the other groups."""
    truth = truth_of(deals, labels)
    groups = np.array([labelled.group for labelled in deals])
    likely: list[Probabilities] = []
    decided: list[Decisions] = []
    order: list[NDArray[np.intp]] = []
    for group in dict.fromkeys(groups):
        inside = groups == group
        others = {view: scores.rows(~inside) for view, scores in held.scores.items()}
        calibration = calibrate(others, truth.rows(~inside), labels, pointers)
        here = {view: scores.rows(inside) for view, scores in held.scores.items()}
        likely.append(calibration.probabilities(here, labels, np.zeros(inside.sum(), dtype=bool)))
        decided.append(calibration.decide(likely[-1], labels))
        order.append(np.flatnonzero(inside))
    back = np.argsort(np.concatenate(order))
    decisions = Decisions.stack(decided).rows(back)
    evidence = [
        _evidence(labelled, spot, int(top), labels, pointers)
        for labelled, spot, top in zip(deals, held.clauses, decisions.top, strict=True)
    ]
    return Readings(Probabilities.stack(likely).rows(back), decisions, evidence)


def _evidence(
    labelled: LabelledDeal,
    spot: tuple[Clauses, int],
    code: int,
    labels: Labels,
    pointers: Mapping[str, float],
) -> Evidence | None:
    clauses, place = spot
    if labels.codes[code] == INSUFFICIENT:
        return None
    stretch = clauses.best(place, code, pointers)
    return None if stretch is None else quote(labelled.deal, stretch)


def choose_pointers(
    deals: Sequence[LabelledDeal], labels: Labels, held: HeldOut
) -> dict[str, float]:
    """Choose how much each view's pointer counts: the most annotated stretches overlapped."""
    spans = [labelled.evidence_span() for labelled in deals]
    known = [row for row, span in enumerate(spans) if span is not None]

    def overlapped(weights: Mapping[str, float]) -> int:
        hits = 0
        for row in known:
            code = labels.codes.index(deals[row].primary)
            found = _evidence(deals[row], held.clauses[row], code, labels, weights)
            span = spans[row]
            hits += found is not None and span is not None and span.common(found) > 0
        return hits

    choices = [
        dict(zip(held.scores, weights, strict=True))
        for weights in product(_POINTER_WEIGHTS, repeat=len(held.scores))
    ]
    return max(choices, key=overlapped)
