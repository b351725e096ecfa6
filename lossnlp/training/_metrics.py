"""Metrics: what was right, how sure it was, and how much that differs between groups."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from lossnlp.model import Evidence, Labels
from lossnlp.taxonomy import INSUFFICIENT
from lossnlp.training._calibrate import Truth, truth_of
from lossnlp.training._folds import Readings
from lossnlp.training._labelled import HARD_FILES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lossnlp.training._labelled import LabelledDeal

    Flags = NDArray[np.bool_]

_BINS = 15
_SHORT_WORDS = 8
_LONG_WORDS = 100
_FEWEST_IN_GROUP = 20  # a group smaller than this says nothing about spread


def measure(deals: Sequence[LabelledDeal], labels: Labels, read: Readings) -> dict[str, Any]:
    """Measure what a model said of annotated deals.

    Returns
    -------
    dict
        ``n``, ``overall`` (metric → ``value`` with ``sd``, ``low``, ``high`` over groups),
        ``codes`` (code → precision, recall, f1, n, set_coverage), ``confusions`` (the twelve
        commonest), ``slices`` and ``groups``; ready for JSON. Shares are between 0 and 1.
    """
    truth = truth_of(deals, labels)
    table = _Table(deals, labels, truth, read)
    groups = np.array([labelled.group for labelled in deals])
    names = [g for g in dict.fromkeys(groups) if (groups == g).sum() >= _FEWEST_IN_GROUP]
    return {
        "n": len(deals),
        "overall": {
            name: _with_spread(metric, groups, names) for name, metric in table.metrics().items()
        },
        "codes": table.per_code(),
        "confusions": table.confusions(),
        "slices": table.slices(),
        "groups": {
            str(g): {"n": int((groups == g).sum()), "accuracy": table.accuracy(groups == g)}
            for g in names
        },
    }


def _with_spread(
    metric: Callable[[Flags], float | None], groups: NDArray[np.str_], names: Sequence[str]
) -> dict[str, float | None]:
    spread = [value for g in names if (value := metric(groups == g)) is not None]
    value = metric(np.ones(len(groups), dtype=bool))
    if len(spread) < 2:
        return {"value": value}
    sd = round(float(np.std(spread, ddof=1)), 4)
    return {"value": value, "sd": sd, "low": min(spread), "high": max(spread)}


def measure_pairs(
    pairs: Sequence[LabelledDeal], labels: Labels, top: Sequence[int]
) -> dict[str, float | int | None]:
    """Return how many notes, and how many whole pairs, were read right; a pair stands together."""
    right = np.array([labels.codes[c] == d.primary for c, d in zip(top, pairs, strict=True)])
    whole = right[::2] & right[1::2]
    return {"n": len(pairs), "accuracy": _mean(right), "whole_pairs": _mean(whole)}


class _Table:
    """All deals beside what was said of them."""

    def __init__(
        self, deals: Sequence[LabelledDeal], labels: Labels, truth: Truth, read: Readings
    ) -> None:
        self.deals, self.labels, self.truth, self.read = deals, labels, truth, read
        self.right = read.decided.top == truth.primary
        self.overlap = [overlap_of(d, e) for d, e in zip(deals, read.evidence, strict=True)]

    def metrics(self) -> dict[str, Callable[[Flags], float | None]]:
        """Return the metrics that are measured for all deals and for each group."""
        decided = self.read.decided
        return {
            "accuracy": self.accuracy,
            "macro_f1": self.macro_f1,
            "top3_accuracy": self.top3,
            "sub_reason_accuracy": self.sub_reason,
            "calibration_error": self.calibration_error,
            "set_coverage": lambda rows: _mean(self._covered[rows]),
            "set_size": lambda rows: _mean(decided.kept.sum(axis=1)[rows]),
            "answered": lambda rows: _mean(~decided.needs_detail[rows]),
            "answered_accuracy": lambda rows: _mean(self.right[rows & ~decided.needs_detail]),
            "contributing_f1": lambda rows: _flag_f1(
                decided.contributing, self.truth.contributing, rows & self.truth.contributing_known
            ),
            "ruled_out_f1": lambda rows: _flag_f1(
                decided.ruled_out, self.truth.ruled_out, rows & self.truth.ruled_out_known
            ),
            "evidence_overlap": lambda rows: self._evidence(rows, 0),
            "evidence_token_f1": lambda rows: self._evidence(rows, 1),
        }

    @property
    def _covered(self) -> Flags:
        rows = np.arange(len(self.deals))
        covered: Flags = self.read.decided.kept[rows, self.truth.primary]
        return covered

    def accuracy(self, rows: Flags) -> float | None:
        """Return the share of deals whose first reason is the annotated one."""
        return _mean(self.right[rows])

    def macro_f1(self, rows: Flags) -> float | None:
        """Return the mean F1 of the codes that are annotated or predicted among these deals."""
        found, true = self.read.decided.top[rows], self.truth.primary[rows]
        scores = [_f1(found == code, true == code) for code in np.unique([*found, *true])]
        return _mean(np.array(scores))

    def top3(self, rows: Flags) -> float | None:
        """Return the share of deals whose annotated reason is among the three likeliest."""
        primary = self.read.likely.primary[rows]
        true = primary[np.arange(len(primary)), self.truth.primary[rows]]
        return _mean((primary > true[:, None]).sum(axis=1) < 3)

    def sub_reason(self, rows: Flags) -> float | None:
        """Return the share of deals whose reason and sub-reason are both right."""
        known = np.flatnonzero(rows & (self.truth.sub >= 0))
        right = [
            self.right[row]
            and self.labels.likeliest_sub(self.truth.primary[row], self.read.likely.sub[row])
            == self.labels.sub[self.truth.sub[row]][1]
            for row in known
        ]
        return _mean(np.array(right, dtype=bool))

    def calibration_error(self, rows: Flags) -> float | None:
        """Return the expected calibration error of the top probability, in bins of equal size."""
        best, right = self.read.likely.primary.max(axis=1)[rows], self.right[rows]
        if not len(best):
            return None
        bins = np.array_split(np.argsort(best), min(_BINS, len(best)))
        gaps = [abs(best[b].mean() - right[b].mean()) * len(b) / len(best) for b in bins]
        return round(float(sum(gaps)), 4)

    def _evidence(self, rows: Flags, which: int) -> float | None:
        """Return the mean overlap (0) or token F1 (1) where evidence was annotated."""
        known = [self.overlap[row] for row in np.flatnonzero(rows)]
        return _mean(np.array([pair[which] for pair in known if pair is not None]))

    def per_code(self) -> dict[str, dict[str, float | int | None]]:
        """Return precision, recall, F1, set coverage and number of deals of each code."""
        found, true = self.read.decided.top, self.truth.primary
        return {
            name: {
                "n": int((true == code).sum()),
                "precision": _mean(true[found == code] == code),
                "recall": _mean(found[true == code] == code),
                "f1": round(_f1(found == code, true == code), 4),
                "set_coverage": _mean(self._covered[true == code]),
            }
            for code, name in enumerate(self.labels.codes)
        }

    def confusions(self) -> list[dict[str, str | int]]:
        """Return the commonest confusions."""
        pairs = np.stack([self.truth.primary, self.read.decided.top])[:, ~self.right]
        kinds, count = np.unique(pairs, axis=1, return_counts=True)
        return [
            {
                "annotated": self.labels.codes[kinds[0, place]],
                "predicted": self.labels.codes[kinds[1, place]],
                "n": int(count[place]),
            }
            for place in np.argsort(-count, kind="stable")[:12]
        ]

    def slices(self) -> dict[str, dict[str, float | int | None]]:
        """Return the accuracy on kinds of deals that are known to be hard."""
        words = np.array([len(_all_text(d).split()) for d in self.deals])
        kinds = {
            f"up to {_SHORT_WORDS} words": words <= _SHORT_WORDS,
            f"{_LONG_WORDS} words and more": words >= _LONG_WORDS,
            "with a ruled-out cause": np.array([bool(d.ruled_out) for d in self.deals]),
            "with a contributing cause": np.array([bool(d.contributing) for d in self.deals]),
            "buyer's words carry the reason": np.array([_buyer_decides(d) for d in self.deals]),
            "says nothing": np.array([d.primary == INSUFFICIENT for d in self.deals]),
        }
        hard = np.array([d.group in HARD_FILES for d in self.deals])
        if hard.any():
            kinds |= {"in files written to be hard": hard, "in the other files": ~hard}
        return {
            name: {"n": int(rows.sum()), "accuracy": self.accuracy(rows)}
            for name, rows in kinds.items()
        }


def overlap_of(labelled: LabelledDeal, found: Evidence | None) -> tuple[float, float] | None:
    """Return whether the evidence overlaps the annotated stretch (0 or 1), and their token F1.

    None where no evidence was annotated; no evidence found counts as 0.
    """
    span = labelled.evidence_span()
    if span is None:
        return None
    if found is None or not span.common(found):
        return 0.0, 0.0
    text = labelled.deal.source_text(span.source)
    shared = len(text[max(span.start, found.start) : min(span.end, found.end)].split())
    return 1.0, 2 * shared / (len(span.text.split()) + len(found.text.split()))


def _buyer_decides(labelled: LabelledDeal) -> bool:
    """Return whether a buyer's snippet carries the reason though the note has words of its own."""
    span = labelled.evidence_span()
    return (
        span is not None
        and labelled.voice_of(span.source) == "buyer"
        and bool(labelled.deal.note.strip())
    )


def _all_text(labelled: LabelledDeal) -> str:
    return " ".join([labelled.deal.note, *(s.text for s in labelled.deal.snippets)])


def _mean(values: NDArray[Any]) -> float | None:
    return round(float(values.mean()), 4) if len(values) else None


def _f1(found: Flags, true: Flags) -> float:
    both = found.sum() + true.sum()
    return float(2 * (found & true).sum() / both) if both else 0.0


def _flag_f1(found: Flags, true: Flags, rows: Flags) -> float | None:
    """Return the F1 over all codes of the chosen deals; None where nothing was annotated."""
    if not true[rows].any():
        return None
    return round(_f1(found[rows].ravel(), true[rows].ravel()), 4)
