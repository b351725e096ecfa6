"""Intervals and plans, against scipy, statsmodels and simulation."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from lossnlp.audit._sampling import design, plan
from lossnlp.audit._statistics import (
    Estimate,
    Sample,
    allocate,
    changed,
    model_share,
    reviewed_rate,
    reviewed_share,
    wilson,
)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (3, 10), (10, 10), (70, 100), (999, 1000)])
def test_wilson_equals_scipy_and_statsmodels(k, n):
    low, high = wilson(k, n)
    theirs = stats.binomtest(k, n).proportion_ci(method="wilson")
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=1e-9)
    assert (low, high) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-9)


def simple_sample(rows, deals):
    return Sample(np.array(rows), np.zeros(len(rows), np.int64), np.array([deals]))


def test_small_cells_say_too_few_and_never_nought_or_all():
    outcome, guess = np.ones(9), np.full(500, 0.9)
    estimate = reviewed_share(outcome, guess, simple_sample(range(9), 500))
    assert estimate == Estimate(None, None, None, "too few", 500, 9)
    assert model_share(np.ones(9), 0.05).method == "too few"


def test_few_decisions_give_wilson_and_many_prediction_powered():
    random = np.random.default_rng(0)
    right = (random.random(2000) < 0.7).astype(float)
    guess = np.clip(right * 0.8 + 0.1, 0, 1)
    few = reviewed_share(right[:20], guess, simple_sample(range(20), 2000))
    many = reviewed_share(right[:100], guess, simple_sample(range(100), 2000))
    assert (few.method, many.method) == ("wilson", "prediction-powered")
    low, high = wilson(float(right[:20].sum()), 20)
    assert few.estimate == pytest.approx(right[:20].mean())
    assert few.low == pytest.approx(low, abs=0.05)
    assert few.high == pytest.approx(high, abs=0.05)
    assert many.high - many.low < 0.5 * np.diff(wilson(float(right[:100].sum()), 100))[0]


def test_reviewing_everything_leaves_no_interval():
    right = np.array([1.0, 0.0] * 30)
    estimate = reviewed_share(right, np.full(60, 0.5), simple_sample(range(60), 60))
    assert (estimate.estimate, estimate.low, estimate.high) == pytest.approx((0.5, 0.5, 0.5))


def test_weights_undo_an_uneven_draw():
    right = np.array([0.0] * 100 + [1.0] * 900)
    rows = np.concatenate([np.arange(30), np.arange(100, 130)])
    sample = Sample(rows, (rows >= 100).astype(np.int64), np.array([100, 900]))
    estimate = reviewed_share(right[rows], np.full(1000, 0.5), sample)
    assert estimate.estimate == pytest.approx(0.9)


def test_a_cell_counts_only_its_own_reviews():
    right = np.array([0.0, 1.0] * 100)
    guess = np.full(200, 0.5)
    even = np.arange(200) % 2 == 1
    estimate = reviewed_share(right[:60], guess, simple_sample(range(60), 200), even)
    assert estimate.estimate == pytest.approx(1)
    assert (estimate.reviewed, estimate.deals) == (30, 100)
    assert estimate.low < 0.97


@pytest.mark.parametrize("bias", [-1.0, 0.0, 1.0])
@pytest.mark.parametrize("reviews", [50, 150])
def test_intervals_cover_even_when_the_model_is_biased(reviews, bias):
    random = np.random.default_rng(3)
    covered = 0
    for _ in range(30):
        right = (random.random(1000) < 0.7).astype(float)
        odds = 3.2 * (random.normal(size=1000) + 1.6 * (2 * right - 1)) + 0.85 + bias
        guess = 1 / (1 + np.exp(-odds))
        designed = design(1 - guess, np.full(1000, "x", object), reviews)
        for _ in range(10):
            rows = designed.draw(random.permutation(1000))
            sample = Sample(rows, designed.stratum[rows], designed.size)
            estimate = reviewed_share(right[rows], guess, sample)
            covered += estimate.low <= right.mean() <= estimate.high
    assert len(designed.names) > 1
    assert covered / 300 >= 0.9  # nominal 0.95; 0.9 lies 4 standard errors below


def test_reviews_that_all_agree_are_not_taken_for_more_than_they_are():
    guess = np.full(2000, 0.999)
    estimate = reviewed_share(np.ones(50), guess, simple_sample(range(50), 2000))
    assert estimate.low == pytest.approx(wilson(50, 50)[0], abs=0.5 / 2000)


def test_a_model_that_misses_more_than_it_says_widens_the_interval():
    random = np.random.default_rng(4)
    sure = np.where(random.random(2000) < 0.7, 0.98, 0.02)
    widths = []
    for wrong in (0.02, 0.2):
        right = np.where(random.random(2000) < wrong, sure < 0.5, sure > 0.5).astype(float)
        estimate = reviewed_share(right[:100], sure, simple_sample(range(100), 2000))
        widths.append(estimate.high - estimate.low)
    assert widths[1] > 2 * widths[0]


def test_the_share_among_deals_that_only_a_review_tells():
    random = np.random.default_rng(5)
    member, right = random.random(3000) < 0.3, random.random(3000) < 0.6
    belongs = np.where(member, 0.8, 0.1)
    truth, covered = right[member].mean(), 0
    for _ in range(200):
        rows = random.choice(3000, 150, replace=False)
        inside = member[rows].astype(float)
        estimate = reviewed_rate(
            right[rows].astype(float), inside, belongs, simple_sample(rows, 3000)
        )
        assert (estimate.method, estimate.reviewed) == ("wilson", inside.sum())
        covered += estimate.low <= truth <= estimate.high
    assert covered / 200 >= 0.9
    few = reviewed_rate(np.ones(9), np.ones(9), belongs, simple_sample(range(9), 3000))
    assert few.method == "too few"


def test_neyman_allocation_follows_size_and_spread():
    drawn = allocate(100, np.array([500, 500, 3]), np.array([0.1, 0.4, 0.4]))
    assert drawn.sum() == 100
    assert drawn[2] in (2, 3)
    assert drawn[1] / drawn[0] == pytest.approx(4, rel=0.15)
    assert allocate(50, np.array([4, 6]), np.array([0.5, 0.5])).tolist() == [4, 6]


def test_the_plan_is_known_repeatable_and_spread_at_every_length():
    random = np.random.default_rng(1)
    certainty = random.beta(0.4, 0.9, 800)
    labels = random.choice(["Price", "Other", "Timing"], 800).astype(object)
    ids = np.arange(800).astype(str).astype(object)
    planned = plan(ids, certainty, labels, 120)
    assert len(planned) == 120 == planned["row"].nunique()
    for _, rows in planned.groupby("stratum"):
        assert rows["draw_probability"].nunique() == 1
    weights = 1 / planned["draw_probability"]
    assert weights.sum() == pytest.approx(800)
    assert planned.equals(plan(ids, certainty, labels, 120))
    assert planned.head(40)["stratum"].nunique() >= planned["stratum"].nunique() - 2


def test_change_is_told_from_chance():
    def at(share, n):
        return Estimate(share, *wilson(share * n, n), "wilson", n)

    assert changed(at(0.7, 400), at(0.5, 400))
    assert not changed(at(0.7, 30), at(0.6, 30))
    assert not changed(at(0.7, 400), Estimate(None, None, None, "too few", 3))
