"""A table of deals as deal objects."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd

from lossnlp._errors import InputError
from lossnlp.deals._deal import DEAL_COLUMNS, Deal, Snippet
from lossnlp.deals._snippets import SnippetsError, from_list, parse_cell


def deals_of(frame: pd.DataFrame) -> list[Deal]:
    """Return the rows of a table as deals.

    Parameters
    ----------
    frame
        A table with a ``note`` column and any others of ``DEAL_COLUMNS``; other columns are
        ignored. Missing values (None, NaN, NaT) are an empty note, no snippets, or None.
        ``snippets`` may be a list of ``{"speaker", "text"}``, of :class:`Snippet`, or a cell of
        an export; ``close_date`` a date, a timestamp or ISO text.

    Raises
    ------
    InputError
        When there is no ``note`` column or a value has the wrong type; names row and column.
    """
    if "note" not in frame.columns:
        raise InputError("the table has no column 'note'")
    parts = [part for part in DEAL_COLUMNS if part in frame.columns]
    columns = [_converted(part, frame[part]) for part in parts]
    return [Deal(**dict(zip(parts, values, strict=True))) for values in zip(*columns, strict=True)]


def _converted(part: str, values: Iterable[Any]) -> list[Any]:
    convert: Callable[[Any], Any] = _CONVERT.get(part, _text)
    converted = []
    for position, value in enumerate(values):
        try:
            converted.append(convert(value))
        except (SnippetsError, ValueError, TypeError) as error:
            raise InputError(f"row {position} of the table, column {part!r}: {error}") from None
    return converted


def _missing(value: Any) -> bool:
    """Tell whether a value is None, NaN, NaT or pandas' NA."""
    if isinstance(value, float | np.floating):
        return math.isnan(value)
    return value is None or value is pd.NA or value is pd.NaT


def _note(value: Any) -> str:
    return _text(value) or ""


def _text(value: Any) -> str | None:
    if _missing(value):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise TypeError(f"text is expected, not {type(value).__name__}")


def _amount(value: Any) -> float | None:
    return None if _missing(value) else float(value)


def _close_date(value: Any) -> date | None:
    if _missing(value) or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        return datetime.fromisoformat(value).date()
    raise TypeError(f"a date is expected, not {type(value).__name__}")


def _snippets(value: Any) -> tuple[Snippet, ...]:
    if _missing(value):
        return ()
    if isinstance(value, str):
        return _as_snippets(parse_cell(value))
    entries = [
        {"speaker": entry.speaker, "text": entry.text} if isinstance(entry, Snippet) else entry
        for entry in value
    ]
    return _as_snippets(from_list(entries))


def _as_snippets(entries: list[dict[str, str]]) -> tuple[Snippet, ...]:
    return tuple(
        Snippet("buyer" if entry["speaker"] == "buyer" else "rep", entry["text"])
        for entry in entries
    )


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "id": _note,
    "note": _note,
    "snippets": _snippets,
    "close_date": _close_date,
    "amount": _amount,
}
