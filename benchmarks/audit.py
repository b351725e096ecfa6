"""How well the audit finds wrong labels, against cleanlab; and the thresholds that it ships with.

The table compares, on the 599 example deals as exported and with planted noise on their right
labels, the audit, cleanlab on cross-validated TF-IDF with logistic regression (what a user would
write) and cleanlab given the audit's reading of the text.

    python benchmarks/audit.py                     the table
    python benchmarks/audit.py --tune [--held-out FILE.npz]
                                                   the numbers of lossnlp/audit/_tuned.py

``--tune`` never sees the examples: it plants noise on the starter corpus and uses held-out
probabilities, every group of which was read by a model that had not seen it. They are read from
FILE (arrays ``primary`` [n, codes], ``truth`` [n] code numbers, ``group`` [n] names), by default
what ``python train.py`` saved, or, when it does not exist, computed with the lexical model and
saved there.
"""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from lossnlp.audit._tuned import FLAG_AT
from lossnlp.audit._witness import Weighed, weigh
from lossnlp.deals import deals_of, read_deals
from lossnlp.model import load
from lossnlp.taxonomy import Crosswalk, Taxonomy

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"
OWNERS = 10
PRECISION = 0.85
SMALLEST_CELL = 10
DRAWS = 2
POWERS = (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
BOUNDS = np.arange(0.1, 1.0, 0.01).round(2)


@dataclass(frozen=True)
class Picklist:
    """The values of a crosswalk, as numbers: what each stands for, and where each code goes."""

    values: list[str]
    supports: np.ndarray
    home: np.ndarray

    @classmethod
    def of(cls, crosswalk: Crosswalk, codes: tuple[str, ...]) -> Picklist:
        """Read a crosswalk."""
        values = [entry.value for entry in crosswalk.entries]
        supports = np.array([[code in e.codes for code in codes] for e in crosswalk.entries])
        home = np.array([values.index(crosswalk.value_for(code) or "") for code in codes])
        return cls(values, supports, home)

    @property
    def homes(self) -> np.ndarray:
        """Which value each code goes to; shape [codes, values]."""
        return np.eye(len(self.values))[self.home]

    def number(self, value: str) -> int:
        """Return the number of a value."""
        return self.values.index(value)


@dataclass(frozen=True)
class Company:
    """Deals with their true codes, the labels that they bear, and who entered them."""

    text: np.ndarray
    truth: np.ndarray
    picked: np.ndarray
    owner: np.ndarray

    def wrong(self, picklist: Picklist) -> np.ndarray:
        """Whether each label does not stand for the true code."""
        return ~picklist.supports[self.picked, self.truth]


Noise = Callable[[np.ndarray, np.ndarray, np.ndarray, Picklist, np.random.Generator], np.ndarray]


def uniform(rate: float) -> Noise:
    """Return noise that moves labels anywhere."""

    def plant(right, owner, text, picklist, random):  # type: ignore[no-untyped-def]
        moved = random.random(len(right)) < rate
        return np.where(moved, random.integers(0, len(picklist.values), len(right)), right)

    return plant


def neighbour(rate: float, source: str | None = None, target: str | None = None) -> Noise:
    """Return noise that moves one value's deals to another; by default to one read like it."""

    def plant(right, owner, text, picklist, random):  # type: ignore[no-untyped-def]
        origin = picklist.number(source) if source else random.choice(right)
        near = text[right == origin].mean(axis=0) @ picklist.homes
        near[origin] = 0
        goal = picklist.number(target) if target else random.choice(len(near), p=near / near.sum())
        return np.where((right == origin) & (random.random(len(right)) < rate), goal, right)

    return plant


def mentioned(rate: float) -> Noise:
    """Return noise that moves labels to another reason which the text sounds like."""

    def plant(right, owner, text, picklist, random):  # type: ignore[no-untyped-def]
        near = text @ picklist.homes
        near[np.arange(len(right)), right] = 0
        drawn = random.random(len(right)) * near.sum(axis=1)
        goal = (near.cumsum(axis=1) < drawn[:, None]).sum(axis=1)
        return np.where(random.random(len(right)) < rate, goal, right)

    return plant


def lazy(rate: float, default: str | None = None) -> Noise:
    """Return noise that moves a share of everything to one default."""

    def plant(right, owner, text, picklist, random):  # type: ignore[no-untyped-def]
        goal = picklist.number(default) if default else random.integers(len(picklist.values))
        return np.where(random.random(len(right)) < rate, goal, right)

    return plant


def habit(rate: float, favourites: Sequence[str | None]) -> Noise:
    """Return noise of some owners in ten who each have a favourite value."""

    def plant(right, owner, text, picklist, random):  # type: ignore[no-untyped-def]
        picked = right.copy()
        for person, value in enumerate(favourites):
            goal = picklist.number(value) if value else random.integers(len(picklist.values))
            picked[(owner == person) & (random.random(len(right)) < rate)] = goal
        return picked

    return plant


NOISES: dict[str, Noise] = {
    "uniform 10 %": uniform(0.1),
    "uniform 30 %": uniform(0.3),
    **{
        f"neighbour {rate:.0%}".replace("%", " %"): neighbour(rate, "No Budget", "Price")
        for rate in (0.2, 0.4, 0.6, 0.8)
    },
    "lazy 30 %": lazy(0.3, "Price"),
    "lazy 60 %": lazy(0.6, "Price"),
    "one rep's habit 60 %": habit(0.6, ("Price", "Other", "Timing", "No Decision")),
}
#: What the thresholds are chosen on: the same kinds, with values that differ by company, and
#: labels that name another reason which the text sounds like.
TUNED_ON: dict[str, Noise] = {
    "uniform 10 %": uniform(0.1),
    "uniform 30 %": uniform(0.3),
    **{
        f"neighbour {rate:.0%}".replace("%", " %"): neighbour(rate) for rate in (0.2, 0.4, 0.6, 0.8)
    },
    "lazy 30 %": lazy(0.3),
    "lazy 60 %": lazy(0.6),
    "reps' habits 60 %": habit(0.6, [None] * 4),
    "also mentioned 20 %": mentioned(0.2),
}


def certainty_of(company: Company, picklist: Picklist) -> np.ndarray:
    """Return the audit's certainty that each label is wrong."""
    return weigh(company.text, company.picked, picklist.supports, company.owner).certainty


def planted(
    text: np.ndarray, truth: np.ndarray, noise: Noise, picklist: Picklist, seed: int
) -> Company:
    """Return a company whose right labels were spoilt by a kind of noise."""
    random = np.random.default_rng(seed)
    owner = random.integers(0, OWNERS, len(truth))
    right = picklist.home[truth]
    return Company(text, truth, noise(right, owner, text, picklist, random), owner)


# --- the table ------------------------------------------------------------------------------


def compare() -> None:
    """Print the comparison on the examples."""
    model = load()
    crosswalk = Crosswalk.read(EXAMPLES / "crosswalk.yaml", model.taxonomy)
    picklist = Picklist.of(crosswalk, model.taxonomy.codes)
    frame = read_deals(EXAMPLES / "closed_lost_fy26_salesforce.csv")
    gold = {
        record["opportunity_id"]: record["primary"]
        for record in map(
            json.loads, (EXAMPLES / "closed_lost_fy26_gold.jsonl").read_text().splitlines()
        )
    }
    truth = np.array([model.taxonomy.codes.index(gold[key]) for key in frame["id"]])
    words = [" ".join([d.note, *(s.text for s in d.snippets)]) for d in deals_of(frame)]
    text = model.probabilities(deals_of(frame)).primary
    picked = np.array([picklist.number(label) for label in frame["label"]])
    owner = pd.factorize(frame["owner"])[0]
    print(
        f"model {model.id}; flagged from a certainty of {FLAG_AT}; "
        "cells: average precision | precision / recall"
    )
    print(f"{'labels':22}{'wrong':>6}" + "".join(f"{name:>24}" for name in METHODS))
    real = Company(text, truth, picked, owner)
    report("as exported", real, picklist, words)
    for name, noise in NOISES.items():
        report(name, planted(text, truth, noise, picklist, seed=5), picklist, words)
    for kind, score in evidence_of_calibration(real, picklist).items():
        print(f"{kind}: {score:.3f}")


def report(name: str, company: Company, picklist: Picklist, words: list[str]) -> None:
    """Print one row of the table."""
    wrong = company.wrong(picklist)
    cells = []
    for method in METHODS.values():
        suspicion, flagged = method(company, picklist, words)
        precision, recall = precision_recall(wrong, flagged)
        average = average_precision_score(wrong, suspicion)
        cells.append(f"{average:.3f} | {precision:.2f} / {recall:.2f}")
    print(f"{name:22}{wrong.mean():6.2f}" + "".join(f"{cell:>24}" for cell in cells), flush=True)


def by_audit(
    company: Company, picklist: Picklist, words: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return suspicion and flags of the audit."""
    certainty = certainty_of(company, picklist)
    return certainty, certainty >= FLAG_AT


def by_text(
    company: Company, picklist: Picklist, words: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return suspicion and flags of the reference model alone, without the habits."""
    doubt = 1 - (company.text * picklist.supports[company.picked]).sum(axis=1)
    return doubt, doubt >= FLAG_AT


def by_cleanlab(
    company: Company, picklist: Picklist, words: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return cleanlab's ranking and default filter on cross-validated TF-IDF."""
    _, kept = np.unique(company.picked, return_inverse=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(max_iter=1000)
    )
    return cleanlab_on(
        kept, cross_val_predict(pipeline, words, kept, cv=folds, method="predict_proba")
    )


def by_cleanlab_given_ours(
    company: Company, picklist: Picklist, words: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Return cleanlab's ranking and default filter on the reference model's probabilities."""
    return cleanlab_on(company.picked, company.text @ picklist.homes)


def cleanlab_on(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return cleanlab's suspicion (one minus label quality) and the rows that it filters."""
    flagged = find_label_issues(labels, probabilities, n_jobs=1)
    return 1 - get_label_quality_scores(labels, probabilities), flagged


METHODS = {
    "audit": by_audit,
    "text alone": by_text,
    "cleanlab, TF-IDF": by_cleanlab,
    "cleanlab, our reading": by_cleanlab_given_ours,
}


def evidence_of_calibration(company: Company, picklist: Picklist) -> dict[str, float]:
    """Return how far the certainty can be taken at its word, on the labels as exported."""
    wrong, certainty = company.wrong(picklist), certainty_of(company, picklist)
    return {
        "mean certainty": float(certainty.mean()),
        "share wrong": float(wrong.mean()),
        "Brier score": float(brier_score_loss(wrong, certainty)),
        "calibration error (10 bins)": calibration_error(wrong, certainty),
    }


def calibration_error(wrong: np.ndarray, certainty: np.ndarray) -> float:
    """Return the mean distance of certainty and truth over ten equal bins."""
    bins = np.minimum((certainty * 10).astype(int), 9)
    gaps = [abs(wrong[bins == k].mean() - certainty[bins == k].mean()) * (bins == k).mean()
            for k in np.unique(bins)]  # fmt: skip
    return float(sum(gaps))


# --- the tuned numbers -----------------------------------------------------------------------


def tune(held_out: Path) -> None:
    """Print the numbers of ``lossnlp/audit/_tuned.py``, and what they give on each noise."""
    taxonomy = Taxonomy.default()
    picklist = Picklist.of(Crosswalk.read(EXAMPLES / "crosswalk.yaml", taxonomy), taxonomy.codes)
    saved = read_held_out(held_out, taxonomy)
    drawn = list(companies(saved, picklist))
    power, read = best_power(drawn, picklist)
    wrongs = [company.wrong(picklist) for _, company in drawn]
    certainties = [weighed.certainty for weighed in read]
    bound = lowest_bound(np.concatenate(certainties), np.concatenate(wrongs))
    shifts = {name: Shifts() for name in TUNED_ON}
    for (name, company), weighed, wrong in zip(drawn, read, wrongs, strict=True):
        shifts[name].add(company, weighed.posterior, 1 - weighed.certainty, ~wrong)
    print(f"TEXT_POWER = {power:.1f}")
    print(f"FLAG_AT = {bound:.2f}")
    print(f"FLAG_PRECISION = {PRECISION}")
    print(f"ACCURACY_SHIFT = {max(between(each.accuracy) for each in shifts.values()):.3f}")
    print(f"CELL_SHIFT = {max(between(each.cell) for each in shifts.values()):.3f}")
    print(f"MIX_SHIFT = {max(between(each.mix) for each in shifts.values()):.3f}")
    flags = [c >= bound for c in certainties]
    for name in (*TUNED_ON, "all"):
        inside = [k for k, (noise, _) in enumerate(drawn) if name in (noise, "all")]
        wrong, flag, certainty = (
            np.concatenate([arrays[k] for k in inside]) for arrays in (wrongs, flags, certainties)
        )
        precision, recall = precision_recall(wrong, flag)
        print(
            f"# {name:20} wrong {wrong.mean():.2f}, precision {precision:.2f}, recall {recall:.2f},"
            f" average precision {average_precision_score(wrong, certainty):.3f},"
            f" calibration error {calibration_error(wrong, certainty):.3f}"
        )


def best_power(drawn: list[tuple[str, Company]], picklist: Picklist) -> tuple[float, list[Weighed]]:
    """Return the power of the text with which accuracy is estimated best, and its readings.

    Best under the kind of noise for which it is estimated worst: which kind a company has is not
    known.
    """
    best: tuple[float, float, list[Weighed]] = (np.inf, 1.0, [])
    for power in POWERS:
        read = [weigh(c.text, c.picked, picklist.supports, c.owner, power) for _, c in drawn]
        missed: dict[str, list[tuple[float, float]]] = {name: [] for name in TUNED_ON}
        for (name, company), weighed in zip(drawn, read, strict=True):
            missed[name].append(difference(1 - weighed.certainty, ~company.wrong(picklist)))
        best = min(best, (max(map(between, missed.values())), power, read), key=lambda b: b[:2])
    return best[1], best[2]


def lowest_bound(certainty: np.ndarray, wrong: np.ndarray) -> float:
    """Return the lowest certainty from which on the flags are right as often as stated."""
    for bound in BOUNDS:
        if precision_recall(wrong, certainty >= bound)[0] >= PRECISION:
            return float(bound)
    raise SystemExit("no bound reaches the precision")


def precision_recall(wrong: np.ndarray, flagged: np.ndarray) -> tuple[float, float]:
    """Return the share of flags that are right, and the share of wrong labels flagged."""
    precision = wrong[flagged].mean() if flagged.any() else float("nan")
    return float(precision), float(wrong[flagged].sum() / wrong.sum())


class Shifts:
    """Differences of guess and truth, each with the variance that chance alone explains."""

    def __init__(self) -> None:
        self.accuracy: list[tuple[float, float]] = []
        self.cell: list[tuple[float, float]] = []
        self.mix: list[tuple[float, float]] = []

    def add(
        self, company: Company, posterior: np.ndarray, guess: np.ndarray, right: np.ndarray
    ) -> None:
        """Add one company."""
        self.accuracy.append(difference(guess, right))
        for value in np.unique(company.picked):
            inside = company.picked == value
            if inside.sum() >= SMALLEST_CELL:
                self.cell.append(difference(guess[inside], right[inside]))
        for code in range(posterior.shape[1]):
            step, chance = difference(posterior[:, code], company.truth == code)
            share = max(float((company.truth == code).mean()), 0.005)
            scale = (share * (1 - share)) ** 0.5
            self.mix.append((step / scale, chance / scale**2))


def difference(guess: np.ndarray, outcome: np.ndarray) -> tuple[float, float]:
    """Return mean guess less truth, and the variance that chance gives it."""
    return (
        float(guess.mean() - outcome.mean()),
        float((guess * (1 - guess)).sum() / len(guess) ** 2),
    )


def between(differences: list[tuple[float, float]]) -> float:
    """Return the standard deviation of the differences beyond what chance explains."""
    step, chance = np.array(differences).T
    return float(max((step**2).mean() - chance.mean(), 0.0) ** 0.5)


def companies(saved: dict[str, np.ndarray], picklist: Picklist) -> Iterator[tuple[str, Company]]:
    """Return each held-out group under each kind of noise, where it spoils any label."""
    seeds = itertools.count()
    for name, noise in TUNED_ON.items():
        for _, group in itertools.product(range(DRAWS), sorted(set(saved["group"]))):
            inside = saved["group"] == group
            text, truth = saved["primary"][inside], saved["truth"][inside]
            company = planted(text, truth, noise, picklist, next(seeds))
            if company.wrong(picklist).any():
                yield name, company


def read_held_out(path: Path, taxonomy: Taxonomy) -> dict[str, np.ndarray]:
    """Read held-out probabilities, or compute them with the lexical model and save them."""
    if not path.exists():
        from lossnlp.model import labels_of
        from lossnlp.training import starter_deals
        from lossnlp.training._fit import fit_lexical
        from lossnlp.training._folds import choose_pointers, cross_read, held_out

        deals, labels = starter_deals(), labels_of(taxonomy)
        held = held_out(deals, labels, fit_lexical)
        readings = cross_read(deals, labels, held, choose_pointers(deals, labels, held))
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            path,
            primary=readings.likely.primary,
            truth=[taxonomy.codes.index(labelled.primary) for labelled in deals],
            group=[labelled.group for labelled in deals],
        )
    with np.load(path) as saved:
        return {name: saved[name] for name in ("primary", "truth", "group")}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tune", action="store_true", help="print the numbers of _tuned.py")
    parser.add_argument("--held-out", type=Path, default=Path("build/held-out.npz"))
    options = parser.parse_args()
    if options.tune:
        tune(options.held_out)
    else:
        compare()


if __name__ == "__main__":
    main()
