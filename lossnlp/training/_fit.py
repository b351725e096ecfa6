"""Fitting the lexical view: vocabularies, and one linear head for each output."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lossnlp.model import (
    LEXICAL,
    Labels,
    LexicalFeatures,
    LinearHeads,
    Views,
    Voice,
    passages_of,
    quote,
    rounded,
    stretches_of,
    voices_of,
)
from lossnlp.training._labelled import LabelledDeal

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array
    from sklearn.svm import LinearSVC

    Matrix = csr_array | NDArray[np.float32]
    Head = tuple[NDArray[np.float64], NDArray[np.float64]]

_LEAST_DEALS = 2  # a term of a single deal is a name or a slip
_MOST_TERMS = 40_000  # in a block
_COST = 0.3  # chosen on grouped folds, with the weight below
_POINTER_COST = 0.1
_EVIDENCE_WEIGHT = 0.5
_WHOLE = 0.8  # evidence longer than this share of its note teaches nothing new
_FEWEST = 3  # examples of a class that make a head worth fitting
_NEVER = -8.0  # log-odds of what was never seen


def fit_lexical(deals: Sequence[LabelledDeal], labels: Labels, *, seed: int = 0) -> Views:
    """Fit vocabularies, heads and the pointer.

    The annotated evidence stretches join the training of the primary reason and the sub-reason as
    short deals of their own: the features learn which clause it was.
    """
    voices = [voices_of(passages_of(labelled.deal)) for labelled in deals]
    features = LexicalFeatures.fit(voices, least=_LEAST_DEALS, most=_MOST_TERMS)
    heads = fit_heads(
        deals, labels, lambda rows: features.transform(rows).to_csr(), cost=_COST, seed=seed
    )
    pointer = _fit_pointer(deals, features, seed)
    # Rounded as the bundle stores them, so that what is measured is what is shipped.
    heads = LinearHeads(labels, rounded(heads.weights), heads.bias)
    return Views(features, {LEXICAL: heads}, pointer)


def fit_heads(
    deals: Sequence[LabelledDeal],
    labels: Labels,
    transform: Callable[[Sequence[Sequence[Voice]]], Matrix],
    *,
    cost: float,
    seed: int = 0,
) -> LinearHeads:
    """Fit one linear layer for all outputs on the features that ``transform`` gives, [n, d]."""
    quoted = [row for row, labelled in enumerate(deals) if _teaches(labelled)]
    whole = transform([voices_of(passages_of(labelled.deal)) for labelled in deals])
    quotes = transform([_quoted(deals[row]) for row in quoted]) if quoted else whole[:0]
    fitter = _Fitter(deals, labels, whole, quotes, quoted, _Machine(cost, seed))
    heads = {
        "primary": fitter.primary(),
        "sub": fitter.sub(),
        "contributing": fitter.flags("contributing"),
        "ruled_out": fitter.flags("ruled_out"),
    }
    return LinearHeads.join(labels, heads)


def _fit_pointer(
    deals: Sequence[LabelledDeal], features: LexicalFeatures, seed: int
) -> NDArray[np.float32]:
    """Fit the weights that tell the clause which carries the reason from the others."""
    stretches, carries = [], []
    for labelled in deals:
        span = labelled.evidence_span()
        if span is None:
            continue
        for stretch in stretches_of(passages_of(labelled.deal)):
            stretches.append([stretch.words])
            carries.append(span.common(quote(labelled.deal, stretch)) > 0)
    if len(set(carries)) < 2:
        return np.zeros(features.width, dtype=np.float32)
    fitted = _Machine(_POINTER_COST, seed)(
        features.transform(stretches).to_csr(), np.array(carries)
    )
    pointer: NDArray[np.float32] = fitted.coef_[0].astype(np.float16).astype(np.float32)
    return pointer


@dataclass(frozen=True)
class _Machine:
    """Fits linear support vector machines, rare classes counting as much as common ones."""

    cost: float
    seed: int

    def __call__(
        self,
        rows: Matrix,
        classes: NDArray[Any],
        weight: NDArray[np.float64] | None = None,
        class_weight: str | None = "balanced",
    ) -> LinearSVC:
        from sklearn.svm import LinearSVC

        machine = LinearSVC(C=self.cost, class_weight=class_weight, random_state=self.seed)
        return machine.fit(rows, classes, sample_weight=weight)


class _Fitter:
    """Fits the heads of one set of deals.

    ``whole`` [n, d] are the features of the deals, ``quotes`` [q, d] those of the evidence
    stretches of the deals ``quoted`` [q].
    """

    def __init__(
        self,
        deals: Sequence[LabelledDeal],
        labels: Labels,
        whole: Matrix,
        quotes: Matrix,
        quoted: Sequence[int],
        machine: _Machine,
    ) -> None:
        self.deals, self.labels, self.machine = deals, labels, machine
        self.whole = whole
        self.both = _stacked(whole, quotes)
        self.origin = np.array([*range(len(deals)), *quoted])
        self.weight = np.where(np.arange(len(self.origin)) < len(deals), 1.0, _EVIDENCE_WEIGHT)
        self.codes = np.array([labels.codes.index(labelled.primary) for labelled in deals])

    def primary(self) -> Head:
        """Fit one head over the codes."""
        classes = self.codes[self.origin]
        return self._classes(self.both, classes, self.weight, len(self.labels.codes))

    def sub(self) -> Head:
        """Fit one head a code over its sub-reasons."""
        subs = np.array([self._sub_column(labelled) for labelled in self.deals])[self.origin]
        width = len(self.labels.sub)
        weights, bias = np.zeros((self.whole.shape[1], width)), np.full(width, _NEVER)
        for code in range(len(self.labels.codes)):
            columns = np.flatnonzero(self.labels.sub_code == code)
            chosen = np.isin(subs, columns)
            if not chosen.any():
                bias[columns] = 0.0
                continue
            weights[:, columns], bias[columns] = self._classes(
                self.both[chosen], subs[chosen] - columns[0], self.weight[chosen], len(columns)
            )
        return weights, bias

    def flags(self, output: str) -> Head:
        """Fit one yes-or-no head a code; a deal whose reason is the code is no example."""
        said = [getattr(labelled, output) for labelled in self.deals]
        known = np.array([codes is not None for codes in said])
        width = len(self.labels.codes)
        weights, bias = np.zeros((self.whole.shape[1], width)), np.full(width, _NEVER)
        for code, name in enumerate(self.labels.codes):
            chosen = known & (self.codes != code)
            present = np.array([name in codes for codes in said if codes is not None], bool)
            present = present[(self.codes != code)[known]]
            if min(present.sum(), (~present).sum()) < _FEWEST:
                continue
            machine = self.machine(self.whole[chosen], present, class_weight=None)
            weights[:, code], bias[code] = machine.coef_[0], machine.intercept_[0]
        return weights, bias

    def _sub_column(self, labelled: LabelledDeal) -> int:
        pair = (labelled.primary, labelled.sub_reason or "")
        return self.labels.sub.index(pair) if pair in self.labels.sub else -1

    def _classes(
        self, rows: Matrix, classes: NDArray[np.intp], weight: NDArray[np.float64], width: int
    ) -> Head:
        """Fit one-versus-rest margins; a class without examples is never chosen."""
        weights, bias = np.zeros((rows.shape[1], width)), np.full(width, _NEVER)
        seen = np.unique(classes)
        if len(seen) == 1:
            bias[seen] = 0.0
            return weights, bias
        machine = self.machine(rows, classes, weight)
        if len(seen) == 2:
            weights[:, seen] = np.column_stack([-machine.coef_[0], machine.coef_[0]]) / 2
            bias[seen] = np.array([-1, 1]) * machine.intercept_[0] / 2
        else:
            weights[:, seen], bias[seen] = machine.coef_.T, machine.intercept_
        return weights, bias


def _stacked(upper: Matrix, lower: Matrix) -> Matrix:
    if isinstance(upper, np.ndarray) and isinstance(lower, np.ndarray):
        return np.concatenate([upper, lower])
    from scipy.sparse import csr_array, vstack

    return csr_array(vstack([csr_array(upper), csr_array(lower)]))


def _teaches(labelled: LabelledDeal) -> bool:
    span = labelled.evidence_span()
    if span is None:
        return False
    return len(span.text) < _WHOLE * len(labelled.deal.source_text(span.source))


def _quoted(labelled: LabelledDeal) -> list[Voice]:
    span = labelled.evidence_span()
    return [] if span is None else [(labelled.voice_of(span.source), span.text)]
