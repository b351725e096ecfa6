"""Exports that are read block by block: columns settled on the first rows, cells read as ever."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple, cast

from lossnlp._errors import InputError
from lossnlp.deals import _columns, _delimited, _fields
from lossnlp.deals._dates import DateOrder, parse_date
from lossnlp.deals._export import pick_columns, refuse_missing
from lossnlp.deals._records import text_of
from lossnlp.deals._snippets import SnippetsError, parse_cell
from lossnlp.deals._table import Table

_HEAD_BYTES = 1 << 18


@dataclass(frozen=True)
class Layout:
    """Where the parts of a deal stand in the rows of a source, and how its dates are written.

    ``columns`` maps part of a deal → column; ``choices`` says what was chosen and why, a line each.
    """

    columns: Mapping[str, str]
    date_order: DateOrder | None = None
    choices: tuple[str, ...] = ()


class Dialect(NamedTuple):
    """How a text file is written."""

    encoding: str
    separator: str


def dialect_of(head: bytes, name: str, encoding: str | None = None) -> Dialect:
    """Return how a text file is written, told from its first bytes (some 256 KB are enough).

    Text that is UTF-8 but for single broken characters counts as UTF-8 when those are rare.
    """
    chosen = encoding or _head_encoding(head[:_HEAD_BYTES], name)
    return Dialect(chosen, _delimited.separator_of(head[:_HEAD_BYTES], chosen))


def layout_of(
    rows: Mapping[str, Sequence[Any]],
    name: str,
    *,
    columns: Mapping[str, str] | None = None,
    preset: str | None = None,
    date_order: str | None = None,
    need: Sequence[str] = ("note",),
) -> Layout:
    """Settle the columns and the order of dates on the first rows of a source.

    Parameters
    ----------
    rows
        Column → its values in some first rows (hundreds are better than tens).
    name
        What to call the source in messages.
    columns, preset, date_order, need
        As in :func:`lossnlp.deals.open_export`.

    Raises
    ------
    InputError
        If a needed column is missing, or if dates can be read both ways and nobody told which.
    """
    if date_order not in (None, "mdy", "dmy"):
        raise InputError(f"date order {date_order!r} is neither mdy nor dmy")
    _columns.check_parts(columns or {})
    cells = [[text_of(value) for value in values] for values in rows.values()]
    numbers = list(range(1, len(cells[0]) + 1 if cells else 1))
    table = Table(list(rows), cells, numbers)
    picked = pick_columns(table, columns or {}, preset)
    refuse_missing(picked, table, need, name)
    chosen = {choice.field: choice.column for choice in picked}
    choices = [*table.choices, *(f'{c.field}: "{c.column}" ({c.why})' for c in picked)]
    order = cast("DateOrder | None", date_order)
    if "close_date" in chosen:
        column = chosen["close_date"]
        by_name = dict(zip(table.columns, table.cells, strict=True))
        settled = _fields.date_order(by_name[column], numbers, column, by_name, order)
        order = settled.order
        if settled.why:
            choices.append(f"dates: {settled.why}")
    return Layout(chosen, order, tuple(choices))


def read_cells(part: str, values: Sequence[Any], order: DateOrder | None) -> list[tuple[Any, str]]:
    """Return what each cell of a column holds, and what is wrong with it (empty if nothing).

    Parameters
    ----------
    part
        ``note``, ``snippets``, ``close_date`` or another text of a deal.
    values
        The cells, as text or as typed values of a Parquet or JSONL file.
    order
        The order of dates that ``layout_of`` settled.
    """
    read = _READERS.get(part, _text)
    return [read(value, order) for value in values]


def _head_encoding(head: bytes, name: str) -> str:
    """Return the encoding of a head, which may end inside a character or hold broken ones."""
    chosen = _delimited.encoding_of(head, name)
    broken = head.decode("utf-8", errors="replace").count("\ufffd")
    high = sum(byte >= 0x80 for byte in head)
    return "utf-8" if chosen == "cp1252" and broken * 10 < high else chosen


def _text(value: Any, _order: DateOrder | None) -> tuple[str | None, str]:
    return text_of(value).strip() or None, ""


def _note(value: Any, _order: DateOrder | None) -> tuple[str, str]:
    return _fields.line_feeds(text_of(value)), ""


def _date(value: Any, order: DateOrder | None) -> tuple[date | None, str]:
    if isinstance(value, datetime):
        return value.date(), ""
    if isinstance(value, date):
        return value, ""
    text = text_of(value)
    found = parse_date(text, order)
    return found, "close date is no date" if found is None and text.strip() else ""


def _snippets(value: Any, _order: DateOrder | None) -> tuple[list[dict[str, str]], str]:
    try:
        return parse_cell(text_of(value)), ""
    except SnippetsError as error:
        return [], f"snippets left out: {error}"


_READERS: Mapping[str, Callable[[Any, DateOrder | None], tuple[Any, str]]] = {
    "note": _note,
    "snippets": _snippets,
    "close_date": _date,
}
