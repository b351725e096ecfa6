"""The parts of a deal from the cells of their columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from lossnlp._errors import InputError
from lossnlp.deals._amounts import decimal_mark, parse_amount
from lossnlp.deals._columns import normal
from lossnlp.deals._dates import (
    DateOrder,
    OrderEvidence,
    is_date_column,
    order_evidence,
    parse_date,
)
from lossnlp.deals._snippets import SnippetDicts, SnippetsError, parse_cell
from lossnlp.deals._table import counted


class SettledOrder(NamedTuple):
    """The order in which a column of dates is read, and why (empty when it makes no difference)."""

    order: DateOrder | None
    why: str


def line_feeds(text: str) -> str:
    r"""Return a text with every line break as ``\n``; exports disagree about them."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def own_names(owners: Iterable[str]) -> frozenset[str]:
    """Return the names of the deals' owners, case-folded, to know them in a transcript."""
    return frozenset(owner.strip().casefold() for owner in owners if owner.strip())


def snippets(
    values: Sequence[str], rows: Sequence[int], own: Collection[str] = ()
) -> tuple[list[SnippetDicts], dict[str, list[int]]]:
    """Return the snippets of each cell, and the rows of cells that cannot be read, by reason."""
    read: list[SnippetDicts] = []
    refused: dict[str, list[int]] = {}
    for value, row in zip(values, rows, strict=True):
        try:
            read.append(parse_cell(value, own))
        except SnippetsError as error:
            refused.setdefault(str(error), []).append(row)
            read.append([])
    return read, refused


def date_order(
    values: Sequence[str],
    rows: Sequence[int],
    column: str,
    cells: Mapping[str, Sequence[str]],
    given: DateOrder | None,
) -> SettledOrder:
    """Settle the order of a column of dates: as given, by its own dates, or by other columns'.

    Raises
    ------
    InputError
        When the column mixes both orders, contradicts the one given, or can be read both ways.
    """
    evidence = order_evidence(values, rows)
    if evidence.mixed:
        raise InputError(mixed_orders(column, evidence))
    if given is not None:
        _refuse_contradiction(evidence, column, given)
        return SettledOrder(given, f"{given}, as given")
    if evidence.order:
        row = (evidence.mdy or evidence.dmy)[0]
        return SettledOrder(evidence.order, f'{evidence.order}, as row {row} of "{column}" shows')
    if not evidence.either:
        return SettledOrder(None, "")
    for other, others in cells.items():
        shown = order_evidence(others, rows).order if is_date_column(others) else None
        if shown:
            return SettledOrder(shown, f'{shown}, as the column "{other}" shows')
    raise InputError(
        f'"{column}" can be read month first or day first (row {evidence.either[0]}: '
        f"{values[rows.index(evidence.either[0])].strip()}); say which with --date-order mdy or dmy"
    )


def mixed_orders(column: str, evidence: OrderEvidence) -> str:
    """Return the sentence about a column that holds dates of both orders."""
    return (
        f'"{column}" mixes month-first dates ({counted(evidence.mdy)}) with day-first dates '
        f"({counted(evidence.dmy)}); export it again with one date format (ISO is safest)"
    )


def _refuse_contradiction(evidence: OrderEvidence, column: str, given: DateOrder) -> None:
    against = evidence.dmy if given == "mdy" else evidence.mdy
    if against:
        raise InputError(f'"{column}" is not {given}: see {counted(against)}; leave the order out')


def dates(
    values: Sequence[str], rows: Sequence[int], order: DateOrder | None
) -> tuple[list[date | None], list[int]]:
    """Return the date of each cell, and the rows of cells that hold something else."""
    known = {value: parse_date(value, order) for value in set(values)}
    read = [known[value] for value in values]
    return read, _unread(values, read, rows)


def amounts(values: Sequence[str], rows: Sequence[int]) -> tuple[list[float | None], list[int]]:
    """Return the amount of each cell, and the rows of cells that hold something else."""
    decimal = decimal_mark(values)
    read = [parse_amount(value, decimal) for value in values]
    return read, _unread(values, read, rows)


def doubtful_ids(values: Sequence[str], rows: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the rows whose id is blank, and those whose id stands in other rows too."""
    ids = [value.strip() for value in values]
    counts = Counter(ids)
    blank = [row for found, row in zip(ids, rows, strict=True) if not found]
    repeated = [row for found, row in zip(ids, rows, strict=True) if found and counts[found] > 1]
    return blank, repeated


def currencies(amount: str, cells: Mapping[str, Sequence[str]]) -> tuple[str, list[str]] | None:
    """Return the column that says several currencies for a column of amounts, and which they are.

    None when there is one currency, no such column, or when the amounts are converted to one.
    """
    name = normal(amount)
    if "convert" in name or "company currency" in name:
        return None
    names = {f"{name} currency", f"currency of {name}", "currency", "currency code"}
    for column, values in cells.items():
        found = sorted({value.strip() for value in values if value.strip()})
        if normal(column) in names and len(found) > 1:
            return column, found
    return None


def _unread(values: Sequence[str], read: Sequence[object], rows: Sequence[int]) -> list[int]:
    cells = zip(values, read, rows, strict=True)
    return [row for value, found, row in cells if found is None and value.strip()]
