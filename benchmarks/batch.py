"""Rate, peak memory and cost per million deals of `lossnlp score`, and of what one would write.

    python benchmarks/batch.py                       # a short run, under two minutes on two cores
    python benchmarks/batch.py --sizes 10000 100000 1000000 --limit 300 --repeats 3

The notes are made from the starter corpus by recombining sentences of different deals and
perturbing them (case, abbreviations, digits, slips): they have the corpus' lengths and words, and
nearly no two are equal, so that scoring identical texts once does not flatter the rate. The student
of the fast tier learnt from those sentences: ``auto`` hands fewer of these notes to the model than
the card says of deals of other sellers, and is faster here than there.

Every run is a process of its own, start and loading included, training left out. Memory is the peak
of what the process and its children hold together, shared pages counted once, sampled ten times a
second. Cost takes --price a machine hour (0.085: about what two cores cost an hour at the large
clouds). A run that would be over --limit seconds, told from the size before it, is not made: its
row, marked with ~, is extrapolated in proportion to that size. With --repeats, seconds and rate are
of the median run, and the range of the rates stands behind it.

The last table sizes a cluster: measured deals an hour a core, start included, and the hours that a
hundred million deals would take on 64 such cores, extrapolated in proportion.

sentence-transformers is compared where it is installed, with the base weights of the extra
`finetune`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from minilm import minilm

from lossnlp.model import default_path, read_bundle
from lossnlp.training import starter_deals
from lossnlp.training._recombine import recombined

CHUNK = 20_000


@dataclass
class Result:
    """Runs of one size: the seconds of each, and the highest memory; or what they would take."""

    name: str
    rows: int
    seconds: list[float]
    peak_mb: float
    extrapolated: bool = False

    @property
    def typical(self) -> float:
        """The median of the seconds."""
        return statistics.median(self.seconds)

    def at(self, rows: int) -> Result:
        """Return what so many rows would take."""
        times = [s * rows / self.rows for s in self.seconds]
        return Result(self.name, rows, times, self.peak_mb, extrapolated=True)


def make(path: Path, rows: int) -> Path:
    """Write made deals as Parquet, a chunk at a time."""
    deals = recombined([labelled.deal for labelled in starter_deals()], rows)
    kind = pa.list_(pa.struct({"speaker": pa.string(), "text": pa.string()}))
    schema = pa.schema({"id": pa.int64(), "note": pa.string(), "snippets": kind})
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, CHUNK):
            chunk = list(islice(deals, CHUNK))
            said = [[{"speaker": s.speaker, "text": s.text} for s in d.snippets] for d in chunk]
            columns = [range(start, start + len(chunk)), [d.note for d in chunk], said]
            writer.write_table(pa.table(list(map(list, columns)), schema=schema))
    return path


def measured(name: str, rows: int, command: list[str], repeats: int) -> Result:
    """Run a command some times over."""
    runs = [watched(name, command) for _ in range(repeats)]
    return Result(name, rows, [seconds for seconds, _ in runs], max(peak for _, peak in runs))


def watched(name: str, command: list[str]) -> tuple[float, float]:
    """Run a command; return its seconds and the peak MB of it and its children."""
    with tempfile.TemporaryDirectory() as scratch:
        return run_in(scratch, name, [part.replace(OUT, scratch) for part in command])


def run_in(scratch: str, name: str, command: list[str]) -> tuple[float, float]:
    """Run a command in a folder of its own."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=scratch
    )
    parent, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        peak = max(peak, resident(parent))
        time.sleep(0.1)
    if process.returncode:
        sys.exit(f"{name} failed:\n{process.stderr.read() if process.stderr else ''}")
    return time.perf_counter() - began, peak / 2**20


def resident(process: psutil.Process) -> int:
    """Return the memory of a process and its children, in bytes; what they share counts once."""
    try:
        family = [process, *process.children(recursive=True)]
        used = [member.memory_full_info() for member in family]
        return sum(getattr(info, "pss", info.rss) for info in used)  # only Linux knows shares
    except psutil.NoSuchProcess:
        return 0


def kept(path: Path, fit: Callable[[], Any]) -> Any:
    """Return what an earlier run fitted, or fit it and keep it: training is not what is timed."""
    import joblib

    if not path.exists():
        joblib.dump(fit(), path)
    return joblib.load(path)


def tfidf_peer(source: str) -> None:
    """Do what one would write: pandas, a TF-IDF pipeline, joblib over chunks."""
    import pandas as pd
    from joblib import Parallel, delayed
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    def fit() -> Any:
        deals = starter_deals()
        return make_pipeline(
            TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
            LogisticRegression(max_iter=1000),
        ).fit([d.deal.note for d in deals], [d.primary for d in deals])

    pipeline = kept(Path(source).with_name("tfidf.joblib"), fit)
    frame = pd.read_parquet(source)
    chunks = [frame["note"][start : start + CHUNK] for start in range(0, len(frame), CHUNK)]
    frame["reason"] = [
        code
        for part in Parallel(n_jobs=2)(delayed(pipeline.predict)(chunk) for chunk in chunks)
        for code in part
    ]
    frame.to_parquet(source + ".peer")


def transformer_peer(source: str) -> None:
    """Do what one would write: sentence-transformers and logistic regression."""
    import pandas as pd
    from sentence_transformers import SentenceTransformer
    from sklearn.linear_model import LogisticRegression

    encoder = SentenceTransformer(str(minilm()), device="cpu")

    def fit() -> Any:
        deals = starter_deals()
        vectors = encoder.encode([d.deal.note for d in deals], show_progress_bar=False)
        return LogisticRegression(max_iter=1000).fit(vectors, [d.primary for d in deals])

    head = kept(Path(source).with_name("transformer.joblib"), fit)
    frame = pd.read_parquet(source)
    frame["reason"] = head.predict(encoder.encode(frame["note"].tolist(), show_progress_bar=False))
    frame.to_parquet(source + ".peer")


def encoder_alone(source: str) -> None:
    """Run the bundle's encoder by onnxruntime over the same texts, and nothing else."""
    encoder = read_bundle(default_path()).views.encoder
    for batch in pq.ParquetFile(source).iter_batches(512, columns=["note", "snippets"]):
        rows = batch.to_pylist()
        encoder.encode(
            [
                "\n".join([r["note"], *(f"{s['speaker']}: {s['text']}" for s in r["snippets"])])
                for r in rows
            ]
        )


#: Stands in a command for the folder of its run.
OUT = "{out}"
SPARK = "lossnlp score --engine spark"
ALONE = "the encoder by onnxruntime alone"
PEERS: dict[str, Callable[[str], None]] = {
    "pandas, TF-IDF, joblib": tfidf_peer,
    "sentence-transformers, logistic regression": transformer_peer,
    ALONE: encoder_alone,
}


def runs(source: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield what can be run here: our tiers and the peers."""
    manifest = json.loads((default_path() / "manifest.json").read_text())
    tiers = ["exact", *(["fast", "auto"] if "fast" in manifest else [])]
    score = [sys.executable, "-m", "lossnlp", "score", str(source)]
    for tier in tiers:
        yield f"lossnlp score --tier {tier}", [*score, f"{OUT}/out.parquet", "--tier", tier]
    if find_spec("pyspark"):
        yield SPARK, [*score, f"{OUT}/out", "--engine", "spark"]
    yield from peers(source)


def peers(source: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield what can be compared with here."""
    for name, peer in PEERS.items():
        if peer is transformer_peer and find_spec("sentence_transformers") is None:
            continue
        command = [sys.executable, str(Path(__file__).resolve()), "--peer", name, str(source)]
        yield name, command


def show(result: Result, price: float) -> None:
    """Print one row of the table."""
    rates = sorted(result.rows / seconds for seconds in result.seconds)
    rate = result.rows / result.typical
    cost = 1e6 / rate / 3600 * price
    mark = "~" if result.extrapolated else " "
    spread = f"  {rates[0]:,.0f} to {rates[-1]:,.0f}" if len(rates) > 1 else ""
    print(
        f"{result.name:44}{result.rows:>10,}{mark}{result.typical:>9.1f}{rate:>10,.0f}"
        f"{result.peak_mb:>9,.0f}{cost:>10.2f}{spread}",
        flush=True,
    )


def table(sizes: list[int], limit: float, price: float, repeats: int) -> None:
    """Make the runs, size by size, and print a row of each."""
    print(f"{multiprocessing.cpu_count()} cores; {price} a machine hour; ~ is extrapolated")
    print(f"{'':44}{'deals':>10} {'s':>9}{'deals/s':>10}{'peak MB':>9}{'a million':>10}")
    before: dict[str, Result] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, command in peers(make(Path(folder) / "first.parquet", 100)):
            watched(name, command)  # fits what is kept
        for size in sorted(sizes):
            source = make(Path(folder) / f"{size}.parquet", size)
            for name, command in runs(source):
                last = before.get(name)
                if last and last.at(size).typical > limit:
                    show(last.at(size), price)
                    continue
                before[name] = measured(name, size, command, repeats)
                show(before[name], price)
    exact, alone = before.get("lossnlp score --tier exact"), before.get(ALONE)
    if exact and alone:
        share = alone.typical / alone.rows / (exact.typical / exact.rows)
        print(f"the exact tier runs at {share:.0%} of the rate of the encoder alone")
    print(f"\n{'':44}{'deals an hour a core':>22}{'100 million on 64 cores':>26}")
    for name, result in before.items():
        if name.startswith("lossnlp"):
            hourly = result.rows / result.typical * 3600 / multiprocessing.cpu_count()
            print(f"{name:44}{hourly:>22,.0f}{1e8 / hourly / 64:>23,.1f} h~")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[2000])
    parser.add_argument("--limit", type=float, default=60, help="seconds that a run may take")
    parser.add_argument("--price", type=float, default=0.085, help="of a machine hour")
    parser.add_argument("--repeats", type=int, default=1, help="runs of each row")
    parser.add_argument("--peer", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peer:
        PEERS[given.peer[0]](given.peer[1])
        return
    table(given.sizes, given.limit, given.price, given.repeats)


if __name__ == "__main__":
    main()
