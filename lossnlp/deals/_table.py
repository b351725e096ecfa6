"""A file as a table of text: where its header is, which rows are deals, what is not a deal."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

#: What the first cell of a footer or of a summary row of a CRM report says.
FOOTER = re.compile(
    r"(grand )?totals?\b|copyright \(c\)|©|confidential information|generated (by|on)\b",
    re.IGNORECASE,
)
_SUMMARY = re.compile(r"((grand |sub-?)?totals?|count|sum|record count)\b\W*\d*\W*", re.IGNORECASE)

#: How far down the header of a report with title lines is looked for.
_HEADER_WITHIN = 50


@dataclass
class Table:
    """The cells of a file as text, column by column, with what was left out and why.

    ``rows`` holds the number of each row as a spreadsheet counts it: the first record of the file
    is 1, a quoted line break does not start a new row. ``ragged`` holds ``(row, cells)`` of rows
    with more or fewer cells than the header.
    """

    columns: list[str]
    cells: list[list[str]]
    rows: list[int]
    choices: list[str] = field(default_factory=list)
    footers: list[int] = field(default_factory=list)
    summaries: list[int] = field(default_factory=list)
    ragged: list[tuple[int, int]] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)


def without(table: Table, dropped: Collection[int]) -> Table:
    """Return the table without the rows at these indices."""
    keep = [i for i in range(len(table.rows)) if i not in dropped]
    cells = [[values[i] for i in keep] for values in table.cells]
    return replace(table, cells=cells, rows=[table.rows[i] for i in keep])


def filled(record: Sequence[str]) -> int:
    """Return how many cells of a record hold more than blanks."""
    return sum(1 for cell in record if cell and not cell.isspace())


def header_index(records: Sequence[Sequence[str]]) -> int:
    """Return the index of the header: the first record that is not a blank or a title line.

    A title line fills at most half as many cells as the fullest record; tables of one or two
    columns have none, because there a title cannot be told from a header.
    """
    counts = [filled(record) for record in records[:_HEADER_WITHIN]]
    fullest = max(counts, default=0)
    least = fullest / 2 if fullest > 2 else 0
    return next((i for i, count in enumerate(counts) if count > least), 0)


def shape(records: list[list[str]], choices: list[str]) -> Table:
    """Split the records of a text file or sheet into header, deals, footers and summary rows."""
    start = header_index(records)
    columns, repeated = unique_names(_header(records[start:]))
    end = _footer_start(records, start + 1, len(columns))
    table = Table(columns, [], [], choices, repeated=repeated)
    table.footers = [i + 1 for i in range(end, len(records)) if filled(records[i])]
    kept = []
    for i in range(start + 1, end):
        record = records[i]
        if not filled(record):
            continue
        if _is_summary(record, len(columns)):
            table.summaries.append(i + 1)
            continue
        kept.append(_fit(record, len(columns), i + 1, table.ragged))
        table.rows.append(i + 1)
    table.cells = [list(column) for column in zip(*kept, strict=True)] or [[] for _ in columns]
    return table


def _header(records: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return the first record without the blank cells at its end below which nothing stands."""
    header = records[0] if records else []
    width = len(header)
    while width and not any(record[width - 1 : width] not in ([], [""]) for record in records):
        width -= 1
    return header[:width]


def unique_names(header: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return column names that are all different, and the names that came more than once."""
    names: list[str] = []
    repeated: list[str] = []
    for position, cell in enumerate(header, start=1):
        base = cell.strip() or f"column {position}"
        name, n = base, 1
        while name in names:
            n += 1
            name = f"{base} ({n})"
        if n > 1 and base not in repeated:
            repeated.append(base)
        names.append(name)
    return names, repeated


def _fit(record: list[str], width: int, row: int, ragged: list[tuple[int, int]]) -> list[str]:
    """Return the record with as many cells as the header, noting it when it had others."""
    if len(record) == width:
        return record
    if len(record) < width or filled(record[width:]):
        ragged.append((row, len(record)))
    return (record + [""] * (width - len(record)))[:width]


def _first_text(record: Sequence[str]) -> str:
    return next((cell.strip() for cell in record if cell.strip()), "")


def _is_summary(record: Sequence[str], width: int) -> bool:
    """Tell whether a row is a subtotal or a count of a grouped report."""
    return filled(record) < width and bool(_SUMMARY.fullmatch(_first_text(record)))


def _is_thin(record: Sequence[str], width: int) -> bool:
    return filled(record) <= 1 or _is_summary(record, width)


def _footer_start(records: Sequence[Sequence[str]], first: int, width: int) -> int:
    """Return the index at which the footer starts: after a blank row, or with a footer's words."""
    thin = len(records)
    while thin > first and width > 1 and _is_thin(records[thin - 1], width):
        thin -= 1
    for i in range(thin, len(records)):
        if not filled(records[i]) or FOOTER.match(_first_text(records[i])):
            return i
    return len(records)


def counted(rows: Sequence[int], most: int = 5) -> str:
    """Return row numbers in words: ``row 7`` or ``12 rows (3, 4, 9, …)``."""
    if len(rows) == 1:
        return f"row {rows[0]}"
    more = ", …" if len(rows) > most else ""
    return f"{len(rows)} rows ({', '.join(map(str, rows[:most]))}{more})"
