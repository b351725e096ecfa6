"""Distilling the fast tier: a student on hashed features learns the exact tier's probabilities."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lossnlp.deals import Deal
from lossnlp.model import (
    FAMILIES,
    FAST,
    FAST_FILE,
    Bundle,
    Encoder,
    FastModel,
    Found,
    HashedVocabulary,
    Labels,
    LinearHeads,
    Probabilities,
    Scores,
    apart,
    features_of,
    labels_of,
    passages_of,
    static_hashes,
)
from lossnlp.training._calibrate import calibrate, truth_of
from lossnlp.training._card import card_of
from lossnlp.training._folds import Fit
from lossnlp.training._labelled import LabelledDeal
from lossnlp.training._recombine import recombined

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_array

#: ``auto`` may be less often right than the exact tier by so much, on held-out deals.
ALLOWED_LOSS = 0.005

_LEAST_DEALS = 3  # a feature of fewer deals is a name or a slip
_MOST_FEATURES = 60_000
_STATIC_WIDTH = 96  # of a word's vector, after PCA of what the encoder gives
_EPOCHS = 20
_BATCH = 512
_STEP = 2e-2
_DECAY = 1e-6
_FLAG_SHARE = 0.3  # what contributing and ruled out count beside the reason
_READ_AT_ONCE = 512


@dataclass(frozen=True)
class _Student:
    """What is learnt: features, weights [f, width] and bias [width]."""

    vocabulary: HashedVocabulary
    heads: LinearHeads

    def scores(self, deals: Sequence[Deal]) -> Scores:
        return self.heads.scores(self.vocabulary.matrix(features_of(deals)))


def distil(
    bundle: Bundle,
    deals: Sequence[LabelledDeal],
    fit: Fit,
    *,
    folds: Sequence[Collection[str]] | None = None,
    made: int = 40_000,
    seed: int = 0,
) -> FastModel:
    """Teach a student what a trained model says, and choose when to ask the model instead.

    The student learns from the model's probabilities of the labelled deals and of ``made`` deals
    recombined from them. What is measured and chosen is so on held-out groups: for each fold a
    teacher is fitted on the other groups and a student is taught by it alone.

    Parameters
    ----------
    bundle
        The trained model, the exact tier.
    deals
        The labelled deals that it was trained on.
    fit
        How its views were fitted; called once a fold.
    folds
        Sets of groups that are held out together; by default each group.
    made
        How many deals are made for the student, for each teacher.
    seed
        Of what is drawn.
    """
    labels = labels_of(bundle.taxonomy)
    folds = folds or [[group] for group in dict.fromkeys(d.group for d in deals)]
    scores: list[Scores] = []
    taught: list[Probabilities] = []
    held: list[LabelledDeal] = []
    for fold in folds:
        rest = [d for d in deals if d.group not in fold]
        inside = [d for d in deals if d.group in fold]
        teacher = Bundle(bundle.taxonomy, fit(rest, labels), bundle.calibration, bundle.manifest)
        student = _teach(teacher, [d.deal for d in rest], made, seed)
        scores.append(student.scores([d.deal for d in inside]))
        taught.append(_read(teacher, [d.deal for d in inside]))
        held += inside
    truth = truth_of(held, labels)
    student_scores = Scores.stack(scores)
    calibration = calibrate({FAST: student_scores}, truth, labels, {})
    whole = np.zeros(len(held), dtype=bool)
    fast = calibration.probabilities({FAST: student_scores}, labels, whole)
    margin, measured = choose_margin(
        Probabilities.stack(taught).primary, fast.primary, truth.primary
    )
    final = _teach(bundle, [d.deal for d in deals], made, seed)
    return FastModel(final.vocabulary, final.heads, calibration, margin, measured)


def write_fast(bundle: Path, fast: FastModel) -> None:
    """Put the student into a bundle: its file, its part of the manifest, its place on the card."""
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest[FAST] = fast.facts()
    files = {FAST_FILE: fast.to_bytes(), "README.md": card_of(manifest).encode()}
    for name, content in files.items():
        (bundle / name).write_bytes(content)
        manifest["files"][name] = hashlib.sha256(content).hexdigest()
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")


def choose_margin(
    exact: NDArray[np.float64], fast: NDArray[np.float64], truth: NDArray[np.intp]
) -> tuple[float, dict[str, Any]]:
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
        The margin, and what was measured: accuracies, agreements and the share handed over.
    """
    by_exact, by_fast = exact.argmax(axis=1), fast.argmax(axis=1)
    ordered = np.sort(fast, axis=1)
    lead = ordered[:, -1] - ordered[:, -2]
    floor = (by_exact == truth).mean() - ALLOWED_LOSS
    for margin in np.linspace(0.0, 1.0, 201):
        cascade = np.where(lead < margin, by_exact, by_fast)
        if (cascade == truth).mean() >= floor:
            break
    measured = {
        "n": len(truth),
        "accuracy": {
            name: round(float((answer == truth).mean()), 4)
            for name, answer in (("exact", by_exact), ("fast", by_fast), ("auto", cascade))
        },
        "agreement": {
            name: round(float((answer == by_exact).mean()), 4)
            for name, answer in (("fast", by_fast), ("auto", cascade))
        },
        "handed_over": round(float((lead < margin).mean()), 4),
    }
    return float(margin), measured


def _teach(teacher: Bundle, deals: Sequence[Deal], made: int, seed: int) -> _Student:
    """Let a student learn what the teacher says of the deals and of those made from them."""
    lessons = [*deals, *recombined(deals, made, seed=seed)]
    targets = _read(teacher, lessons)
    found = features_of(lessons)
    known, weight = _known(found)
    words, vectors = _static(teacher.views.encoder, lessons)
    vocabulary = HashedVocabulary(
        np.concatenate([known, words]), np.concatenate([weight, np.ones(len(words), np.float32)])
    )
    features = sum(vocabulary.matrix(found).parts[1:], vocabulary.matrix(found).parts[0]).tocsc()
    counted, static = features[:, : len(known)].tocsr(), features[:, len(known) :] @ vectors
    labels = labels_of(teacher.taxonomy)
    weights, bias = _fitted(counted, static, targets, labels, seed)
    folded = np.concatenate([weights[: len(known)], vectors @ weights[len(known) :]])
    # Rounded as the bundle stores them, so that what is measured is what is shipped.
    return _Student(vocabulary, LinearHeads(labels, folded.astype(np.float16), bias))


def _read(teacher: Bundle, deals: Sequence[Deal]) -> Probabilities:
    parts = [
        teacher.read([passages_of(deal) for deal in deals[start : start + _READ_AT_ONCE]])[0]
        for start in range(0, len(deals), _READ_AT_ONCE)
    ]
    return Probabilities.stack(parts)


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
    seed: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Minimise the cross-entropy to the teacher's probabilities by Adam (Kingma and Ba, 2015)."""
    from scipy.sparse import csr_array, hstack

    features = hstack([counted, csr_array(static)], format="csr") if static.size else counted
    widths = labels.widths()
    weights = np.zeros((features.shape[1], sum(widths.values())), dtype=np.float32)
    bias = np.zeros(weights.shape[1], dtype=np.float32)
    steps = [_Adam(weights), _Adam(bias)]
    draw = np.random.default_rng(seed)
    rounds = _EPOCHS * -(-features.shape[0] // _BATCH)
    done = 0
    for _ in range(_EPOCHS):
        order = draw.permutation(features.shape[0])
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            here = features[chosen]
            slope = _slope(here @ weights + bias, targets.rows(chosen), labels)
            slope /= len(chosen)
            rate = _STEP * (1 - done / rounds)
            downhill = np.asarray(here.T @ slope + _DECAY * weights, dtype=np.float32)
            steps[0].move(weights, downhill, rate)
            steps[1].move(bias, slope.sum(axis=0, dtype=np.float32), rate)
            done += 1
    return weights, bias


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
