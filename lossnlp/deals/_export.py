"""Reading an export of closed-lost deals into a table of deals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pandas as pd

from lossnlp._errors import InputError
from lossnlp.deals import _columns, _fields, _transcripts
from lossnlp.deals._columns import Choice, quoted
from lossnlp.deals._dates import DateOrder
from lossnlp.deals._deal import DEAL_COLUMNS
from lossnlp.deals._files import load, shown
from lossnlp.deals._presets import PRESETS
from lossnlp.deals._snippets import SnippetDicts
from lossnlp.deals._status import not_lost, says_only_lost
from lossnlp.deals._table import Table, counted, without
from lossnlp.deals._text_label import is_free_text


@dataclass(frozen=True)
class Export:
    r"""An export as it was read: the deals, the file's own columns, and what was decided.

    Attributes
    ----------
    deals
        One row a deal, index 0..n-1, with those columns of ``DEAL_COLUMNS`` that the file has:
        ``note`` str (line breaks as ``\n``), ``snippets`` a list of ``{"speaker", "text"}``,
        ``close_date`` :class:`datetime.date` or None, ``amount`` float (NaN when there is none),
        the others str or None.
    source
        The same rows with every column of the file, as text.
    rows
        The number of each deal's row in the file, as a spreadsheet counts (JSONL: the line).
    columns
        Part of a deal → column of the file.
    choices
        What was chosen and why, a line each.
    warnings
        What was left out or could not be read, a line each.
    """

    deals: pd.DataFrame
    source: pd.DataFrame
    rows: list[int]
    columns: dict[str, str]
    choices: list[str]
    warnings: list[str]


def open_export(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    preset: str | None = None,
    date_order: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    transcripts: str | Path | None = None,
    need: Sequence[str] = ("note",),
) -> Export:
    """Read a CSV, TSV, XLSX, Parquet or JSONL export of closed-lost deals.

    Rows that the export itself calls won or open are left out, with a warning; so are footers,
    blank lines and subtotals of a report.

    Parameters
    ----------
    path
        The file, or ``-`` for standard input.
    columns
        Part of a deal → column of the file, for what is not found by itself or found wrongly.
    preset
        ``salesforce``, ``hubspot``, ``pipedrive``, ``dynamics`` or ``zoho``; told from the
        headers when left out.
    date_order
        ``mdy`` or ``dmy``, for close dates that can be read both ways.
    encoding, sheet
        Of a text file and of a workbook, when the ones found are not meant.
    transcripts
        A file or folder of call transcripts (Gong JSON, WebVTT, ``Name: text``) whose turns
        become snippets, joined by deal id.
    need
        Parts of a deal that must be there.

    Raises
    ------
    InputError
        When the file cannot be read, lacks a needed column, has rows that do not fit the header
        or dates whose order nobody told.
    """
    order = checked_order(date_order)
    _columns.check_parts(columns or {})
    name = shown(path)
    table = load(path, encoding, sheet)
    refuse_ragged(table, name)
    warnings = _table_warnings(table)
    table = _lost_only(table, name, warnings)
    picked = pick_columns(table, columns or {}, preset)
    refuse_missing(picked, table, need, name)
    return _Reading(table, picked, order, name, warnings).export(transcripts)


def read_deals(path: str | Path, **options: Any) -> pd.DataFrame:
    """Return the deals of an export: ``open_export(path, **options).deals``."""
    return open_export(path, **options).deals


def checked_order(date_order: str | None) -> DateOrder | None:
    """Return the order of dates that the user named, if it is one."""
    if date_order not in (None, "mdy", "dmy"):
        raise InputError(f"date order {date_order!r} is neither mdy nor dmy")
    return cast("DateOrder | None", date_order)


def refuse_ragged(table: Table, name: str) -> None:
    """Raise InputError when rows have more or fewer cells than the header."""
    if table.ragged:
        row, cells = table.ragged[0]
        more = f", and so do {len(table.ragged) - 1} more rows" if len(table.ragged) > 1 else ""
        raise InputError(
            f"{name}, row {row}: {cells} cells where the header has {len(table.columns)}{more}; "
            "put quotes around cells that hold the separator or a line break"
        )


def pick_columns(table: Table, given: Mapping[str, str], preset: str | None) -> list[Choice]:
    """Choose the columns of a table; see :func:`lossnlp.deals._columns.choose`."""
    preset = _columns.checked_preset(preset, table.columns)
    cells = dict(zip(table.columns, table.cells, strict=True))
    picked = _columns.choose(
        table.columns,
        given,
        preset,
        empty=lambda column: not any(value.strip() for value in cells[column]),
    )
    by_part = {choice.field: choice for choice in picked}
    stage, label = by_part.get("stage"), by_part.get("label")
    if stage and stage.why != "given" and says_only_lost(cells[stage.column]):
        picked.remove(stage)  # "Closed Lost" is not the stage at which a deal was lost
    found = label is not None and label.why != "given"
    if label and found and "note" not in by_part and is_free_text(cells[label.column]):
        picked[picked.index(label)] = Choice("note", label.column, "free text, so no label")
    if preset is not None:
        table.choices.append(f"preset: {PRESETS[preset].title}")
    return picked


def refuse_missing(picked: Sequence[Choice], table: Table, need: Sequence[str], name: str) -> None:
    """Raise InputError when a needed part of a deal has no column."""
    have = {choice.field for choice in picked}
    for part in need:
        if part not in have:
            option = part.replace("_", "-")
            raise InputError(
                f"{name} has no {part} column that lossnlp knows; name it with --{option} COL. "
                f"The file has {quoted(table.columns)}"
            )


class _Reading:
    """One table on its way to deals; collects what was chosen and what was left out."""

    def __init__(
        self,
        table: Table,
        picked: Sequence[Choice],
        date_order: DateOrder | None,
        name: str,
        warnings: list[str],
    ) -> None:
        self.table = table
        self.columns = {choice.field: choice.column for choice in picked}
        self.date_order = date_order
        self.name = name
        self.choices = [*table.choices, *(f'{c.field}: "{c.column}" ({c.why})' for c in picked)]
        self.warnings = warnings

    def export(self, transcripts: str | Path | None) -> Export:
        """Return the export, with the turns of transcripts among the snippets."""
        rows = self.table.rows
        cells = dict(zip(self.table.columns, self.table.cells, strict=True))
        deals: dict[str, pd.Series] = {}
        for part, column in self.columns.items():
            values = self._read(part, column, cells)
            deals[part] = pd.Series(values, dtype="float64" if part == "amount" else "object")
        frame = pd.DataFrame(deals, index=range(len(rows)))
        if transcripts is not None:
            self._join(frame, transcripts, self._own(cells))
        source = pd.DataFrame(
            {column: pd.Series(values, dtype="object") for column, values in cells.items()},
            index=range(len(rows)),
        )
        frame = frame[[part for part in DEAL_COLUMNS if part in frame]]
        return Export(frame, source, rows, self.columns, self.choices, self.warnings)

    def _read(self, part: str, column: str, cells: Mapping[str, list[str]]) -> Sequence[Any]:
        """Return the values of a part of the deals; what cannot be read becomes a warning."""
        values, rows = cells[column], self.table.rows
        if part == "note":
            return [_fields.line_feeds(value) for value in values]
        if part == "snippets":
            read, refused = _fields.snippets(values, rows, self._own(cells))
            self.warnings += [
                f"snippets of {counted(at)} left out: {w}" for w, at in refused.items()
            ]
            return read
        if part == "close_date":
            settled = _fields.date_order(values, rows, column, cells, self.date_order)
            if settled.why:
                self.choices.append(f"dates: {settled.why}")
            dates, bad = _fields.dates(values, rows, settled.order)
            self._left_empty(column, "date", bad)
            return dates
        if part == "amount":
            amounts, bad = _fields.amounts(values, rows)
            self._left_empty(column, "amount", bad)
            if several := _fields.currencies(column, cells):
                found = ", ".join(several[1])
                self.warnings.append(
                    f'"{column}" is in several currencies ({found}): sums mix them'
                )
            return amounts
        if part == "id":
            self._doubtful_ids(values)
        return [value.strip() or None for value in values]

    def _doubtful_ids(self, values: Sequence[str]) -> None:
        blank, repeated = _fields.doubtful_ids(values, self.table.rows)
        if blank:
            self.warnings.append(f"{counted(blank)} without an id")
        if repeated:
            self.warnings.append(f"{counted(repeated)} with an id that stands in other rows too")

    def _left_empty(self, column: str, kind: str, rows: Sequence[int]) -> None:
        if rows:
            self.warnings.append(f'"{column}" holds no {kind} in {counted(rows)}; left empty')

    def _own(self, cells: Mapping[str, list[str]]) -> frozenset[str]:
        """Return the names of the deals' owners, who are the sellers in a transcript."""
        owner = self.columns.get("owner")
        return _fields.own_names(cells[owner]) if owner else frozenset()

    def _join(self, frame: pd.DataFrame, transcripts: str | Path, own: frozenset[str]) -> None:
        if "id" not in frame:
            raise InputError(f"{self.name} has no id column to join transcripts by; name it (--id)")
        joined = _transcripts.join(frame["id"].tolist(), Path(transcripts), own)
        self.choices.append(joined.choice)
        self.warnings += joined.warnings
        before: Iterable[SnippetDicts] = (
            frame["snippets"] if "snippets" in frame else [[] for _ in range(len(frame))]
        )
        both = [old + new for old, new in zip(before, joined.snippets, strict=True)]
        frame["snippets"] = pd.Series(both, dtype="object")


def _lost_only(table: Table, name: str, warnings: list[str]) -> Table:
    """Return the table without the rows that it calls won or open; what goes becomes a warning."""
    dropped = not_lost(table.columns, table.cells)
    if len(dropped) == len(table.rows):
        raise InputError(f"{name} holds no lost deal: every row is won or open")
    for kind in ("won", "open"):
        rows = [table.rows[i] for i in sorted(dropped) if dropped[i] == kind]
        if rows:
            warnings.append(f"{counted(rows)} left out: the deal is {kind}")
    return without(table, dropped) if dropped else table


def _table_warnings(table: Table) -> list[str]:
    said = []
    if table.footers:
        said.append(f"{counted(table.footers)} left out: footer of the report")
    if table.summaries:
        said.append(f"{counted(table.summaries)} left out: subtotals of a grouped report")
    if table.repeated:
        said.append(f"several columns are named {quoted(table.repeated)}; the later ones got (2) …")
    return said
