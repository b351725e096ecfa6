"""CSV files that are safe to open in a spreadsheet."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

#: A cell that begins with one of these may be run as a formula (OWASP, "CSV Injection").
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_csv(frame: pd.DataFrame, path: Path, as_given: Collection[str] = ()) -> None:
    """Write a table as CSV; text that a spreadsheet would run gets an apostrophe before it.

    Columns ``as_given`` (ids, picklist values: what other systems match on) are left alone, and so
    are numbers.
    """
    guarded = frame.apply(
        lambda column: column if column.name in as_given else column.map(_guarded)
    )
    guarded.to_csv(path, index=False, lineterminator="\n")


def _guarded(cell: object) -> object:
    """Return a cell's text so that no spreadsheet takes it for a formula; all else as it is."""
    if isinstance(cell, str) and cell.startswith(_STARTS_FORMULA):
        return f"'{cell}"
    return cell
