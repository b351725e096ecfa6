"""Whether the audit's 95 % intervals cover, and how many reviews they save.

Draws companies whose truth is known, plans and reviews a sample of each by the shipped code, and
counts how often the interval holds the truth. Prints coverage and half-width beside a simple random
sample with Wilson's interval, then the reviews that each needs for plus or minus three points.

    python benchmarks/intervals.py [--repeats 100]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lossnlp.audit._sampling import plan
from lossnlp.audit._statistics import Sample, reviewed_share, wilson

LABELS = 12
REVIEWS = (20, 50, 100, 200, 400)
COMPANIES = (600, 5000)


@dataclass(frozen=True)
class Model:
    """How a simulated model sees the labels.

    ``skill`` is the distance between right and wrong labels in standard deviations, ``sharpness``
    multiplies its log-odds (above 1: overconfident), and ``bias`` shifts them.
    """

    name: str
    skill: float = 1.6
    sharpness: float = 1.0
    bias: float = 0.0


MODELS = (
    Model("as measured", 1.6),
    Model("weak", 0.9),
    Model("strong", 2.3),
    Model("overconfident", 1.6, sharpness=2.0),
    Model("thinks labels worse", 1.6, bias=-1.0),
    Model("thinks labels better", 1.6, bias=1.0),
)


@dataclass(frozen=True)
class Company:
    """One simulated company: labels, whether each is right, and the model's guess of it."""

    labels: np.ndarray
    right: np.ndarray
    guess: np.ndarray


def company(deals: int, accuracy: float, model: Model, random: np.random.Generator) -> Company:
    """Draw a company whose labels differ in how often they are right."""
    weight = random.dirichlet(np.full(LABELS, 4.0))
    labels = random.choice(LABELS, deals, p=weight)
    level = np.clip(accuracy + random.normal(0, 0.12, LABELS), 0.05, 0.98)[labels]
    right = random.random(deals) < level
    signal = random.normal(size=deals) + model.skill * np.where(right, 1, -1)
    odds = (2 * model.skill * signal + np.log(level / (1 - level))) * model.sharpness + model.bias
    return Company(labels.astype(str).astype(object), right.astype(float), 1 / (1 + np.exp(-odds)))


def ours(drawn: Company, reviews: int) -> tuple[float, float]:
    """Return the interval of the shipped plan and estimate."""
    ids = np.arange(len(drawn.right)).astype(str).astype(object)
    planned = plan(ids, 1 - drawn.guess, drawn.labels, reviews)
    names, stratum = np.unique(planned["stratum"], return_inverse=True)
    size = np.array(
        [
            round((stratum == k).sum() / planned["draw_probability"][stratum == k].iloc[0])
            for k in range(len(names))
        ]
    )
    rows = planned["row"].to_numpy()
    estimate = reviewed_share(drawn.right[rows], drawn.guess, Sample(rows, stratum, size))
    return estimate.low or 0.0, estimate.high or 1.0


def simple(drawn: Company, reviews: int, random: np.random.Generator) -> tuple[float, float]:
    """Return Wilson's interval from a simple random sample."""
    rows = random.choice(len(drawn.right), min(reviews, len(drawn.right)), replace=False)
    return wilson(float(drawn.right[rows].sum()), len(rows))


def measure(
    draw: Callable[[], Company], interval: Callable[[Company], tuple[float, float]], repeats: int
) -> tuple[float, float]:
    """Return coverage and mean half-width over companies."""
    covered, half = 0, 0.0
    for _ in range(repeats):
        drawn = draw()
        low, high = interval(drawn)
        covered += low <= drawn.right.mean() <= high
        half += (high - low) / 2
    return covered / repeats, half / repeats


def coverage_table(repeats: int) -> None:
    error = 1.96 * (0.95 * 0.05 / repeats) ** 0.5
    print(f"Coverage of the 95 % interval (± {error:.3f} by chance) and half-width, in points")
    print(f"{'model':22}{'deals':>6}{'reviews':>8}  {'ours':>14}  {'simple random':>14}")
    for model in MODELS:
        for deals in COMPANIES:
            for reviews in REVIEWS:
                random = np.random.default_rng(7)

                def draw(model: Model = model, deals: int = deals) -> Company:
                    return company(deals, 0.7, model, random)  # noqa: B023

                mine = measure(draw, lambda c, n=reviews: ours(c, n), repeats)
                other = measure(draw, lambda c, n=reviews: simple(c, n, random), repeats)  # noqa: B023
                cells = "  ".join(f"{c:6.3f} ±{100 * h:5.1f}" for c, h in (mine, other))
                print(f"{model.name:22}{deals:6}{reviews:8}  {cells}", flush=True)


def reviews_table(repeats: int) -> None:
    print("\nReviews needed for ±3 points, 5,000 deals")
    print(f"{'model':22}{'ours':>8}{'simple random':>16}{'share':>8}")
    for model in MODELS:
        random = np.random.default_rng(11)

        def draw(model: Model = model) -> Company:
            return company(5000, 0.7, model, random)  # noqa: B023

        mine = smallest(lambda n: measure(draw, lambda c: ours(c, n), repeats)[1])
        other = smallest(lambda n: measure(draw, lambda c: simple(c, n, random), repeats)[1])  # noqa: B023
        print(f"{model.name:22}{mine:8}{other:16}{mine / other:8.2f}", flush=True)


def smallest(half_width: Callable[[int], float], target: float = 0.03) -> int:
    """Return the fewest reviews, to within 5 %, whose mean half-width meets the target."""
    low, high = 20, 2000
    while high - low > max(0.05 * low, 2):
        middle = (low + high) // 2
        low, high = (low, middle) if half_width(middle) <= target else (middle, high)
    return high


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=100)
    repeats = parser.parse_args().repeats
    coverage_table(repeats)
    reviews_table(max(repeats // 10, 10))


if __name__ == "__main__":
    main()
