"""A block: some consecutive rows of the source, the unit that is read, scored and written."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from lossnlp._errors import InputError

#: A block holds at most so many rows, and about so many bytes.
BLOCK_ROWS = 2048
BLOCK_BYTES = 16 * 2**20


@dataclass(frozen=True)
class TableBlock:
    """Rows of a table: all columns as the source has them."""

    start: int
    rows: pa.RecordBatch
    problems: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    @property
    def size(self) -> int:
        """About how many bytes the rows take."""
        return int(self.rows.nbytes)

    @property
    def names(self) -> list[str]:
        """The columns of these rows."""
        return list(self.rows.schema.names)

    def values(self, name: str) -> list[Any]:
        """Return a column as Python values; broken Unicode is replaced, and the row marked."""
        column = self.rows.column(self.rows.schema.get_field_index(name))
        try:
            values: list[Any] = column.to_pylist()
        except UnicodeDecodeError:
            values = [self._decoded(i, name, v) for i, v in enumerate(as_bytes(column))]
        return values

    def table(self, schema: pa.Schema) -> pa.RecordBatch:
        """Return the rows under the schema of the whole source."""
        return self.rows if self.rows.schema.equals(schema) else self.rows.cast(schema)

    def mended(self) -> pa.RecordBatch:
        """Return the rows for a text format: what is broken Unicode is replaced."""
        columns = [self._mended(field) for field in self.rows.schema]
        return pa.RecordBatch.from_arrays(columns, schema=self.rows.schema)

    def _mended(self, field: pa.Field) -> pa.Array:
        column = self.rows.column(self.rows.schema.get_field_index(field.name))
        if not (pa.types.is_string(field.type) or pa.types.is_large_string(field.type)):
            return column
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            return pa.array(self.values(field.name), field.type)
        return column

    def _decoded(self, row: int, name: str, value: bytes | None) -> str | None:
        if value is None:
            return None
        text = value.decode("utf-8", errors="replace")
        if text.encode() != value:
            self.problems[row] = broken_unicode(name)
        return text


@dataclass(frozen=True)
class LineBlock:
    """Rows of a JSONL source: each line as it stood, and the object that it holds."""

    start: int
    lines: list[str]
    records: list[dict[str, Any]]
    problems: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def size(self) -> int:
        """About how many bytes the rows take."""
        return sum(map(len, self.lines))

    @property
    def names(self) -> list[str]:
        """The keys of these rows, in the order of their first appearance."""
        return list(dict.fromkeys(key for record in self.records for key in record))

    def values(self, name: str) -> list[Any]:
        """Return a field as Python values, None where a row has none."""
        return [record.get(name) for record in self.records]

    def table(self, schema: pa.Schema) -> pa.RecordBatch:
        """Return the rows under the schema of the whole source."""
        return to_batch(self.records, self.start, schema)


Block = TableBlock | LineBlock


def to_batch(
    records: list[dict[str, Any]], start: int, schema: pa.Schema | None = None
) -> pa.RecordBatch:
    """Return JSON objects as a record batch; with no schema, types are taken from the values."""
    names = schema.names if schema is not None else dict.fromkeys(k for r in records for k in r)
    arrays = []
    for name in names:
        values = [record.get(name) for record in records]
        kind = schema.field(name).type if schema is not None else None
        try:
            arrays.append(pa.array(values, type=kind))
        except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError, OverflowError) as error:
            raise InputError(
                f"rows {start + 1} to {start + len(records)}: field {name!r} holds values of "
                f"different types ({error}); write to JSONL, which passes every line through"
            ) from error
    return pa.RecordBatch.from_arrays(
        arrays, schema=schema or None, names=None if schema else list(names)
    )


def as_bytes(column: pa.Array) -> list[bytes | None]:
    """Return a text column as raw bytes, without the check for valid UTF-8."""
    large = pa.types.is_large_string(column.type) or pa.types.is_large_binary(column.type)
    values: list[bytes | None] = column.cast(
        pa.large_binary() if large else pa.binary()
    ).to_pylist()
    return values


def broken_unicode(name: str) -> str:
    """Return what is said of a row whose text is not valid Unicode."""
    return f"broken Unicode in {name!r}: replaced by U+FFFD"


def as_json(value: Any) -> str:
    """Return a Python value as JSON text on one line; dates and the like as ISO text."""
    return json.dumps(value, ensure_ascii=False, default=str)
