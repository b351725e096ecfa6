"""The model over the rows of a block: what it reads of them, and its answers as Arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from lossnlp.deals import Layout, read_rows
from lossnlp.scoring._blocks import Block
from lossnlp.scoring._columns import SCORE_SCHEMA
from lossnlp.scoring._tiers import Tier, open_tier

#: The parts of a deal that an answer depends on.
READ = ("note", "snippets", "stage", "close_date", "account")

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
    """A loaded tier that answers for the rows of a block."""

    def __init__(self, tier: Tier) -> None:
        self._tier = tier
        self.model = tier.id

    def score(self, rows: Excerpt) -> pa.RecordBatch:
        """Return the added columns, one row for each row; equal deals are read once."""
        values, problems = _readable(rows)
        first, place = _distinct(values)
        read = {part: [cells[row] for row in first] for part, cells in values.items()}
        scores = self._tier.answer(read).take(pa.array(place, pa.int64()))
        said = pa.array([problems.get(row) for row in range(rows.rows)], pa.string())
        return pa.RecordBatch.from_arrays([*scores.columns, said], schema=SCORE_SCHEMA)


def open_scorer(task: Task) -> Scorer:
    """Load the task's model and tier."""
    return Scorer(open_tier(task.tier, Path(task.model) if task.model else None, task.threads))


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


def _distinct(values: Mapping[str, Sequence[Any]]) -> tuple[list[int], list[int]]:
    """Return the rows that hold a deal for the first time, and each row's place among them."""
    keys = [
        [tuple((turn["speaker"], turn["text"]) for turn in said) for said in cells]
        if part == "snippets"
        else cells
        for part, cells in values.items()
    ]
    places: dict[tuple[Any, ...], int] = {}
    first: list[int] = []
    place = []
    for row, deal in enumerate(zip(*keys, strict=True)):
        at = places.setdefault(deal, len(first))
        if at == len(first):
            first.append(row)
        place.append(at)
    return first, place
