"""JSONL and Parquet files: records with named values, as text."""

from __future__ import annotations

import io
import json
import re
from datetime import date, datetime, time
from typing import Any

from lossnlp._errors import InputError
from lossnlp.deals._table import Table, unique_names

#: Whole numbers up to this size are exact in a float, so ids read from a sheet keep their digits.
_EXACT = 1e15
_THREE_DECIMALS = re.compile(r"-?\d{1,3}\.\d{3}")


def text_of(value: Any) -> str:
    """Return a value as text: ids without exponent or ``.0``, dates in ISO, lists as JSON."""
    if value is None or value != value:  # NaN and NaT
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    if isinstance(value, float):
        # With a fourth decimal, 540.125 cannot be taken for a European 540,125 later on.
        return f"{value}0" if _THREE_DECIMALS.fullmatch(str(value)) else str(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, default=text_of)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    return str(value)


def read_json_lines(text: str, name: str) -> Table:
    """Read one JSON object a line; the columns are the keys in the order in which they come."""
    records: list[dict[str, Any]] = []
    rows: list[int] = []
    columns: dict[str, None] = {}
    # Only a line feed ends a line: JSON text may hold other breaks as they are.
    for row, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        record = _object(line, row, name)
        columns.update(dict.fromkeys(record))
        records.append(record)
        rows.append(row)
    cells = [[text_of(record.get(column)) for record in records] for column in columns]
    return Table(list(columns), cells, rows, ["JSONL"])


def _object(line: str, row: int, name: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"{name}, line {row}: broken JSON ({error.msg})") from None
    if not isinstance(record, dict):
        raise InputError(f"{name}, line {row}: a JSON object is expected on each line")
    return record


def read_parquet(data: bytes, name: str) -> Table:
    """Read a Parquet file; nested columns become JSON, rows are counted from 1."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{name} is a damaged Parquet file ({reason}); write it again") from None
    columns, repeated = unique_names(table.column_names)
    cells = [[text_of(value) for value in column.to_pylist()] for column in table.columns]
    rows = list(range(1, table.num_rows + 1))
    return Table(columns, cells, rows, ["Parquet"], repeated=repeated)
