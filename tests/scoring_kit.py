"""What the tests of scoring share: deals of every kind, as tables and files."""

from __future__ import annotations

import json
import tempfile
from atexit import register
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

import lossnlp.scoring
from lossnlp.scoring import SCORE_SCHEMA, ScoreSummary
from lossnlp.training import starter_deals, train

ADDED = SCORE_SCHEMA.names


@cache
def bundle() -> Path:
    """Return a small bundle of real answers, which loads and reads faster than the shipped one."""
    folder = tempfile.TemporaryDirectory(prefix="lossnlp-bundle-")
    register(folder.cleanup)
    deals = starter_deals()
    groups = list(dict.fromkeys(d.group for d in deals))[:3]
    chosen = [d for group in groups for d in [d for d in deals if d.group == group][:150]]
    path = Path(folder.name) / "small"
    train(chosen, name="small").write(path)
    return path


def score(source: Path | str, target: Path | str, **options: Any) -> ScoreSummary:
    """Score with the small bundle."""
    return lossnlp.scoring.score(source, target, model=bundle(), **options)


def records(n: int) -> list[dict[str, Any]]:
    """Return n different deals of the starter corpus, every ninth with snippets first."""
    deals = starter_deals()
    spoken = [deal for deal in deals if deal.deal.snippets]
    chosen = [(spoken if i % 9 == 0 else deals)[i] for i in range(n)]
    return [
        {
            "id": f"{i:05}",
            "note": labelled.deal.note,
            "snippets": [{"speaker": s.speaker, "text": s.text} for s in labelled.deal.snippets],
            "close_date": date(2025, 1 + i % 12, 1 + i % 28),
        }
        for i, labelled in enumerate(chosen)
    ]


def table(n: int) -> pa.Table:
    """Return deals beside columns of every awkward type."""
    rows = records(n)
    deals = pa.table(
        {
            "id": [row["id"] for row in rows],
            "note": [row["note"] for row in rows],
            "snippets": [row["snippets"] for row in rows],
            "close_date": [row["close_date"] for row in rows],
            "Amount": pa.array([Decimal(i) / 4 for i in range(n)], pa.decimal128(12, 2)),
            "seen": pa.array(
                [datetime(2025, 1, 1, 0, i % 60) for i in range(n)], pa.timestamp("ms", "UTC")
            ),
            "tags": pa.array(
                [["a", None, "ü"][: i % 4] or None for i in range(n)], pa.list_(pa.string())
            ),
            "kind": pa.array(["new", "renewal"] * (n // 2) + ["new"] * (n % 2)).dictionary_encode(),
            "raw": pa.array([bytes([i % 256]) for i in range(n)], pa.binary()),
            "facts": pa.array([{"x": i, "y": {"z": [i]}} for i in range(n)]),
            "blank": pa.nulls(n),
        }
    )
    return deals.replace_schema_metadata({"made by": "a test"})


def write_parquet(path: Path, n: int, group: int = 10_000) -> Path:
    """Write n deals as Parquet, ``group`` rows a row group."""
    pq.write_table(table(n), path, row_group_size=group)
    return path


def write_jsonl(path: Path, rows: list[dict[str, Any]]) -> Path:
    """Write records as JSON lines."""
    lines = [json.dumps(row, ensure_ascii=False, default=str) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_csv(path: Path, rows: list[dict[str, Any]], delimiter: str = ",") -> Path:
    """Write records as CSV, snippets as JSON in a cell."""
    flat = [
        {**row, "snippets": json.dumps(row["snippets"]) if row["snippets"] else ""} for row in rows
    ]
    columns = {name: [str(row[name]) for row in flat] for name in flat[0]}
    pc.write_csv(pa.table(columns), path, pc.WriteOptions(delimiter=delimiter))
    return path


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    """Read JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_csv(path: Path) -> pa.Table:
    """Read a scored CSV file, every cell as text."""
    names = pc.open_csv(path, parse_options=pc.ParseOptions(newlines_in_values=True)).schema.names
    return pc.read_csv(
        path,
        parse_options=pc.ParseOptions(newlines_in_values=True),
        convert_options=pc.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )
