"""Whom to call back: reengage.csv, read from a file that was scored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from lossnlp._errors import InputError
from lossnlp.deals import Deal, Layout, Snippet, layout_of, read_rows
from lossnlp.model import FAST
from lossnlp.scoring._open import open_source
from lossnlp.scoring._parts import whole_file

if TYPE_CHECKING:
    from lossnlp.model import LossModel
    from lossnlp.scoring._blocks import Block
    from lossnlp.taxonomy import Reason
    from lossnlp.text import Signals

_PARTS = ("id", "account", "owner", "stage", "amount", "note", "snippets", "close_date")


def write_reengage(
    scored: str | Path,
    path: str | Path,
    *,
    model: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    date_order: str | None = None,
    prefix: str = "",
) -> int:
    """Write whom to call back, when and with which words, and return how many they are.

    The rows are those of :func:`lossnlp.text.reengagement_rows`, earliest first; only they are
    held in memory. Text that a spreadsheet would run as a formula gets an apostrophe before it.

    Parameters
    ----------
    scored
        A file or folder that ``score`` wrote.
    path
        The CSV file to write.
    model
        The folder of the bundle that scored it, for its taxonomy.
    columns, date_order
        Part of a deal → column, and the order of dates, as ``score`` was given them.
    prefix
        The prefix of the added columns.

    Raises
    ------
    InputError
        If the scored file cannot be read or holds no reasons, or the CSV cannot be written.
    """
    import pandas as pd

    from lossnlp._cells import write_csv
    from lossnlp.model import load
    from lossnlp.text import ReengagementRow, reengagement_rows

    loaded = load(model)
    opened = open_source(str(scored))
    head = opened.head()
    names = head.names if head else opened.schema.names
    if prefix + "reason" not in names:
        raise InputError(f"{scored}: has no column {prefix + 'reason'!r}; score it first")
    cells = {name: head.values(name) if head else [] for name in names}
    layout = layout_of(cells, str(scored), columns=columns, date_order=date_order)
    read = (deal for block in opened.blocks() for deal in _deals(block, layout, loaded, prefix))
    rows = reengagement_rows(read, loaded.reader.fiscal_year_start)
    with whole_file(Path(path)) as handle:
        table = pd.DataFrame(rows, columns=list(ReengagementRow._fields))
        write_csv(table, Path(handle.name), as_given=("id",))
    return len(rows)


def _deals(
    block: Block, layout: Layout, model: LossModel, prefix: str
) -> Iterator[tuple[Deal, Reason, Signals, str]]:
    """Yield the deals of a block with their reasons, signals and evidence."""
    values = {part: block.values(layout.columns[part]) for part in _PARTS if part in layout.columns}
    parts, _ = read_rows(values, layout.date_order)
    parts["id"] = [key or "" for key in parts.get("id", [""] * len(block))]
    parts["snippets"] = [
        tuple(Snippet(**turn) for turn in said) for said in parts.get("snippets", ())
    ] or [()] * len(block)
    deals = [
        Deal(**dict(zip(parts, cells, strict=True))) for cells in zip(*parts.values(), strict=True)
    ]
    codes = block.values(prefix + "reason")
    reasons = [model.taxonomy.reason(code) for code in codes]
    evidence = [text or "" for text in block.values(prefix + "evidence")]
    stated = zip(
        model.reader.read(deals, codes),
        block.values(prefix + "model"),
        block.values(prefix + "competitors"),
        block.values(prefix + "revisit_text"),
        block.values(prefix + "revisit_date"),
        strict=True,
    )
    # The fast tier looks for neither rivals nor days: there the rules for them decide.
    signals = [
        said if (by or "").endswith(f"/{FAST}") else _as_scored(said, *cells)
        for said, by, *cells in stated
    ]
    yield from zip(deals, reasons, signals, evidence, strict=True)


def _as_scored(
    signals: Signals, competitors: str | None, revisit: str | None, day: str | None
) -> Signals:
    """Return the signals with the rivals and the day that the model found when it scored."""
    from lossnlp.text import Revisit

    named = set((competitors or "").split(";"))
    return replace(
        signals,
        competitors=tuple(rival for rival in signals.competitors if rival.name in named),
        revisit=Revisit(revisit, "", 0, len(revisit), act_on=_day(day)) if revisit else None,
    )


def _day(day: str | None) -> date | None:
    try:
        return date.fromisoformat(day) if day else None
    except ValueError:
        raise InputError(
            f"the scored file has the revisit_date {day!r}, which score did not write; score again"
        ) from None
