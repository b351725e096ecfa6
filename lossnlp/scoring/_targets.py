"""Where scored rows go: a file, a folder of parts, standard output or a database table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from lossnlp._errors import InputError, LossnlpError
from lossnlp.deals import Layout
from lossnlp.scoring._blocks import Block
from lossnlp.scoring._columns import joined_schema, refuse_collisions
from lossnlp.scoring._engine import Engine, Scored
from lossnlp.scoring._parts import MARKER, Parts, discard, read_marker, whole_file, write_marker
from lossnlp.scoring._sources import FORMATS, Source
from lossnlp.scoring._write import JsonlWriter, has_header, join_parts, open_writer, rows_in

#: A part holds so many rows or bytes before the next one is begun.
PART_ROWS = 8192
PART_BYTES = 64 * 2**20

#: Told how many rows are done, of how many, and which share of the source is read (None: unknown).
Progress = Callable[[int, int | None, float | None], None]


@dataclass(frozen=True)
class Run:
    """One run of score: what is read, by which model, and how it is to be written."""

    source: Source
    engine: Engine
    layout: Layout
    tier: str
    prefix: str
    progress: Progress

    def scored(self, skip: int = 0) -> Iterator[Scored]:
        """Yield the blocks from row ``skip`` on with their scores, telling the progress."""
        for block, scores in self.engine.scored(self._blocks(skip), self.layout):
            yield block, scores
            self.progress(block.start + len(block), self.source.rows, self.source.share_read())

    def _blocks(self, skip: int) -> Iterator[Block]:
        for block in self.source.blocks(skip):
            refuse_collisions(block.names, self.prefix, self.source.label)
            yield block

    def asked(self, kind: str) -> dict[str, Any]:
        """Return what decides the result: runs that agree in it give the same rows."""
        return {
            "input": self.source.digest(),
            "model": self.engine.model,
            "tier": self.tier,
            "columns": dict(self.layout.columns),
            "date order": self.layout.date_order,
            "prefix": self.prefix,
            "output": kind,
        }


def write(run: Run, target: str, *, resume: bool) -> tuple[int, int]:
    """Write all scored rows; return how many there are, and how many an earlier run had done."""
    if target != "-" and "://" not in target:
        return _Files(run, Path(target)).write(resume=resume)
    if resume:
        raise InputError(f"{target}: only files and folders can be resumed")
    if target == "-":
        return _to_stream(run, sys.stdout.buffer), 0
    from lossnlp.scoring._tables import write_table

    return write_table(run.scored(), run.source.schema, target, run.prefix), 0


def _to_stream(run: Run, handle: BinaryIO) -> int:
    writer, rows = JsonlWriter(handle, run.prefix), 0
    for block, scores in run.scored():
        writer.write(block, scores)
        handle.flush()
        rows += len(block)
    return rows


class _Files:
    """A file or a folder as the target: parts first, joined at the end if it is a file."""

    def __init__(self, run: Run, target: Path) -> None:
        self._run = run
        self._target = target
        self._is_file = target.suffix.lower() in FORMATS
        if not self._is_file and target.suffix and not target.is_dir():
            raise InputError(
                f"{target}: cannot be written in this format; end OUT in {', '.join(FORMATS)}, or "
                "name a folder for parts, without an ending"
            )
        self._kind = FORMATS[target.suffix.lower()] if self._is_file else run.source.format
        self._schema: pa.Schema | None = None if self._kind == "jsonl" else run.source.schema

    def write(self, *, resume: bool) -> tuple[int, int]:
        """Score what is not done yet; return the rows in all and those done before."""
        folder = self._beside(".parts") if self._is_file else self._target
        marker = self._beside(".score.json") if self._is_file else self._target / MARKER
        asked = self._run.asked(self._kind)
        done = read_marker(marker) if resume else None
        if done and self._is_whole(done, asked):
            if self._is_file:
                discard(folder)
            return done["rows"], done["rows"]
        self._refuse_finished(folder, marker)
        parts = Parts(folder, asked, resume=resume)
        try:
            resumed = parts.rows
            rows = self._write_parts(parts)
            facts = {**asked, "rows": rows}
            if self._is_file:
                marker.unlink(missing_ok=True)
                self._join(parts)
            write_marker(marker, facts)
        finally:
            parts.close()
        if self._is_file:
            discard(folder)
        return rows, resumed

    def _write_parts(self, parts: Parts) -> int:
        end = parts.rows
        for group in _grouped(self._run.scored(parts.rows)):
            last = group[-1][0]
            end = last.start + len(last)
            parts.write(
                sum(len(block) for block, _ in group),
                "." + self._kind,
                lambda handle, group=group: self._fill(handle, group),  # type: ignore[misc]
                lambda path: rows_in(path, self._kind, self._names),
            )
        self._run.source.refuse_changes()
        expected = self._run.source.rows
        if parts.rows != end or (expected is not None and end != expected):
            raise LossnlpError(
                f"{self._target}: {parts.rows} rows were written of {expected or end} read; "
                "this is a fault of lossnlp, please report it"
            )
        return parts.rows

    def _fill(self, handle: BinaryIO, group: list[Scored]) -> None:
        writer = open_writer(handle, self._kind, self._schema, self._run.prefix)
        for block, scores in group:
            writer.write(block, scores)
        writer.close()

    def _join(self, parts: Parts) -> None:
        schema = joined_schema(self._schema, self._run.prefix) if self._schema else None
        with whole_file(self._target) as handle:
            join_parts(parts.paths, handle, self._kind, schema)
            handle.flush()
            found = rows_in(Path(handle.name), self._kind, self._names)
            if found - has_header(self._kind) != parts.rows:
                raise LossnlpError(f"{self._target}: {found} rows of {parts.rows} were joined")

    @property
    def _names(self) -> list[str]:
        return joined_schema(self._schema, self._run.prefix).names if self._schema else []

    def _is_whole(self, done: dict[str, Any], asked: dict[str, Any]) -> bool:
        same = {key: done.get(key) for key in asked} == asked
        return same and (self._target.exists() if self._is_file else True)

    def _refuse_finished(self, folder: Path, marker: Path) -> None:
        if not self._is_file and marker.exists():
            raise InputError(f"{folder}: holds a finished run; name another OUT or remove it")

    def _beside(self, ending: str) -> Path:
        return self._target.with_name(self._target.name + ending)


def _grouped(scored: Iterable[Scored]) -> Iterator[list[Scored]]:
    """Gather scored blocks until they make a part."""
    group: list[Scored] = []
    rows = size = 0
    for block, scores in scored:
        group.append((block, scores))
        rows, size = rows + len(block), size + block.size
        if rows >= PART_ROWS or size >= PART_BYTES:
            yield group
            group, rows, size = [], 0, 0
    if group:
        yield group
