"""Exports that are read block by block: columns settled on the first rows, cells read as ever."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple, cast

from lossnlp._errors import InputError
from lossnlp.deals import _columns, _delimited, _fields
from lossnlp.deals._dates import DateOrder, parse_date
from lossnlp.deals._export import pick_columns, refuse_missing
from lossnlp.deals._records import text_of
from lossnlp.deals._snippets import SnippetsError, from_list, parse_cell
from lossnlp.deals._table import FOOTER, Table, header_index

_HEAD_BYTES = 1 << 18
_TITLES_WITHIN = 50
_TITLES_TEXT = 100_000  # below the csv module's limit for one cell


@dataclass(frozen=True)
class Layout:
    """Where the parts of a deal stand in the rows of a source, and how its dates are written.

    ``columns`` maps part of a deal → column; ``choices`` says what was chosen and why, a line each.
    """

    columns: Mapping[str, str]
    date_order: DateOrder | None = None
    choices: tuple[str, ...] = ()


class Dialect(NamedTuple):
    """How a text file is written; ``title_lines`` stand before the line that names the columns."""

    encoding: str
    separator: str
    title_lines: int


def dialect_of(head: bytes, name: str, encoding: str | None = None) -> Dialect:
    """Return how a text file is written, told from its first bytes (some 256 KB are enough).

    Text that is UTF-8 but for single broken characters counts as UTF-8 when those are rare.
    """
    chosen = encoding or _head_encoding(head[:_HEAD_BYTES], name)
    text = codecs.getincrementaldecoder(chosen)("replace").decode(head[:_HEAD_BYTES])
    mended = text.encode(chosen, errors="replace")
    declared, separator = _delimited.declared_separator(mended, chosen)
    separator = separator or _delimited.separator_of(mended, chosen)
    reader = csv.reader(io.StringIO(text[:_TITLES_TEXT], newline=""), delimiter=separator)
    ends, records = [0], []
    for record in islice(reader, _TITLES_WITHIN):
        records.append(record)
        ends.append(reader.line_num)
    return Dialect(chosen, separator, max(declared, ends[header_index(records)]))


def is_footer(text: str) -> bool:
    """Tell whether a line that fills one cell is the footer of a report, by its words."""
    return bool(FOOTER.match(text.strip().strip('"')))


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


def read_rows(
    values: Mapping[str, Sequence[Any]], order: DateOrder | None
) -> tuple[dict[str, list[Any]], dict[int, str]]:
    """Return the parts of some deals as a whole file's reading gives them, and what was wrong.

    Parameters
    ----------
    values
        Part of a deal → its cells, as text or as the typed values of Parquet and JSONL.
    order
        The order of dates that ``layout_of`` settled.

    Returns
    -------
    tuple
        Part → values, and row (from 0) → what of it could not be read and was left empty. Only
        the row's own owner is known as a seller's name, so a colleague's is taken as the buyer's.
    """
    problems: dict[int, str] = {}
    read: dict[str, list[Any]] = {
        part: [text_of(cell).strip() or None for cell in cells]
        for part, cells in values.items()
        if part not in ("note", "snippets", "close_date", "amount")
    }
    if "amount" in values:
        cells = [text_of(cell) for cell in values["amount"]]
        read["amount"], _ = _fields.amounts(cells, range(len(cells)))
    if "note" in values:
        read["note"] = [_fields.line_feeds(text_of(cell)) for cell in values["note"]]
    if "close_date" in values:
        read["close_date"] = [
            _date(cell, order, row, problems) for row, cell in enumerate(values["close_date"])
        ]
    if "snippets" in values:
        owners = read.get("owner") or [None] * len(values["snippets"])
        read["snippets"] = [
            _snippets(cell, owner, row, problems)
            for row, (cell, owner) in enumerate(zip(values["snippets"], owners, strict=True))
        ]
    return read, problems


def _head_encoding(head: bytes, name: str) -> str:
    """Return the encoding of a head, which may end inside a character or hold broken ones."""
    chosen = _delimited.encoding_of(head, name)
    broken = head.decode("utf-8", errors="replace").count("\ufffd")
    high = sum(byte >= 0x80 for byte in head)
    return "utf-8" if chosen == "cp1252" and broken * 10 < high else chosen


_parsed = lru_cache(maxsize=4096)(parse_date)  # years of deals close on few different days


def _date(cell: Any, order: DateOrder | None, row: int, problems: dict[int, str]) -> date | None:
    if isinstance(cell, datetime):
        return cell.date()
    if cell is None or isinstance(cell, date):
        return cell
    text = text_of(cell)
    found = _parsed(text, order)
    if found is None and text.strip():
        problems[row] = "the close date is no date"
    return found


def _snippets(
    cell: Any, owner: str | None, row: int, problems: dict[int, str]
) -> list[dict[str, str]]:
    if not cell:
        return []
    own = _fields.own_names([owner]) if owner else ()
    try:
        return from_list(cell, own) if isinstance(cell, list) else parse_cell(text_of(cell), own)
    except SnippetsError as error:
        problems[row] = f"snippets left out: {error}"
        return []
