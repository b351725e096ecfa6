"""Weighing the text with the labels."""

import numpy as np
import pytest

from lossnlp.audit._witness import weigh


def company(wrong_share, seed=0, deals=600, codes=4):
    """Labels of which a share of code 1 was moved to value 0, seen by a good text model."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, codes, deals)
    logits = random.normal(size=(deals, codes))
    logits[np.arange(deals), truth] += 3
    text = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    moved = (truth == 1) & (random.random(deals) < wrong_share)
    return text, np.where(moved, 0, truth), moved


def test_a_habit_that_everyone_shares_is_seen():
    text, picked, moved = company(0.8)
    weighed = weigh(text, picked, np.eye(4, dtype=bool), np.zeros(600, np.int64))
    assert weighed.habits[1, 0] == pytest.approx(0.8, abs=0.08)
    assert weighed.certainty[moved].mean() > 0.85
    assert weighed.certainty[~moved].mean() < 0.1


def test_certainty_is_calibrated_where_labels_are_mostly_right():
    text, picked, moved = company(0.1, seed=2, deals=4000)
    certainty = weigh(text, picked, np.eye(4, dtype=bool), np.zeros(4000, np.int64)).certainty
    assert certainty.mean() == pytest.approx(moved.mean(), abs=0.02)


def test_one_owners_habit_does_not_count_for_the_others():
    text, picked, moved = company(0.9, seed=1)
    owner = np.arange(600) % 2
    truth_kept = np.where(moved & (owner == 0), 1, picked)  # owner 0 labels well
    weighed = weigh(text, truth_kept, np.eye(4, dtype=bool), owner.astype(np.int64))
    price = truth_kept == 0
    assert weighed.certainty[price & (owner == 1)].mean() > (
        weighed.certainty[price & (owner == 0)].mean() + 0.2
    )


def test_a_value_with_several_codes_is_right_for_each():
    text = np.array([[0.45, 0.45, 0.1]] * 20)
    supports = np.array([[True, True, False], [False, False, True]])
    weighed = weigh(text, np.zeros(20, np.int64), supports, np.zeros(20, np.int64))
    assert (weighed.certainty < 0.1).all()
    assert weighed.posterior.sum(axis=1) == pytest.approx(1)


def test_a_code_without_any_value_does_not_break_the_habits():
    text = np.full((12, 3), 1 / 3)
    supports = np.array([[True, False, False]])
    weighed = weigh(text, np.zeros(12, np.int64), supports, np.zeros(12, np.int64))
    assert np.isfinite(weighed.posterior).all()


def test_a_weaker_power_of_the_text_leaves_more_to_the_labels():
    text, picked, moved = company(0.3)
    supports, owner = np.eye(4, dtype=bool), np.zeros(600, np.int64)
    full, none = (weigh(text, picked, supports, owner, power) for power in (1.0, 0.0))
    assert full.certainty[moved].mean() > 0.7
    assert np.ptp(none.certainty[picked == 0]) == pytest.approx(0)
