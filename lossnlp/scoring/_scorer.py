"""The model over the rows of a block: what it reads of them, and its answers as Arrow."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from lossnlp.deals import Layout, read_rows
from lossnlp.model import default_path, load
from lossnlp.scoring._blocks import Block, as_json
from lossnlp.scoring._columns import SCORE_SCHEMA

if TYPE_CHECKING:
    import pandas as pd

#: The parts of a deal that an answer depends on.
READ = ("note", "snippets", "stage", "close_date", "account")

#: How thoroughly deals are read.
TIERS = ("exact", "fast", "auto")

#: A text is read up to here; the encoder stops far before.
MOST_CHARACTERS = 100_000


@dataclass(frozen=True)
class Task:
    """What a worker needs to know: the bundle (by default the shipped one), the tier, threads."""

    model: str | None = None
    tier: str = "exact"
    threads: int | None = None


@dataclass(frozen=True)
class Excerpt:
    """What is read of a block: part of a deal → values as in the source."""

    rows: int
    values: Mapping[str, list[Any]]
    layout: Layout
    problems: Mapping[int, str] = field(default_factory=dict)


def excerpt(block: Block, layout: Layout) -> Excerpt:
    """Take from a block what the model reads (the owner tells sellers from buyers in snippets)."""
    values = {
        part: block.values(layout.columns[part])
        for part in (*READ, "owner")
        if part in layout.columns
    }
    return Excerpt(len(block), values, layout, dict(block.problems))


class Scorer:
    """A loaded model that answers for the rows of a block.

    Parameters
    ----------
    model
        The id of the model.
    predict
        Takes a frame with columns of ``READ`` and returns the columns that score adds.
    """

    def __init__(self, model: str, predict: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
        self.model = model
        self._predict = predict

    def score(self, rows: Excerpt) -> pa.RecordBatch:
        """Return the added columns, one row for each row; equal deals are read once."""
        import pandas as pd

        values, problems = _readable(rows)
        first, place = _distinct(list(zip(*values.values(), strict=True)))
        frame = pd.DataFrame(
            {
                part: pd.Series([cells[i] for i in first], dtype=object)
                for part, cells in values.items()
            }
        )
        scores = _as_arrow(self._predict(frame)).take(pa.array(place, pa.int64()))
        said = pa.array([problems.get(row) for row in range(rows.rows)], pa.string())
        return pa.RecordBatch.from_arrays([*scores.columns, said], schema=SCORE_SCHEMA)


def open_scorer(task: Task) -> Scorer:
    """Load the task's model, or take it as loaded before if its bundle is still the same."""
    folder = Path(task.model) if task.model else default_path()
    return _loaded(folder, bundle_digest(folder), task.threads)


def bundle_digest(folder: Path) -> str:
    """Return a digest of a bundle: of its manifest, which holds those of all its files."""
    manifest = folder / "manifest.json"
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else ""


@lru_cache(maxsize=1)
def _loaded(folder: Path, _digest: str, threads: int | None) -> Scorer:
    model = load(folder, threads=threads)
    return Scorer(model.id, model.predict)


def _readable(rows: Excerpt) -> tuple[dict[str, list[Any]], dict[int, str]]:
    """Return the parts of the deals that an answer depends on, and what is wrong with some."""
    read, faults = read_rows(rows.values, rows.layout.date_order)
    problems = {row: [fault] for row, fault in rows.problems.items()}
    for row, fault in faults.items():
        problems.setdefault(row, []).append(fault)
    if "snippets" in read:
        read["snippets"] = [
            _cut_snippets(row, said, problems) for row, said in enumerate(read["snippets"])
        ]
    read["note"] = [_cut(row, note, "note", problems) for row, note in enumerate(read["note"])]
    return {part: read[part] for part in READ if part in read}, {
        row: "; ".join(said) for row, said in problems.items()
    }


def _cut_snippets(
    row: int, said: list[dict[str, str]], problems: dict[int, list[str]]
) -> list[dict[str, str]]:
    return [{**turn, "text": _cut(row, turn["text"], "snippet", problems)} for turn in said]


def _cut(row: int, text: str, what: str, problems: dict[int, list[str]]) -> str:
    """Return text of bearable length that is valid Unicode; note what had to be mended."""
    if len(text) > MOST_CHARACTERS:
        problems.setdefault(row, []).append(
            f"{what} of {len(text):,} characters: only the first {MOST_CHARACTERS:,} were read"
        )
        text = text[:MOST_CHARACTERS]
    try:
        text.encode()
    except UnicodeEncodeError:
        problems.setdefault(row, []).append(f"broken Unicode in the {what}: replaced by U+FFFD")
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _distinct(deals: list[tuple[Any, ...]]) -> tuple[list[int], list[int]]:
    """Return the rows that hold a deal for the first time, and each row's place among them."""
    places: dict[str, int] = {}
    first: list[int] = []
    place = []
    for row, deal in enumerate(deals):
        at = places.setdefault(as_json(deal), len(first))
        if at == len(first):
            first.append(row)
        place.append(at)
    return first, place


def _as_arrow(table: pd.DataFrame) -> pa.RecordBatch:
    """Return answers as Arrow; empty text and NaN say that there is none."""
    fields = [SCORE_SCHEMA.field(name) for name in SCORE_SCHEMA.names[:-1]]
    columns = [_column(table[f.name].tolist(), f.type) for f in fields]
    return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    if pa.types.is_string(kind):
        return pa.array([value or None for value in values], kind)
    return pa.array(values, kind, from_pandas=True)
