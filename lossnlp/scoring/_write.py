"""Scored blocks as files: CSV, JSONL and Parquet, and the joining of finished parts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from lossnlp.scoring._blocks import Block, LineBlock, TableBlock, as_json
from lossnlp.scoring._columns import join_columns, joined_schema

_COMPRESSION = "zstd"


class Writer(Protocol):
    """Takes scored blocks in order."""

    def write(self, block: Block, scores: pa.RecordBatch) -> None:
        """Write the rows of a block with their scores behind them."""

    def close(self) -> None:
        """Finish what was written; the file stays open."""


class JsonlWriter:
    """JSON lines; a line that came as JSON is passed through as it stood."""

    def __init__(self, handle: BinaryIO, prefix: str = "") -> None:
        self._handle = handle
        self._prefix = prefix

    def write(self, block: Block, scores: pa.RecordBatch) -> None:
        """Write one object a row."""
        added = (
            as_json({self._prefix + key: value for key, value in row.items()})
            for row in scores.to_pylist()
        )
        lines = (joined_line(line, more) for line, more in zip(_lines(block), added, strict=True))
        self._handle.write("".join(lines).encode(errors="replace"))

    def close(self) -> None:
        """Nothing is held back."""


class CsvWriter:
    """CSV without a header, which stands once at the head of the joined file."""

    def __init__(self, handle: BinaryIO, schema: pa.Schema, delimiter: str, prefix: str) -> None:
        self._schema = schema
        self._prefix = prefix
        flat = _flat_schema(joined_schema(schema, prefix))
        options = pc.WriteOptions(include_header=False, delimiter=delimiter)
        self._writer = pc.CSVWriter(handle, flat, write_options=options)

    def write(self, block: Block, scores: pa.RecordBatch) -> None:
        """Write one record a row; nested values as JSON."""
        given = block.mended() if isinstance(block, TableBlock) else block.table(self._schema)
        self._writer.write(_flat(join_columns(given, scores, self._prefix)))

    def close(self) -> None:
        """Write what is held back."""
        self._writer.close()


class ParquetWriter:
    """Parquet with the source's types, nested columns and metadata."""

    def __init__(self, handle: BinaryIO, schema: pa.Schema, prefix: str) -> None:
        self._schema = schema
        self._prefix = prefix
        self._writer = pq.ParquetWriter(
            handle, joined_schema(schema, prefix), compression=_COMPRESSION
        )

    def write(self, block: Block, scores: pa.RecordBatch) -> None:
        """Add the rows; a part becomes one row group for each block."""
        self._writer.write_batch(join_columns(block.table(self._schema), scores, self._prefix))

    def close(self) -> None:
        """Write the footer."""
        self._writer.close()


def open_writer(handle: BinaryIO, kind: str, schema: pa.Schema | None, prefix: str) -> Writer:
    """Return the writer of a format; only JSONL does without the schema of the source."""
    if kind == "jsonl":
        return JsonlWriter(handle, prefix)
    assert schema is not None  # noqa: S101 - the caller reads it for every other format
    if kind == "parquet":
        return ParquetWriter(handle, schema, prefix)
    return CsvWriter(handle, schema, delimiter_of(kind), prefix)


def delimiter_of(kind: str) -> str:
    """Return what separates the cells of ``csv`` or ``tsv``."""
    return "\t" if kind == "tsv" else ","


def rows_in(part: Path, kind: str, names: list[str]) -> int:
    """Count the rows of a finished part by reading it again."""
    if kind == "parquet":
        return int(pq.read_metadata(part).num_rows)
    if kind == "jsonl":
        with part.open("rb") as handle:
            return sum(1 for _ in handle)
    if not part.stat().st_size:
        return 0
    reader = pc.open_csv(
        part,
        read_options=pc.ReadOptions(column_names=names, use_threads=False, block_size=64 * 2**20),
        parse_options=pc.ParseOptions(delimiter=delimiter_of(kind), newlines_in_values=True),
        convert_options=pc.ConvertOptions(column_types=dict.fromkeys(names, pa.binary())),
    )
    return sum(batch.num_rows for batch in reader)


def join_parts(
    parts: Iterable[Path], target: BinaryIO, kind: str, schema: pa.Schema | None
) -> None:
    """Write finished parts one behind the other as one file; ``schema`` is that of the result."""
    if kind == "parquet":
        assert schema is not None  # noqa: S101 - as in open_writer
        _join_parquet(parts, target, schema)
        return
    if schema is not None and has_header(kind):
        target.write(csv_header(schema.names, delimiter_of(kind)))
    for part in parts:
        with part.open("rb") as handle:
            shutil.copyfileobj(handle, target, 2**20)


def has_header(kind: str) -> bool:
    """Tell whether a joined file of this format has a line that is no row."""
    return kind in ("csv", "tsv")


def csv_header(names: list[str], delimiter: str) -> bytes:
    """Return the first line of a CSV file."""
    cells = ['"' + name.replace('"', '""') + '"' for name in names]
    return (delimiter.join(cells) + "\n").encode()


def joined_line(line: str, added: str) -> str:
    """Return one JSON line: an object as it stood with the members of another behind its own."""
    head = line.rstrip()[:-1].rstrip()
    comma = "" if head == "{" else ", "
    return f"{head}{comma}{added[1:]}\n"


def _join_parquet(parts: Iterable[Path], target: BinaryIO, schema: pa.Schema) -> None:
    """Copy the parts' rows, one part a row group, so that readers find large row groups."""
    with pq.ParquetWriter(target, schema, compression=_COMPRESSION) as writer:
        for part in parts:
            with pq.ParquetFile(part, pre_buffer=False) as file:
                writer.write_table(
                    file.read(use_threads=False), row_group_size=file.metadata.num_rows or None
                )


def _lines(block: Block) -> list[str]:
    if isinstance(block, LineBlock):
        return block.lines
    return [as_json(row) for row in block.mended().to_pylist()]


def _flat_schema(schema: pa.Schema) -> pa.Schema:
    return pa.schema(
        [pa.field(f.name, pa.string() if _is_nested(f.type) else f.type) for f in schema]
    )


def _flat(rows: pa.RecordBatch) -> pa.RecordBatch:
    columns = [_flat_column(column) for column in rows.columns]
    return pa.RecordBatch.from_arrays(columns, schema=_flat_schema(rows.schema))


def _flat_column(column: pa.Array) -> pa.Array:
    if not _is_nested(column.type):
        return column
    return pa.array([None if v is None else as_json(v) for v in column.to_pylist()], pa.string())


def _is_nested(kind: pa.DataType) -> bool:
    return bool(pa.types.is_nested(kind))


def as_line(record: dict[str, Any]) -> bytes:
    """Return a JSON object as one line of a file."""
    return (json.dumps(record, ensure_ascii=False) + "\n").encode()
