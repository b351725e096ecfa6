"""Teaching the student of the fast tier: it learns the probabilities that a trained model gives."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lossnlp.deals import Deal
from lossnlp.model import (
    FAMILIES,
    Bundle,
    Encoder,
    Found,
    HashedVocabulary,
    Labels,
    LinearHeads,
    Probabilities,
    Scores,
    apart,
    features_of,
    passages_of,
    rounded,
    static_hashes,
)
from lossnlp.training._labelled import LabelledDeal
from lossnlp.training._recombine import recombined

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

_LEAST_DEALS = 3  # a feature of fewer deals is a name or a slip
_MOST_FEATURES = 60_000
_STATIC_WIDTH = 96  # of a word's vector, after PCA of what the encoder gives
_EPOCHS = 15
_BATCH = 512
_STEP = 1e-2
_DECAY = 1e-6
_DROPPED = 0.5  # share of the features that a lesson is taught without, others each time
_FLAG_SHARE = 0.3  # what contributing and ruled out count beside the reason
_READ_AT_ONCE = 512


@dataclass(frozen=True)
class Student:
    """What is learnt: the features that are known, and one linear layer over them."""

    vocabulary: HashedVocabulary
    heads: LinearHeads

    def scores(self, deals: Sequence[Deal]) -> Scores:
        """Return the scores of n deals."""
        return self.heads.scores(self.vocabulary.matrix(features_of(deals)))


def teach(teacher: Bundle, deals: Sequence[LabelledDeal], made: int, seed: int) -> Student:
    """Let a student learn what the teacher says of deals and of ``made`` that recombine them.

    Of a labelled deal it learns the mean of the label and of what the teacher says, twice as often
    as of a made one.
    """
    known_deals = [labelled.deal for labelled in deals]
    lessons = [*known_deals, *recombined(known_deals, made, seed=seed)]
    targets = _with_labels(read_by(teacher, lessons), deals, teacher.labels)
    found = features_of(lessons)
    known, weight = _known(found)
    words, vectors = _static(teacher.views.encoder, lessons)
    vocabulary = HashedVocabulary(
        np.concatenate([known, words]), np.concatenate([weight, np.ones(len(words), np.float32)])
    )
    parts = vocabulary.matrix(found).parts
    features = sum(parts[1:], parts[0]).tocsc()
    counted, static = features[:, : len(known)].tocsr(), features[:, len(known) :] @ vectors
    course = np.concatenate([np.arange(len(lessons)), np.arange(len(deals))])
    weights, bias = _fitted(counted, static, targets, teacher.labels, course, seed)
    folded = np.concatenate([weights[: len(known)], vectors @ weights[len(known) :]])
    # Rounded as the bundle stores them, so that what is measured is what is shipped.
    return Student(vocabulary, LinearHeads(teacher.labels, rounded(folded), bias))


def read_by(teacher: Bundle, deals: Sequence[Deal]) -> Probabilities:
    """Return the teacher's probabilities of n deals."""
    parts = [
        teacher.read([passages_of(deal) for deal in deals[start : start + _READ_AT_ONCE]])[0]
        for start in range(0, len(deals), _READ_AT_ONCE)
    ]
    return Probabilities.stack(parts)


def _with_labels(
    said: Probabilities, deals: Sequence[LabelledDeal], labels: Labels
) -> Probabilities:
    primary = said.primary.copy()
    for row, labelled in enumerate(deals):
        primary[row] /= 2
        primary[row, labels.codes.index(labelled.primary)] += 0.5
    return replace(said, primary=primary)


def _known(found: Found) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    """Choose the features that stand in enough deals, the most frequent first, with their idf."""
    counts: list[tuple[NDArray[np.uint64], NDArray[np.intp]]] = []
    for name in FAMILIES[:-1]:  # the last one's are the static words
        for run in found.families[name]:
            order = np.lexsort((run.deal, run.hashes))
            hashes, deal = run.hashes[order], run.deal[order]
            new = np.ones(len(order), dtype=bool)
            new[1:] = (hashes[1:] != hashes[:-1]) | (deal[1:] != deal[:-1])
            counts.append(np.unique(hashes[new], return_counts=True))
    hashes = np.concatenate([h for h, _ in counts])
    df = np.concatenate([n for _, n in counts])
    order = np.argsort(-df, kind="stable")
    order = order[df[order] >= _LEAST_DEALS][:_MOST_FEATURES]
    order = order[apart(hashes[order])]
    idf = np.log((1 + found.deals) / (1 + df[order])) + 1
    return hashes[order], idf.astype(np.float32)


def _static(
    encoder: Encoder | None, lessons: Sequence[Deal]
) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    """Return the words of the lessons and of the encoder's vocabulary, and a vector of each.

    A word's vector is what the encoder gives for the word alone, less the mean, on its principal
    components; the student thereby knows words that no lesson holds by those that mean the like.
    """
    if encoder is None:
        return np.empty(0, np.uint64), np.empty((0, 0), np.float32)
    words = sorted({*_pieces(encoder), *(w for deal in lessons for w in deal.note.lower().split())})
    places, hashes = static_hashes(words)
    hashes, first = np.unique(hashes, return_index=True)
    first = first[apart(hashes)]
    vectors = encoder.encode([words[place] for place in places[first]]).vectors
    vectors = vectors - vectors.mean(axis=0)
    _, axes = np.linalg.eigh(vectors.T @ vectors)
    reduced = vectors @ axes[:, : -_STATIC_WIDTH - 1 : -1]
    reduced /= np.sqrt(np.square(reduced).sum(axis=1).mean())
    return hashes[apart(hashes)], reduced.astype(np.float32)


def _pieces(encoder: Encoder) -> list[str]:
    """Return the whole words of the encoder's own vocabulary."""
    vocabulary = json.loads(encoder.files["tokenizer"])["model"]["vocab"]
    return [piece for piece in vocabulary if piece.isalpha() and piece.isascii()]


def _fitted(
    counted: csr_array,
    static: NDArray[np.float32],
    targets: Probabilities,
    labels: Labels,
    course: NDArray[np.intp],
    seed: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Minimise the cross-entropy to the targets by Adam (Kingma and Ba, 2015).

    ``course`` are the lessons of an epoch, some more than once.
    """
    from scipy.sparse import csr_array, hstack

    features = hstack([counted, csr_array(static)], format="csr") if static.size else counted
    widths = labels.widths()
    weights = np.zeros((features.shape[1], sum(widths.values())), dtype=np.float32)
    bias = np.zeros(weights.shape[1], dtype=np.float32)
    steps = [_Adam(weights), _Adam(bias)]
    draw = np.random.default_rng(seed)
    rounds = _EPOCHS * -(-len(course) // _BATCH)
    done = 0
    for _ in range(_EPOCHS):
        order = draw.permutation(course)
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            here = _thinned(features[chosen], draw)
            slope = _slope(here @ weights + bias, targets.rows(chosen), labels)
            slope /= len(chosen)
            rate = _STEP * (1 - done / rounds)
            downhill = np.asarray(here.T @ slope + _DECAY * weights, dtype=np.float32)
            steps[0].move(weights, downhill, rate)
            steps[1].move(bias, slope.sum(axis=0, dtype=np.float32), rate)
            done += 1
    return weights, bias


def _thinned(features: csr_array, draw: np.random.Generator) -> csr_array:
    """Leave features out by chance and scale the others up (dropout, Srivastava et al. 2014)."""
    kept = draw.random(len(features.data), dtype=np.float32) >= _DROPPED
    features.data = np.where(kept, features.data / np.float32(1 - _DROPPED), np.float32(0))
    return features


def _slope(
    margins: NDArray[np.float32], targets: Probabilities, labels: Labels
) -> NDArray[np.float32]:
    """Return the derivative of the loss by the margins, [n, width].

    Sub-reasons count as much as their code is likely, contributing and ruled out ``_FLAG_SHARE``.
    """
    heads = LinearHeads(labels, np.eye(margins.shape[1]), np.zeros(margins.shape[1]))
    said = heads.scores(margins)
    of_code = targets.primary[:, labels.sub_code]
    return np.concatenate(
        [
            np.exp(said.primary) - targets.primary,
            of_code * (np.exp(said.sub) - targets.sub),
            _FLAG_SHARE * (_logistic(said.contributing) - targets.contributing),
            _FLAG_SHARE * (_logistic(said.ruled_out) - targets.ruled_out),
        ],
        axis=1,
    ).astype(np.float32)


def _logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    smooth: NDArray[np.float64] = 0.5 * (1 + np.tanh(0.5 * log_odds))
    return smooth


class _Adam:
    """The moments of one array of parameters."""

    def __init__(self, parameters: NDArray[np.float32]) -> None:
        self._mean = np.zeros_like(parameters)
        self._square = np.zeros_like(parameters)
        self._moves = 0

    def move(
        self, parameters: NDArray[np.float32], slope: NDArray[np.float32], rate: float
    ) -> None:
        """Take one step down the slope, in place."""
        self._moves += 1
        self._mean += 0.1 * (slope - self._mean)
        self._square += 0.001 * (np.square(slope) - self._square)
        mean = self._mean / (1 - 0.9**self._moves)
        square = self._square / (1 - 0.999**self._moves)
        parameters -= (rate * mean / (np.sqrt(square) + 1e-8)).astype(np.float32)
