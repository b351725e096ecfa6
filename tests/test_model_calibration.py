"""Calibration: floors and weights do what they promise, checked against MAPIE and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossnlp.model import Blend, Calibration, Labels, Probabilities, Scores
from lossnlp.training import Truth, calibrate

CODES = ("a", "b", "c", "insufficient_detail")
LABELS = Labels(CODES, (("a", "x"), ("a", "y"), ("b", "z")))


def simulated(n: int, seed: int, views: dict[str, float]) -> tuple[dict[str, Scores], Truth]:
    """Scores that are the true log-probabilities, each view sharpened by its factor."""
    chance = np.random.default_rng(seed)
    margins = chance.normal(size=(n, 4)) * 2
    probability = np.exp(margins) / np.exp(margins).sum(axis=1, keepdims=True)
    primary = np.array([chance.choice(4, p=p) for p in probability])
    log_odds = chance.normal(size=(n, 4)) - 1
    present = chance.random((n, 4)) < 1 / (1 + np.exp(-log_odds))
    sub = np.where(primary == 0, chance.integers(0, 2, n), np.where(primary == 1, 2, -1))
    known = np.ones(n, dtype=bool)
    truth = Truth(primary, sub, present, known, present, known)
    scores = {
        view: Scores(np.log(probability) * factor, np.zeros((n, 3)), log_odds * factor, log_odds)
        for view, factor in views.items()
    }
    return scores, truth


def test_temperature_undoes_overconfidence():
    scores, truth = simulated(4000, 0, {"lexical": 4.0})
    found = calibrate(scores, truth, LABELS, {})
    assert found.primary.weights["lexical"] == pytest.approx(0.25, abs=0.02)
    assert found.contributing.weights["lexical"] == pytest.approx(0.25, abs=0.03)
    assert found.contributing.bias == pytest.approx(0.0, abs=0.1)
    assert found.ruled_out.weights["lexical"] == pytest.approx(1.0, abs=0.1)


def test_a_view_of_noise_gets_no_weight():
    scores, truth = simulated(4000, 1, {"lexical": 1.0})
    noise = np.random.default_rng(2).normal(size=(4000, 4))
    blind = Scores(noise, np.zeros((4000, 3)), noise, noise)
    found = calibrate({**scores, "encoder": blind}, truth, LABELS, {})
    assert found.primary.weights["encoder"] < 0.05
    assert found.primary.weights["lexical"] == pytest.approx(1.0, abs=0.1)


def test_set_floor_is_that_of_mapie():
    """Split conformal with the least ambiguous sets, as MAPIE computes it."""
    from mapie.classification import SplitConformalClassifier
    from sklearn.base import BaseEstimator, ClassifierMixin

    scores, truth = simulated(997, 3, {"lexical": 1.0})
    found = calibrate(scores, truth, LABELS, {})
    probability = found.probabilities(scores, LABELS, np.zeros(997, bool)).primary

    class Known(ClassifierMixin, BaseEstimator):
        def fit(self, x, y):
            self.classes_ = np.arange(4)
            return self

        def predict_proba(self, x):
            return probability[x[:, 0].astype(int)]

        def predict(self, x):
            return self.predict_proba(x).argmax(axis=1)

    rows = np.arange(997)[:, None]
    oracle = SplitConformalClassifier(
        Known().fit(rows, truth.primary), confidence_level=0.9, prefit=True
    ).conformalize(rows, truth.primary)
    _, sets = oracle.predict_set(rows)
    kept = probability >= found.set_floor
    np.testing.assert_array_equal(kept, sets[:, :, 0])


def test_sets_cover_new_deals():
    scores, truth = simulated(3000, 4, {"lexical": 2.0})
    found = calibrate(scores, truth, LABELS, {})
    fresh, fresh_truth = simulated(3000, 5, {"lexical": 2.0})
    likely = found.probabilities(fresh, LABELS, np.zeros(3000, bool))
    kept = found.decide(likely, LABELS).kept
    assert kept[np.arange(3000), fresh_truth.primary].mean() == pytest.approx(0.9, abs=0.02)


def test_answers_reach_the_stated_precision():
    scores, truth = simulated(3000, 6, {"lexical": 1.0})
    found = calibrate(scores, truth, LABELS, {})
    decided = found.decide(found.probabilities(scores, LABELS, np.zeros(3000, bool)), LABELS)
    answered = ~decided.needs_detail
    assert answered.any()
    right = decided.top[answered] == truth.primary[answered]
    assert right.mean() >= found.answer_precision
    assert (decided.top[answered] != 3).all()


def test_nothing_annotated_reports_nothing():
    scores, truth = simulated(200, 7, {"lexical": 1.0})
    none = np.zeros((200, 4), bool)
    unknown = np.zeros(200, bool)
    blank = Truth(truth.primary, np.full(200, -1), none, unknown, none, unknown)
    found = calibrate(scores, blank, LABELS, {})
    decided = found.decide(found.probabilities(scores, LABELS, unknown), LABELS)
    assert not decided.contributing.any()
    assert not decided.ruled_out.any()


PROBABILITY = st.floats(0, 1)


@given(st.lists(st.tuples(*[PROBABILITY] * 12), min_size=1, max_size=5), PROBABILITY, PROBABILITY)
@settings(max_examples=60, deadline=None)
def test_decisions_never_contradict_themselves(rows, helped, rejected):
    values = np.array(rows)
    blend = Blend({"lexical": 1.0})
    calibration = Calibration(blend, blend, blend, blend, {}, 0.3, 0.9, 0.5, 0.9, helped, rejected)
    likely = Probabilities(
        values[:, :4],
        values[:, 4:8],
        values[:, 8:],
        np.ones((len(rows), 3)),
        np.zeros(len(rows), bool),
    )
    found = calibration.decide(likely, LABELS)
    everyone = np.arange(len(rows))
    assert found.kept[everyone, found.top].all()
    assert not (found.contributing & found.ruled_out).any()
    for flags in (found.contributing, found.ruled_out):
        assert not flags[everyone, found.top].any()
        assert not flags[:, 3].any()


def test_calibration_round_trips():
    scores, truth = simulated(300, 8, {"lexical": 1.0, "encoder": 1.0})
    found = calibrate(scores, truth, LABELS, {"lexical": 0.5, "encoder": 1.0})
    assert Calibration.from_dict(found.to_dict()) == found
    assert found.views == ("lexical", "encoder")
