"""What the text room finds, how fast, and in how much memory: `python benchmarks/text.py`.

The starter corpus was looked at while the rules were written (the files in DEVELOPED) and while
the weights of the revisit words were fitted (all of it, so those are measured by refitting without
the files measured). Of the example exports, which hold the same deals, one half (DEVELOPED too) was
looked at for the rules of rivals, the other for nothing.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import resource
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.resources import files
from itertools import chain, product
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from lossnlp.deals import Deal, Snippet, deals_of, open_export
from lossnlp.model import default_path, passages_of, read_bundle, tags_of
from lossnlp.taxonomy import Taxonomy
from lossnlp.text import CleanText, DealTags, Signals, Tagged, TextReader, Token, clean
from lossnlp.text import _reader as reader_module
from lossnlp.text import _revisit as revisit_module
from lossnlp.text._competitors import CompetitorFinder
from lossnlp.text._revisit import Mention
from lossnlp.text._vendors import read_vendors
from lossnlp.training import starter_deals

ROOT = Path(__file__).parents[1]
#: The files whose errors were read while the rules for rivals were written.
DEVELOPED = {
    "t1",
    "t2",
    "t4",
    "t5",
    "t6",
    "t8",
    "t10",
    "t12",
    "t14",
    "t16",
    "t17",
    "t18",
    "t19",
    "t20",
}
FOLDS = 6


@dataclass(frozen=True, eq=False)
class Gold:
    """A deal with the rivals and the revisit words that its annotator named.

    ``reason`` and ``tags`` are what a model says of it which has not learnt from its file; None if
    there is no such model.
    """

    deal: Deal
    competitors: frozenset[str]
    revisit: str | None
    file: str
    reason: str | None
    tags: DealTags | None


class Counts(NamedTuple):
    """True positives, false positives, false negatives."""

    found: int
    wrong: int
    missed: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return 2 * self.found / max(1, 2 * self.found + self.wrong + self.missed)

    def __str__(self) -> str:
        precision = self.found / max(1, self.found + self.wrong)
        recall = self.found / max(1, self.found + self.missed)
        return f"P {precision:.3f}  R {recall:.3f}  F1 {self.f1:.3f}"


def starter() -> list[Gold]:
    said = held_out()
    gold = []
    folder = files("lossnlp.training").joinpath("starter")
    for path in (entry for entry in folder.iterdir() if entry.name.endswith(".jsonl")):
        for line in path.read_text(encoding="utf-8").strip().split("\n"):
            row = json.loads(line)
            snippets = tuple(Snippet(**turn) for turn in row["snippets"])
            deal = Deal(row["note"], snippets, id=row["id"])
            file = path.name.removesuffix(".jsonl")
            gold.append(_gold(deal, row, file, *said.get(row["id"], (None, None))))
    return gold


def held_out() -> dict[str | None, tuple[str, DealTags]]:
    """Return reason and tags of each starter deal by a model that was taught without its file.

    `python train.py` leaves them in build/; without them the rules are measured alone.
    """
    path = ROOT / "build" / "held-out.npz"
    if not path.is_file():
        return {}
    primary = np.load(path)["primary"].argmax(axis=1)
    tags = json.loads((ROOT / "build" / "held-out-tags.json").read_text(encoding="utf-8"))
    codes, deals = Taxonomy.default().codes, starter_deals()
    if len(deals) != len(primary):
        raise SystemExit(f"{path} is of another corpus: run python train.py again, or remove it")
    return {
        deal.deal.id: (codes[code], _read_tags(its))
        for deal, code, its in zip(deals, primary, tags, strict=True)
    }


def _read_tags(tags: dict[str, dict[str, dict[str, list[list[float]]]]]) -> DealTags:
    return {
        tag: {
            source: Tagged(tuple(Token(int(a), int(b), score) for a, b, score in said["tokens"]))
            for source, said in by_source.items()
        }
        for tag, by_source in tags.items()
    }


def examples() -> list[Gold]:
    path = ROOT / "examples" / "closed_lost_fy26"
    rows = [json.loads(line) for line in Path(f"{path}_gold.jsonl").read_text("utf-8").splitlines()]
    by_id = {row["record_id"]: row for row in rows}
    deals = deals_of(open_export(f"{path}_hubspot.csv").deals)
    passages = [passages_of(deal) for deal in deals]
    bundle = read_bundle(default_path())
    likely, seen = bundle.read(passages)
    codes = bundle.taxonomy.codes
    return [
        _gold(deal, by_id[deal.id], by_id[deal.id]["source_id"].split("-")[0], codes[code], tags)
        for deal, code, tags in zip(
            deals, likely.primary.argmax(axis=1), map(tags_of, passages, seen.marks), strict=True
        )
    ]


def _gold(
    deal: Deal, row: dict[str, object], file: str, reason: str | None, tags: DealTags | None
) -> Gold:
    names = frozenset(name.casefold() for name in row["competitors"])  # type: ignore[attr-defined]
    return Gold(deal, names, row["revisit"], file, reason, tags)  # type: ignore[arg-type]


@cache
def _unread(one: Gold) -> Gold:
    """Return a deal as if no model had read it."""
    return replace(one, reason=None, tags=None)


def _add(counts: Iterable[Counts]) -> Counts:
    return Counts(*map(sum, zip(*counts, strict=True)))


def _with_spread(
    gold: Sequence[Gold],
    everything: Sequence[Gold],
    read: Sequence[Signals],
    count: Callable[[Sequence[Signals], Sequence[Gold]], Counts],
) -> str:
    """Return the counts of some deals out of all that were read, and their F1 file by file."""
    signals = dict(zip(map(id, everything), read, strict=True))
    by_file: dict[str, list[Gold]] = {}
    for one in gold:
        by_file.setdefault(one.file, []).append(one)
    counts = [count([signals[id(one)] for one in rows], rows) for rows in by_file.values()]
    scores = [counted.f1 for counted in counts]
    told = str(_add(counts))
    if len(scores) > 2:
        told += (
            f"   F1 over {len(scores)} files: {statistics.mean(scores):.3f} ± "
            f"{statistics.stdev(scores):.3f}, {min(scores):.3f} to {max(scores):.3f}"
        )
    return told


def rivals_found(signals: Sequence[Signals], gold: Sequence[Gold]) -> Counts:
    counts = [Counts(0, 0, 0)]
    for one, said in zip(gold, signals, strict=True):
        named = {rival.name.casefold() for rival in said.competitors}
        right = len(named & one.competitors)
        counts.append(Counts(right, len(named) - right, len(one.competitors) - right))
    return _add(counts)


def reader_with(share: str) -> TextReader:
    """Return a reader with the whole list, two thirds of it (by a hash of names), or none."""
    spellings = read_vendors()
    if share == "two thirds":
        spellings = [s for s in spellings if hashlib.sha256(s.vendor.encode()).digest()[0] % 3]
    reader = TextReader()
    reader._finder = CompetitorFinder(spellings if share != "none" else [])
    return reader


def print_rivals(corpus: Sequence[Gold], unseen: Sequence[Gold]) -> None:
    print("Rivals (names exactly as annotated, upper and lower case aside)")
    parts = {
        "starter, all files": corpus,
        "starter, files looked at": [g for g in corpus if g.file in DEVELOPED],
        "starter, files not looked at": [g for g in corpus if g.file not in DEVELOPED],
        "examples, looked at": [g for g in unseen if g.file in DEVELOPED],
        "examples, not looked at": [g for g in unseen if g.file not in DEVELOPED],
    }
    everything = [*corpus, *unseen]
    tagged = all(one.tags is not None for one in everything)
    for share, known in product(("whole", "two thirds", "none"), (False, True)[: 1 + tagged]):
        tags = [one.tags for one in everything] if known else None
        read = reader_with(share).read([one.deal for one in everything], tags=tags)
        print(f"  list of vendors: {share}; {'with a model' if known else 'rules alone'}")
        for name, gold in parts.items():
            print(f"    {name:30}{_with_spread(gold, everything, read, rivals_found)}", flush=True)


def revisits_found(signals: Sequence[Signals], gold: Sequence[Gold], share: float) -> Counts:
    """Count words that share at least ``share`` of their union with the annotated ones."""
    found = wrong = missed = 0
    for one, said in zip(gold, signals, strict=True):
        right = bool(said.revisit and one.revisit) and _overlap(one, said) >= share
        found += right
        wrong += said.revisit is not None and not right
        missed += one.revisit is not None and not right
    return Counts(found, wrong, missed)


def _overlap(one: Gold, signals: Signals) -> float:
    """Return the letters that both stretches share, as a share of all letters of either."""
    assert signals.revisit is not None
    assert one.revisit is not None
    text = one.deal.source_text(signals.revisit.source)
    start = text.find(one.revisit)
    if start < 0:
        return 0.0
    mine = set(range(signals.revisit.start, signals.revisit.end))
    theirs = set(range(start, start + len(one.revisit)))
    return len(mine & theirs) / len(mine | theirs)


def print_revisits(corpus: Sequence[Gold], unseen: Sequence[Gold]) -> None:
    print("Words that say when to come back")
    shares = (("any overlap", 1e-9), ("half shared", 0.5), ("exact", 0.999))
    for name, gold, read in (
        ("starter, refitted without the files measured", corpus, _read_in_folds),
        ("examples, not fitted on", unseen, _read),
    ):
        for known in (False, True):
            if known and any(one.reason is None for one in gold):
                continue
            asked = gold if known else [_unread(one) for one in gold]
            signals = read(asked)
            print(f"  {name}; {'with a model' if known else 'rules alone'}")
            for label, share in shares:
                told = _with_spread(asked, asked, signals, partial(revisits_found, share=share))
                print(f"    {label:13}{told}", flush=True)


def _read(gold: Sequence[Gold]) -> list[Signals]:
    deals = [one.deal for one in gold]
    reasons = [one.reason for one in gold if one.reason is not None]
    return TextReader().read(deals, reasons or None, [one.tags for one in gold])


def _read_in_folds(gold: Sequence[Gold]) -> list[Signals]:
    """Read each deal with weights fitted without its file."""
    groups = [g.file for g in gold]
    signals: list[Signals | None] = [None] * len(gold)
    for train, test in GroupKFold(FOLDS).split(gold, groups=groups):
        weights = fitted_weights([gold[i] for i in train])
        revisit_module._weights.cache_clear()
        shipped, revisit_module._weights = revisit_module._weights, lambda w=weights: w
        read = _read([gold[i] for i in test])
        revisit_module._weights = shipped
        for i, said in zip(test, read, strict=True):
            signals[i] = said
    return [said for said in signals if said is not None]


def fitted_weights(gold: Sequence[Gold]) -> dict[str, float]:
    """Fit the weights of the features of revisit words: a logistic regression, rounded.

    Each deal teaches twice where a model read it: with what that said, and without.
    """
    known = [one for one in gold if one.reason is not None]
    unknown = [_unread(one) for one in gold]
    rows, labels = zip(*chain.from_iterable(map(_lessons, [*unknown, *known])), strict=True)
    vectorizer = DictVectorizer(dtype=np.float32)
    features = vectorizer.fit_transform([dict.fromkeys(row, 1.0) for row in rows])
    features.indices = features.indices.astype(np.int32)  # liblinear takes no others
    features.indptr = features.indptr.astype(np.int32)
    model = LogisticRegression(C=0.2, solver="liblinear", tol=3e-3).fit(features, labels)
    names = vectorizer.get_feature_names_out()
    kept = {
        n: round(float(w), 2) for n, w in zip(names, model.coef_[0], strict=True) if abs(w) >= 0.05
    }
    return {"bias": round(float(model.intercept_[0]), 2)} | dict(sorted(kept.items()))


@cache
def _lessons(one: Gold) -> list[tuple[frozenset[str], bool]]:
    """Return the features of each stretch that may be the annotated one, and whether it is."""
    lessons = []
    for given, text, mention in _mentions(one):
        start = given.find(one.revisit) if one.revisit else -1
        theirs = set(range(start, start + len(one.revisit or ""))) if start >= 0 else set()
        mine = set(range(*text.original(mention.start, mention.end)))
        shared = len(mine & theirs)
        right = shared >= 0.5 * min(len(mine), len(theirs) or 1) and shared > 0
        lessons.append((mention.features, right))
    return lessons


def _mentions(one: Gold) -> Iterator[tuple[str, CleanText, Mention]]:
    texts = reader_module._texts(one.deal)
    known = reader_module._Known(one.deal, texts, one.reason, one.tags)
    placed = [(reader_module._place(one.deal, source), text) for source, text in texts]
    found = revisit_module.mentions(placed, one.reason, known.tagged("revisit"))
    for number, mention in found:
        source, text = texts[number]
        yield one.deal.source_text(source), text, mention


def print_language(corpus: Sequence[Gold]) -> None:
    signals = TextReader().read(g.deal for g in corpus)
    foreign = sum(said.language != "en" for said in signals)
    print(f"Language: {foreign} of {len(corpus)} English deals called not English "
          f"({100 * foreign / len(corpus):.2f} %)")  # fmt: skip


def print_speed(corpus: Sequence[Gold]) -> None:
    notes = [g.deal.note for g in corpus]
    words = statistics.mean(len(note.split()) for note in notes)
    reader = TextReader()
    finder = reader._finder

    def rivals() -> None:
        for begin in range(0, len(notes), 4000):
            texts = [clean(note) for note in notes[begin : begin + 4000]]
            finder.find([("note", text) for text in texts])

    def whole() -> None:
        reader.read(Deal(note) for note in notes)

    print(f"Speed on one core, notes of {words:.0f} words (processor time, median of 5)")
    works = {
        "cleaning": lambda: list(map(clean, notes)),
        "cleaning and rivals": rivals,
        "everything": whole,
    }
    for name, work in works.items():
        work()
        speeds = []
        for _ in range(5):
            begin = time.process_time()
            work()
            speeds.append(len(notes) / (time.process_time() - begin))
        spread = f"({min(speeds):,.0f} to {max(speeds):,.0f})"
        print(f"    {name:22}{statistics.median(speeds):8,.0f} notes/s   {spread}")


def print_memory(corpus: Sequence[Gold], notes: int) -> None:
    """Read ever new notes, each with words never seen before, and print the peak memory."""
    reader, random_words = TextReader(), random.Random(1)
    seeds = [g.deal.note for g in corpus if g.competitors]
    print("Memory (peak resident, MiB) while notes with ever new words and names are read")
    for step in range(5):
        for _ in range(max(1, notes // 5 // 1000)):
            deals = [
                Deal(f"{random_words.choice(seeds)} Xq{random_words.getrandbits(60):x}corp")
                for _ in range(1000)
            ]
            reader.read(deals)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"    after {(step + 1) * (notes // 5):>9,} notes  {peak:6.0f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--memory", type=int, metavar="N", help="only read N notes: is it flat?")
    parser.add_argument("--only", choices=("rivals", "revisit", "language", "speed"), help="a part")
    parser.add_argument(
        "--fit-revisit", action="store_true", help="refit lossnlp/text/revisit.json"
    )
    options = parser.parse_args()
    corpus = starter()
    if options.fit_revisit:
        path = ROOT / "lossnlp" / "text" / "revisit.json"
        text = json.dumps(fitted_weights(corpus), ensure_ascii=False, indent=0)
        path.write_text(text + "\n", encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")
        return
    if options.memory:
        print_memory(corpus, options.memory)
        return
    parts = {
        "rivals": lambda: print_rivals(corpus, examples()),
        "revisit": lambda: print_revisits(corpus, examples()),
        "language": lambda: print_language(corpus),
        "speed": lambda: print_speed(corpus),
        "memory": lambda: print_memory(corpus, 20_000),
    }
    for name, part in parts.items():
        if options.only in (None, name):
            part()


if __name__ == "__main__":
    main()
