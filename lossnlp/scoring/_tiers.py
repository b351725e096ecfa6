"""The tiers: exact reads every deal with the model, fast with its student, auto with both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lossnlp._errors import InputError
from lossnlp.deals import Deal, Snippet
from lossnlp.model import (
    Decisions,
    FastModel,
    LossModel,
    Probabilities,
    default_path,
    fast_facts,
    load,
    read_fast,
)
from lossnlp.scoring._columns import SCORE_SCHEMA

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: How thoroughly deals are read.
TIERS = ("exact", "fast", "auto")

#: What a tier answers: all added columns but the last, which tells what was wrong with a row.
ANSWER = pa.schema(list(SCORE_SCHEMA)[:-1])


class Tier(Protocol):
    """Reads deals."""

    @property
    def id(self) -> str:
        """The id of the model."""

    def answer(self, parts: Mapping[str, Sequence[Any]]) -> pa.RecordBatch:
        """Return one row of ``ANSWER`` a deal, from part of a deal → values."""


def open_tier(name: str, folder: Path | None, threads: int | None) -> Tier:
    """Load a tier of a bundle, or take it as loaded before if the bundle is still the same.

    Raises
    ------
    BundleError
        If the bundle cannot be read.
    InputError
        If it has no such tier.
    """
    folder = folder or default_path()
    return _opened(name, folder, bundle_digest(folder), threads)


def refuse_tier(name: str, folder: Path | None) -> None:
    """Raise InputError if there is no such tier, or a bundle has none of this name.

    A folder that is no bundle at all is left to what loads it.
    """
    if name not in TIERS:
        raise InputError(f"there is no tier {name!r}; there are {', '.join(TIERS)}")
    manifest = (folder or default_path()) / "manifest.json"
    if name != "exact" and manifest.is_file():
        fast_facts(manifest.parent, json.loads(manifest.read_bytes()))


def bundle_digest(folder: Path) -> str:
    """Return a digest of a bundle: of its manifest, which holds those of all its files."""
    manifest = folder / "manifest.json"
    return hashlib.sha256(manifest.read_bytes()).hexdigest() if manifest.is_file() else ""


@lru_cache(maxsize=1)
def _opened(name: str, folder: Path, _digest: str, threads: int | None) -> Tier:
    model = load(folder, threads=threads)
    if name == "exact":
        return Exact(model)
    fast = Fast(read_fast(folder, model.taxonomy, model.manifest), model)
    return fast if name == "fast" else Auto(fast, Exact(model))


class Exact:
    """The model reads every deal."""

    def __init__(self, model: LossModel) -> None:
        self._model = model
        self.id = model.id

    def answer(self, parts: Mapping[str, Sequence[Any]]) -> pa.RecordBatch:
        """Return what the model predicts."""
        import pandas as pd

        frame = pd.DataFrame({part: pd.Series(v, dtype=object) for part, v in parts.items()})
        table = self._model.predict(frame)
        columns = [_column(table[field.name].tolist(), field.type) for field in ANSWER]
        return pa.RecordBatch.from_arrays(columns, schema=ANSWER)


class Fast:
    """The student reads every deal; what it does not know of is null."""

    def __init__(self, fast: FastModel, model: LossModel) -> None:
        self.fast = fast
        self.id = f"{model.id}/fast"
        codes = fast.labels.codes
        self._codes = pa.array(codes, pa.string())
        self._recyclable = pa.array([model.taxonomy.reason(c).recyclable for c in codes])

    def answer(self, parts: Mapping[str, Sequence[Any]]) -> pa.RecordBatch:
        """Return what the student says."""
        return self.table(self.fast.read(deals_of(parts)))

    def table(self, likely: Probabilities) -> pa.RecordBatch:
        """Return probabilities as rows of ``ANSWER``."""
        n, labels = len(likely.primary), self.fast.labels
        decided: Decisions = self.fast.calibration.decide(likely, labels)
        order = np.argsort(-likely.primary, axis=1, kind="stable")
        columns: dict[str, pa.Array] = {
            "reason": self._codes.take(pa.array(order[:, 0])),
            "sub_reason": self._sub_reasons(order[:, 0], likely.sub),
            "prediction_set": self._sets(decided.kept, order),
            "contributing": self._sets(decided.contributing, np.argsort(-likely.contributing)),
            "ruled_out": self._sets(decided.ruled_out, np.argsort(-likely.ruled_out)),
            "needs_detail": pa.array(decided.needs_detail),
            "recyclable": self._recyclable.take(pa.array(order[:, 0])),
            "truncated": pa.array(likely.truncated),
            "model": pa.array([self.id] * n, pa.string()),
        }
        rows = np.arange(n)
        for rank in range(3):
            ending = "" if rank == 0 else f"_{rank + 1}"
            columns[f"reason{ending}"] = self._codes.take(pa.array(order[:, rank]))
            columns[f"probability{ending}"] = pa.array(likely.primary[rows, order[:, rank]])
        return pa.RecordBatch.from_arrays(
            [columns.get(f.name, pa.nulls(n, f.type)) for f in ANSWER], schema=ANSWER
        )

    def _sub_reasons(self, top: NDArray[np.intp], likely: NDArray[np.float64]) -> pa.Array:
        labels = self.fast.labels
        inside = labels.sub_code == top[:, None]
        best = np.where(inside, likely, -1.0).argmax(axis=1)
        names = pa.array([sub for _, sub in labels.sub], pa.string())
        return names.take(pa.array(best, mask=~inside.any(axis=1)))

    def _sets(self, chosen: NDArray[np.bool_], order: NDArray[np.intp]) -> pa.Array:
        """Return the chosen codes of each row, likeliest first, joined; null for none."""
        ranked = np.take_along_axis(chosen, order, axis=1)
        ends = np.concatenate(([0], np.cumsum(ranked.sum(axis=1))))
        lists = pa.ListArray.from_arrays(
            pa.array(ends, pa.int32()),
            self._codes.take(pa.array(order[ranked])),
            mask=pa.array(~ranked.any(axis=1)),
        )
        return pc.binary_join(lists, ";")


class Auto:
    """The student reads every deal, and the model those of which the student is unsure."""

    def __init__(self, fast: Fast, exact: Exact) -> None:
        self._fast, self._exact = fast, exact
        self.id = f"{exact.id}/auto"

    def answer(self, parts: Mapping[str, Sequence[Any]]) -> pa.RecordBatch:
        """Return the student's rows, with the model's in place of the unsure ones."""
        likely = self._fast.fast.read(deals_of(parts))
        first, second = np.sort(likely.primary, axis=1)[:, :-3:-1].T
        unsure = np.flatnonzero(first - second < self._fast.fast.margin).tolist()
        quick = self._fast.table(likely)
        if not unsure:
            return quick
        thorough = self._exact.answer({p: [v[i] for i in unsure] for p, v in parts.items()})
        place = np.arange(len(likely.primary))
        place[unsure] = len(place) + np.arange(len(unsure))
        return pa.concat_batches([quick, thorough]).take(pa.array(place))


def deals_of(parts: Mapping[str, Sequence[Any]]) -> list[Deal]:
    """Return deals with their words, all that the student reads."""
    notes = parts["note"]
    spoken = parts.get("snippets") or [()] * len(notes)
    return [
        Deal(note, tuple(Snippet(turn["speaker"], turn["text"]) for turn in said))
        for note, said in zip(notes, spoken, strict=True)
    ]


def _column(values: list[Any], kind: pa.DataType) -> pa.Array:
    """Return a column of answers; empty text and NaN say that there is none."""
    if pa.types.is_string(kind):
        return pa.array([value or None for value in values], kind)
    return pa.array(values, kind, from_pandas=True)
