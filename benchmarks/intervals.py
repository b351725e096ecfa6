"""Whether the audit's 95 % intervals cover, and how many reviews they save.

Draws companies whose truth is known, plans and reviews samples of each by the shipped code, and
counts how often the interval holds the truth. Prints coverage and half-width beside a simple random
sample with Wilson's interval, then the reviews that each needs for plus or minus three points.

    python benchmarks/intervals.py [--repeats 1000]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from lossnlp.audit._sampling import design
from lossnlp.audit._statistics import Sample, reviewed_share, wilson

LABELS = 12
ACCURACY = 0.7
REVIEWS = (20, 50, 100, 200, 400)
SIZES = (600, 5000)
DRAWS = 20  # samples of each company
TARGET = 0.03


@dataclass(frozen=True)
class Model:
    """How a simulated model sees the labels.

    ``skill`` is half the distance between right and wrong labels in standard deviations,
    ``sharpness`` multiplies its log-odds (above 1: overconfident), and ``bias`` shifts them.
    ``share`` is the mean of the outcome that is asked for: the labels' accuracy, or a reason's
    share among all deals, which the plan does not aim at.
    """

    name: str
    skill: float = 1.6
    sharpness: float = 1.0
    bias: float = 0.0
    share: float = ACCURACY


MODELS = (
    Model("good"),
    Model("weak", 0.9),
    Model("strong", 2.3),
    Model("overconfident", sharpness=2.0),
    Model("strong, overconfident", 2.3, sharpness=2.0),
    Model("thinks labels worse", bias=-1.0),
    Model("thinks labels better", bias=1.0),
    Model("a reason of 8 %", share=0.08),
    Model("a reason of 25 %", share=0.25),
)


@dataclass(frozen=True)
class Company:
    """One simulated company.

    ``outcome`` is what is asked for, ``guess`` the model's guess of it, ``suspicion`` the model's
    guess that a label is wrong, by which the plan is drawn.
    """

    labels: np.ndarray
    outcome: np.ndarray
    guess: np.ndarray
    suspicion: np.ndarray


Interval = tuple[float, float]
Sampler = Callable[[Company, int, np.random.Generator], Iterator[Interval]]


def company(deals: int, model: Model, random: np.random.Generator) -> Company:
    """Draw a company whose labels differ in how often they are right."""
    labels = random.choice(LABELS, deals, p=random.dirichlet(np.full(LABELS, 4.0)))
    right, guess = outcome_by_label(labels, ACCURACY, model, random)
    suspicion = 1 - guess
    if model.share != ACCURACY:
        right, guess = outcome_by_label(labels, model.share, model, random)
    return Company(labels.astype(str).astype(object), right, guess, suspicion)


def outcome_by_label(
    labels: np.ndarray, mean: float, model: Model, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return an outcome whose share differs by label, and the model's guess of it."""
    spread = 0.26 * (mean * (1 - mean)) ** 0.5
    level = np.clip(mean + random.normal(0, spread, LABELS), 0.01, 0.98)[labels]
    outcome = random.random(len(labels)) < level
    signal = random.normal(size=len(labels)) + model.skill * np.where(outcome, 1, -1)
    odds = (2 * model.skill * signal + np.log(level / (1 - level))) * model.sharpness + model.bias
    return outcome.astype(float), 1 / (1 + np.exp(-odds))


def ours(drawn: Company, reviews: int, random: np.random.Generator) -> Iterator[Interval]:
    """Yield intervals of the shipped plan and estimate, each from a sample of its own."""
    planned = design(drawn.suspicion, drawn.labels, reviews)
    while True:
        rows = planned.draw(random.permutation(len(drawn.outcome)))
        sample = Sample(rows, planned.stratum[rows], planned.size)
        estimate = reviewed_share(drawn.outcome[rows], drawn.guess, sample)
        yield estimate.low or 0.0, 1.0 if estimate.high is None else estimate.high


def simple(drawn: Company, reviews: int, random: np.random.Generator) -> Iterator[Interval]:
    """Yield Wilson's intervals, each from a simple random sample."""
    deals = len(drawn.outcome)
    while True:
        rows = random.choice(deals, min(reviews, deals), replace=False)
        yield wilson(float(drawn.outcome[rows].sum()), len(rows))


def measure(
    companies: list[Company], reviews: int, sampler: Sampler, draws: int
) -> tuple[float, float, float]:
    """Return coverage, its Monte-Carlo standard error, and the mean half-width."""
    random = np.random.default_rng(7)
    covered = np.empty((len(companies), draws))
    half = np.empty_like(covered)
    for k, drawn in enumerate(companies):
        truth, intervals = drawn.outcome.mean(), sampler(drawn, reviews, random)
        for draw in range(draws):
            low, high = next(intervals)
            covered[k, draw], half[k, draw] = low <= truth <= high, (high - low) / 2
    error = covered.mean(axis=1).std(ddof=1) / len(companies) ** 0.5
    return float(covered.mean()), float(error), float(half.mean())


def some_companies(deals: int, model: Model, number: int) -> list[Company]:
    random = np.random.default_rng(3)
    return [company(deals, model, random) for _ in range(number)]


def coverage_table(repeats: int) -> None:
    print(f"Coverage of the 95 % interval and half-width in points, {repeats} samples a cell")
    print(f"{'':24}{'deals':>6}  " + "".join(f"{n:>8} reviewed" for n in REVIEWS))
    errors, far = [], []
    for name, model, sampler in (
        *((model.name, model, ours) for model in MODELS),
        ("simple random, Wilson", MODELS[0], simple),
    ):
        for deals in SIZES:
            companies = some_companies(deals, model, max(repeats // DRAWS, 2))
            cells = [measure(companies, n, sampler, DRAWS) for n in REVIEWS]
            errors += [error for _, error, _ in cells]
            if sampler is ours:
                far += [
                    abs(c - 0.95) for (c, _, _), n in zip(cells, REVIEWS, strict=True) if n > 49
                ]
            shown = "".join(f"   {c:7.3f} ±{100 * h:5.2f}" for c, _, h in cells)
            print(f"{name:24}{deals:6}{shown}", flush=True)
    print(
        f"Monte-Carlo standard error of a coverage: {np.mean(errors):.3f} on average, "
        f"{max(errors):.3f} at most"
    )
    print(
        f"from 50 reviewed: {np.mean(np.array(far) <= 0.02):.0%} of the cells within 2 points of "
        f"0.95, the furthest {100 * max(far):.1f} points away"
    )


def reviews_table() -> None:
    print("\nReviews needed for ±3 points, 5,000 deals, labels' accuracy")
    print(f"{'':24}{'ours':>6}{'simple random, Wilson':>24}{'share':>8}")
    for model in MODELS:
        if model.share == ACCURACY:
            companies = some_companies(5000, model, 10)
            mine, other = (smallest(companies, sampler) for sampler in (ours, simple))
            print(f"{model.name:24}{mine:6}{other:24}{mine / other:8.2f}", flush=True)


def smallest(companies: list[Company], sampler: Sampler) -> int:
    """Return the fewest reviews, to within 2 %, whose mean half-width meets the target."""
    low, high = 20, 2000
    while high - low > max(0.02 * low, 2):
        middle = (low + high) // 2
        enough = measure(companies, middle, sampler, 3)[2] <= TARGET
        low, high = (low, middle) if enough else (middle, high)
    return high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=1000, help="samples a cell of the table")
    coverage_table(parser.parse_args().repeats)
    reviews_table()


if __name__ == "__main__":
    main()
