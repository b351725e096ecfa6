"""The export doctor: what is wrong with an export, in which rows, and which setting mends it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lossnlp._errors import InputError
from lossnlp.deals import _columns, _fields
from lossnlp.deals._dates import DateOrder, order_evidence
from lossnlp.deals._export import checked_order, pick_columns
from lossnlp.deals._files import load
from lossnlp.deals._status import not_lost
from lossnlp.deals._table import Table, counted, without
from lossnlp.deals._text_label import is_free_text

_EXPONENT = re.compile(r"\d([.,]\d+)?[eE]\+?\d+")
# UTF-8 bytes shown as cp1252 or Latin-1 (Ã©, â€™, Â£), the mark of a file inside the text, and
# the sign for a byte that could not be read.
_MOJIBAKE = re.compile("Ã[\u0080-\u00bfƒŠŒŽšœžŸ‚„…†‡ˆ‰‹‘’“”•–—˜™›]|â€|Â[\u00a0-\u00bf]|ï»¿|\ufffd")
#: Lengths at which a system is known to cut texts, and where.
_CUTS = {255: "a Salesforce report shows 255 characters", 32767: "an Excel cell holds 32,767"}


@dataclass(frozen=True)
class Fault:
    """One fault of an export.

    Attributes
    ----------
    kind
        A word for the fault, the same in every version (``cut_texts``, ``mixed_dates`` …).
    message
        What is wrong.
    mend
        The setting, option or step that mends it.
    rows
        Numbers of the rows, as a spreadsheet counts them; empty when it is the whole file.
    column
        The column of the file, when it is one.
    """

    kind: str
    message: str
    mend: str
    rows: tuple[int, ...] = ()
    column: str | None = None


@dataclass(frozen=True)
class _Patient:
    """A table with the columns that were found for the parts of a deal."""

    table: Table
    columns: Mapping[str, str]
    date_order: DateOrder | None

    @property
    def by_column(self) -> dict[str, list[str]]:
        """The cells of every column of the file."""
        return dict(zip(self.table.columns, self.table.cells, strict=True))

    def cells(self, part: str) -> list[str]:
        """Return the cells of a part of a deal; none when it has no column."""
        column = self.columns.get(part)
        return [] if column is None else self.by_column[column]

    def rows_where(self, part: str, test: Callable[[str], object]) -> tuple[int, ...]:
        """Return the numbers of the rows whose cell passes a test."""
        pairs = zip(self.cells(part), self.table.rows, strict=False)
        return tuple(row for cell, row in pairs if test(cell))


def diagnose(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    preset: str | None = None,
    date_order: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> list[Fault]:
    """Return the faults of an export.

    The parameters are those of :func:`lossnlp.deals.open_export`. Rows that are no lost deals are
    one fault; the others are looked for in the rest.

    Raises
    ------
    InputError
        When the file cannot be read as a table at all.
    """
    order = checked_order(date_order)
    _columns.check_parts(columns or {})
    table = load(path, encoding, sheet)
    dropped = not_lost(table.columns, table.cells)
    faults = [_not_lost(table, sorted(dropped))] if dropped else []
    lost = without(table, dropped)
    if lost.rows:
        picked = pick_columns(lost, columns or {}, preset)
        patient = _Patient(lost, {choice.field: choice.column for choice in picked}, order)
        faults += [fault for check in _CHECKS for fault in check(patient)]
    return faults


def _not_lost(table: Table, places: Sequence[int]) -> Fault:
    return Fault(
        "not_lost",
        "the deal is won or still open",
        "filter the report to closed-lost deals; such rows are left out",
        tuple(table.rows[i] for i in places),
    )


def _one_column(patient: _Patient) -> Iterator[Fault]:
    header = patient.table.columns
    if len(header) == 1 and re.search(r"[,;\t|]", header[0]):
        yield Fault(
            "wrong_separator",
            "the whole header stands in one cell",
            "the rows are quoted as a whole or separated unusually: export again as plain CSV",
        )


def _ragged(patient: _Patient) -> Iterator[Fault]:
    if patient.table.ragged:
        yield Fault(
            "ragged_rows",
            f"rows have more or fewer cells than the header's {len(patient.table.columns)}",
            "put quotes around cells that hold the separator or a line break",
            tuple(row for row, _ in patient.table.ragged),
        )


def _report_rows(patient: _Patient) -> Iterator[Fault]:
    table = patient.table
    if table.footers:
        yield Fault(
            "footer",
            "lines of the report's footer stand below the deals",
            "none needed: they are left out; an export of details only has none",
            tuple(table.footers),
        )
    blank = _blank_group_cells(table)
    if table.summaries or blank:
        yield Fault(
            "grouped_report",
            "the report is grouped: it has subtotal rows or names a group only once",
            "remove the groupings or export details only; subtotal rows are left out",
            tuple(sorted({*table.summaries, *blank})),
        )


def _blank_group_cells(table: Table) -> list[int]:
    """Return the rows whose first cell is blank because the group is named further up."""
    first = table.cells[0]
    named = [cell for cell in first if cell.strip()]
    grouped = bool(first[0].strip()) and 1 < len(named) < len(first) * 0.7
    if not grouped or len(set(named)) < len(named):
        return []
    return [row for cell, row in zip(first, table.rows, strict=True) if not cell.strip()]


def _repeated_headers(patient: _Patient) -> Iterator[Fault]:
    for name in patient.table.repeated:
        yield Fault(
            "duplicate_header",
            "several columns have this name",
            f'rename them, or name the one you mean, such as "{name} (2)"',
            column=name,
        )


def _missing_columns(patient: _Patient) -> Iterator[Fault]:
    for part in ("note", "label", "id"):
        if part not in patient.columns:
            yield Fault(
                f"no_{part}_column",
                f"no column is known as the {part}; the file has "
                f"{_columns.quoted(patient.table.columns)}",
                f"name it with --{part} COL, or add it to the export",
            )


def _ids(patient: _Patient) -> Iterator[Fault]:
    if "id" not in patient.columns:
        return
    column = patient.columns["id"]
    exponents = patient.rows_where("id", lambda cell: _EXPONENT.fullmatch(cell.strip()))
    if exponents:
        yield Fault(
            "exponent_ids",
            "ids were turned into numbers with an exponent, so their last digits are lost",
            "export again and do not save it from a spreadsheet, or format the column as text",
            exponents,
            column,
        )
    blank, twice = _fields.doubtful_ids(patient.cells("id"), patient.table.rows)
    if blank:
        mend = "add the id to the export"
        yield Fault("missing_ids", "the id is blank", mend, tuple(blank), column)
    if twice and not exponents:
        yield Fault(
            "duplicate_ids",
            "the same id stands in several rows",
            "remove joins (products, contacts, activities) from the report: one row a deal",
            tuple(twice),
            column,
        )


def _texts(patient: _Patient) -> Iterator[Fault]:
    for part in ("note", "snippets"):
        yield from _cut(patient, part)
    blank = patient.rows_where("note", lambda cell: not cell.strip())
    if blank:
        yield Fault(
            "empty_notes",
            f"{len(blank)} of {len(patient.table.rows)} notes are empty",
            "require the field when a deal is lost; if the texts stand elsewhere, use --note COL",
            blank,
            patient.columns["note"],
        )
    for part, column in patient.columns.items():
        garbled = patient.rows_where(part, _MOJIBAKE.search)
        if garbled:
            yield Fault(
                "mojibake",
                "letters are garbled (Ã©, â€™, �): the text was read in a wrong encoding once",
                "export as UTF-8; if only this reading is wrong, use --encoding",
                garbled,
                column,
            )


def _cut(patient: _Patient, part: str) -> Iterator[Fault]:
    """Find texts that all end at one length, the longest of the column."""
    lengths = [len(_fields.line_feeds(cell)) for cell in patient.cells(part)]
    raw = [len(cell) for cell in patient.cells(part)]
    for found in (raw, lengths):
        longest = max(found, default=0)
        rows = tuple(r for n, r in zip(found, patient.table.rows, strict=False) if n == longest)
        if len(rows) >= (2 if longest in _CUTS else 4) and longest >= 100:
            why = f" ({_CUTS[longest]})" if longest in _CUTS else ""
            yield Fault(
                "cut_texts",
                f"{len(rows)} texts are cut at {longest} characters{why}",
                "export the full text: from Salesforce by Data Loader, SOQL or bulk API rather "
                "than by a report, elsewhere as CSV rather than through a spreadsheet",
                rows,
                patient.columns[part],
            )
            return


def _labels(patient: _Patient) -> Iterator[Fault]:
    column = patient.columns.get("label")
    if column is None:
        return
    if is_free_text(patient.cells("label")):
        yield Fault(
            "free_text_label",
            "the label column holds free text, not the values of a picklist",
            "name the picklist with --label COL; if this is the note, use --note for it",
            column=column,
        )
    blank = patient.rows_where("label", lambda cell: not cell.strip())
    if blank:
        yield Fault(
            "missing_labels",
            "the label is blank",
            "require the field when a deal is lost; a deal without a label is not audited",
            blank,
            column,
        )


def _dates(patient: _Patient) -> Iterator[Fault]:
    if "close_date" not in patient.columns:
        return
    column, values = patient.columns["close_date"], patient.cells("close_date")
    rows = patient.table.rows
    evidence = order_evidence(values, rows)
    if evidence.mixed:
        yield Fault(
            "mixed_dates",
            f"month-first dates ({counted(evidence.mdy)}) stand beside day-first dates "
            f"({counted(evidence.dmy)})",
            "export again with one date format; ISO (2026-03-31) is safest",
            tuple(sorted(evidence.mdy + evidence.dmy)),
            column,
        )
        return
    try:
        given = patient.date_order
        order = _fields.date_order(values, rows, column, patient.by_column, given).order
    except InputError as error:
        rows_either = tuple(evidence.either)
        yield Fault(
            "ambiguous_dates", str(error), "pass --date-order mdy or dmy", rows_either, column
        )
        return
    _, bad = _fields.dates(values, rows, order)
    if bad:
        yield Fault(
            "unreadable_dates",
            "the cell holds no date",
            "export the close date itself, unformatted; such cells are taken as empty",
            tuple(bad),
            column,
        )


def _amounts(patient: _Patient) -> Iterator[Fault]:
    if "amount" not in patient.columns:
        return
    column = patient.columns["amount"]
    if several := _fields.currencies(column, patient.by_column):
        yield Fault(
            "mixed_currencies",
            f"the amounts are in several currencies ({', '.join(several[1])}), so sums mix them",
            "export the amount in the company's currency, such as Amount (converted)",
            column=column,
        )
    _, bad = _fields.amounts(patient.cells("amount"), patient.table.rows)
    if bad:
        yield Fault(
            "unreadable_amounts",
            "the cell holds no amount",
            "export plain numbers; such cells are taken as empty",
            tuple(bad),
            column,
        )


def _snippets(patient: _Patient) -> Iterator[Fault]:
    if "snippets" not in patient.columns:
        return
    _, refused = _fields.snippets(patient.cells("snippets"), patient.table.rows)
    for why, rows in refused.items():
        yield Fault(
            "broken_snippets",
            f"the snippets cannot be read: {why}",
            'write JSON such as [{"speaker": "buyer", "text": "…"}] or lines such as "Buyer: …"',
            tuple(rows),
            patient.columns["snippets"],
        )


_CHECKS: Sequence[Callable[[_Patient], Iterator[Fault]]] = (
    _one_column,
    _ragged,
    _report_rows,
    _repeated_headers,
    _missing_columns,
    _ids,
    _texts,
    _labels,
    _dates,
    _amounts,
    _snippets,
)
