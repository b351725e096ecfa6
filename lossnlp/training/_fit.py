"""Fitting the lexical view: vocabularies, and one linear head for each output."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

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
    stretches_of,
    voices_of,
)
from lossnlp.training._labelled import LabelledDeal

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

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
    """Fit vocabularies and heads.

    The annotated evidence stretches join the training of the primary reason and the sub-reason as
    short deals of their own: the features learn which clause it was.
    """
    voices = [voices_of(passages_of(labelled.deal)) for labelled in deals]
    features = LexicalFeatures.fit(voices, least=_LEAST_DEALS, most=_MOST_TERMS)
    whole = features.transform(voices)
    fitter = _Fitter(deals, labels, seed)
    heads = {
        "primary": fitter.primary(features, whole),
        "sub": fitter.sub(features, whole),
        "contributing": fitter.flags(whole, "contributing"),
        "ruled_out": fitter.flags(whole, "ruled_out"),
    }
    # Rounded as the bundle stores them, so that what is measured is what is shipped.
    weights = {k: (w.astype(np.float16).astype(np.float32), b) for k, (w, b) in heads.items()}
    return Views(features, {LEXICAL: LinearHeads.join(labels, weights)}, fitter.pointer(features))


class _Fitter:
    """Fits the heads of one set of deals."""

    def __init__(self, deals: Sequence[LabelledDeal], labels: Labels, seed: int) -> None:
        self.deals = deals
        self.labels = labels
        self.seed = seed
        self.codes = np.array([labels.codes.index(labelled.primary) for labelled in deals])
        self.quoted = [row for row, labelled in enumerate(deals) if _teaches(labelled)]
        self.quotes = [_quoted(deals[row]) for row in self.quoted]

    def primary(self, features: LexicalFeatures, whole: csr_matrix) -> Head:
        """Fit one head over the codes."""
        rows, weight = self._with_quotes(features, whole)
        codes = np.concatenate([self.codes, self.codes[self.quoted]])
        return self._classes(rows, codes, weight, len(self.labels.codes))

    def sub(self, features: LexicalFeatures, whole: csr_matrix) -> Head:
        """Fit one head a code over its sub-reasons."""
        rows, weight = self._with_quotes(features, whole)
        subs = np.array([self._sub_column(labelled) for labelled in self.deals])
        subs = np.concatenate([subs, subs[self.quoted]])
        width = len(self.labels.sub)
        weights, bias = np.zeros((whole.shape[1], width)), np.full(width, _NEVER)
        for code in range(len(self.labels.codes)):
            columns = np.flatnonzero(self.labels.sub_code == code)
            chosen = np.isin(subs, columns)
            if not chosen.any():
                bias[columns] = 0.0
                continue
            weights[:, columns], bias[columns] = self._classes(
                rows[chosen], subs[chosen] - columns[0], weight[chosen], len(columns)
            )
        return weights, bias

    def flags(self, whole: csr_matrix, output: str) -> Head:
        """Fit one yes-or-no head a code; a deal whose reason is the code is no example."""
        said = [getattr(labelled, output) for labelled in self.deals]
        known = np.array([codes is not None for codes in said])
        width = len(self.labels.codes)
        weights, bias = np.zeros((whole.shape[1], width)), np.full(width, _NEVER)
        for code, name in enumerate(self.labels.codes):
            chosen = known & (self.codes != code)
            present = np.array([name in codes for codes in said if codes is not None])
            present = present[(self.codes != code)[known]]
            if min(present.sum(), (~present).sum()) < _FEWEST:
                continue
            machine = self._machine().fit(whole[chosen], present)
            weights[:, code], bias[code] = machine.coef_[0], machine.intercept_[0]
        return weights, bias

    def pointer(self, features: LexicalFeatures) -> NDArray[np.float32]:
        """Fit the weights that tell the clause which carries the reason from the others."""
        stretches, carries = [], []
        for labelled in self.deals:
            span = labelled.evidence_span()
            if span is None:
                continue
            for stretch in stretches_of(passages_of(labelled.deal)):
                found = quote(labelled.deal, stretch)
                stretches.append([stretch.words])
                carries.append(span.common(found) > 0)
        if len(set(carries)) < 2:
            return np.zeros(features.width, dtype=np.float32)
        machine = self._machine("balanced", _POINTER_COST)
        machine.fit(features.transform(stretches), carries)
        pointer: NDArray[np.float32] = machine.coef_[0].astype(np.float16).astype(np.float32)
        return pointer

    def _sub_column(self, labelled: LabelledDeal) -> int:
        pair = (labelled.primary, labelled.sub_reason)
        return self.labels.sub.index(pair) if pair in self.labels.sub else -1  # type: ignore[arg-type]

    def _with_quotes(
        self, features: LexicalFeatures, whole: csr_matrix
    ) -> tuple[csr_matrix, NDArray[np.float64]]:
        from scipy.sparse import vstack

        weight = np.ones(len(self.deals) + len(self.quotes))
        weight[len(self.deals) :] = _EVIDENCE_WEIGHT
        if not self.quotes:
            return whole, weight
        return vstack([whole, features.transform(self.quotes)], format="csr"), weight

    def _classes(
        self, rows: csr_matrix, classes: NDArray[np.intp], weight: NDArray[np.float64], width: int
    ) -> Head:
        """Fit one-versus-rest margins; a class without examples is never chosen."""
        weights, bias = np.zeros((rows.shape[1], width)), np.full(width, _NEVER)
        seen = np.unique(classes)
        if len(seen) == 1:
            bias[seen] = 0.0
            return weights, bias
        machine = self._machine("balanced").fit(rows, classes, sample_weight=weight)
        if len(seen) == 2:
            weights[:, seen] = np.column_stack([-machine.coef_[0], machine.coef_[0]]) / 2
            bias[seen] = np.array([-1, 1]) * machine.intercept_[0] / 2
        else:
            weights[:, seen], bias[seen] = machine.coef_.T, machine.intercept_
        return weights, bias

    def _machine(self, class_weight: str | None = None, cost: float = _COST):  # type: ignore[no-untyped-def]
        from sklearn.svm import LinearSVC

        return LinearSVC(C=cost, class_weight=class_weight, random_state=self.seed)


def _teaches(labelled: LabelledDeal) -> bool:
    span = labelled.evidence_span()
    if span is None:
        return False
    return len(span.text) < _WHOLE * len(labelled.deal.source_text(span.source))


def _quoted(labelled: LabelledDeal) -> list[Voice]:
    span = labelled.evidence_span()
    return [] if span is None else [(labelled.voice_of(span.source), span.text)]
