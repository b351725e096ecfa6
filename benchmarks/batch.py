"""Rate, peak memory and cost per million deals of `lossnlp score`, and of what one would write.

    python benchmarks/batch.py                       # a short run, under two minutes on two cores
    python benchmarks/batch.py --sizes 10000 100000 1000000 --limit 3600

The notes are made from the starter corpus by recombining sentences of different deals and
perturbing them (case, abbreviations, digits, slips): they have the corpus' lengths and words, and
nearly no two are equal, so that scoring identical texts once does not flatter the rate. A run whose
time, told from the size before it, would be over --limit seconds is left out and shown as such.

Every run is a process of its own. Memory is the peak of the resident memory of the process and its
children together, sampled ten times a second. Cost takes --price a machine hour.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import islice
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from lossnlp.model import default_path
from lossnlp.training import starter_deals
from lossnlp.training._recombine import recombined

CHUNK = 20_000


@dataclass
class Result:
    """One run: ``start`` seconds until the first row, where it is known."""

    name: str
    rows: int
    seconds: float
    peak_mb: float


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


def measured(name: str, rows: int, command: list[str]) -> Result:
    """Run a command and watch its memory and that of its children."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    watched, peak = psutil.Process(process.pid), 0
    while process.poll() is None:
        peak = max(peak, resident(watched))
        time.sleep(0.1)
    if process.returncode:
        sys.exit(f"{name} failed:\n{process.stderr.read() if process.stderr else ''}")
    return Result(name, rows, time.perf_counter() - began, peak / 2**20)


def resident(process: psutil.Process) -> int:
    """Return the resident memory of a process and its children, in bytes."""
    try:
        family = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in family)
    except psutil.NoSuchProcess:
        return 0


def tfidf_peer(source: str) -> None:
    """Do what one would write: pandas, a TF-IDF pipeline, joblib over chunks."""
    import pandas as pd
    from joblib import Parallel, delayed
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    deals = starter_deals()
    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True),
        LogisticRegression(max_iter=1000),
    ).fit([d.deal.note for d in deals], [d.primary for d in deals])
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

    deals = starter_deals()
    encoder = SentenceTransformer("all-MiniLM-L6-v2", device="cpu")
    head = LogisticRegression(max_iter=1000).fit(
        encoder.encode([d.deal.note for d in deals]), [d.primary for d in deals]
    )
    frame = pd.read_parquet(source)
    frame["reason"] = head.predict(encoder.encode(frame["note"].tolist()))
    frame.to_parquet(source + ".peer")


def encoder_alone(source: str) -> None:
    """Run the bundle's encoder by onnxruntime over the same texts, and nothing else."""
    from lossnlp.model import OnnxEncoder

    bundle = default_path()
    encoder = OnnxEncoder(
        (bundle / "encoder.onnx").read_bytes(), (bundle / "tokenizer.json").read_bytes()
    )
    for batch in pq.ParquetFile(source).iter_batches(512, columns=["note", "snippets"]):
        rows = batch.to_pylist()
        encoder.encode(
            [
                "\n".join([r["note"], *(f"{s['speaker']}: {s['text']}" for s in r["snippets"])])
                for r in rows
            ]
        )


PEERS: dict[str, Callable[[str], None]] = {
    "pandas, TF-IDF, joblib": tfidf_peer,
    "sentence-transformers, logistic regression": transformer_peer,
    "the encoder by onnxruntime alone": encoder_alone,
}


def runs(source: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield what can be run here: our tiers and the peers."""
    manifest = json.loads((default_path() / "manifest.json").read_text())
    tiers = ["exact", *(["fast", "auto"] if "fast" in manifest else [])]
    for tier in tiers:
        out = source.with_suffix(f".{tier}.parquet")
        out.unlink(missing_ok=True)
        yield f"lossnlp score --tier {tier}", [
            sys.executable, "-m", "lossnlp", "score", str(source), str(out), "--tier", tier
        ]  # fmt: skip
    for name, peer in PEERS.items():
        if peer is transformer_peer and find_spec("sentence_transformers") is None:
            continue
        if peer is encoder_alone and not (default_path() / "encoder.onnx").exists():
            continue
        yield name, [sys.executable, __file__, "--peer", name, str(source)]


def show(result: Result, price: float) -> None:
    """Print one row of the table."""
    rate = result.rows / result.seconds
    cost = 1e6 / rate / 3600 * price
    print(
        f"{result.name:44}{result.rows:>10,}{result.seconds:>9.1f}{rate:>10,.0f}"
        f"{result.peak_mb:>9,.0f}{cost:>10.2f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[2000])
    parser.add_argument("--limit", type=float, default=60, help="seconds that a run may take")
    parser.add_argument("--price", type=float, default=0.085, help="of a machine hour")
    parser.add_argument("--peer", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peer:
        PEERS[given.peer[0]](given.peer[1])
        return
    print(f"{multiprocessing.cpu_count()} cores; {given.price} a machine hour")
    print(f"{'':44}{'deals':>10}{'s':>9}{'deals/s':>10}{'peak MB':>9}{'a million':>10}")
    before: dict[str, Result] = {}
    with tempfile.TemporaryDirectory() as folder:
        for size in sorted(given.sizes):
            source = make(Path(folder) / f"{size}.parquet", size)
            for name, command in runs(source):
                last = before.get(name)
                if last and last.seconds * size / last.rows > given.limit:
                    print(f"{name:44}{size:>10,}   left out: over {given.limit:,.0f} s")
                    continue
                before[name] = measured(name, size, command)
                show(before[name], given.price)


if __name__ == "__main__":
    main()
