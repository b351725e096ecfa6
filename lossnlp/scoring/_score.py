"""score: years of deals, each with today's reasons, on one machine at constant memory."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lossnlp._errors import InputError
from lossnlp.deals import layout_of
from lossnlp.scoring._columns import refuse_collisions
from lossnlp.scoring._engine import cores, open_engine
from lossnlp.scoring._open import open_source
from lossnlp.scoring._scorer import Task
from lossnlp.scoring._targets import Progress, Run, write
from lossnlp.scoring._tiers import refuse_tier


@dataclass(frozen=True)
class ScoreSummary:
    """What a run did.

    ``rows`` stand in ``target``, ``resumed`` of them from an earlier run that was cut short;
    ``seconds`` is what this run took, ``model`` the id of the bundle, ``columns`` maps
    part of a deal → column, ``choices`` says what was chosen and why, ``warnings`` what was left
    out, a line each.
    """

    target: str
    rows: int
    resumed: int
    seconds: float
    model: str
    columns: Mapping[str, str]
    choices: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def score(
    source: str | Path,
    target: str | Path,
    *,
    model: str | Path | None = None,
    tier: str = "exact",
    columns: Mapping[str, str] | None = None,
    preset: str | None = None,
    date_order: str | None = None,
    encoding: str | None = None,
    prefix: str = "",
    workers: int | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> ScoreSummary:
    """Score every row of a source and write it with the added columns behind its own.

    Every column of the source passes through untouched, rows keep their order, and none is lost:
    the rows written are counted against the rows read. Memory does not grow with the source.

    Parameters
    ----------
    source
        A CSV, TSV, JSONL or Parquet file, a folder of such files, a glob, ``-`` for JSON lines
        on standard input, or a database table: ``duckdb:///file.db#table``, or an SQLAlchemy URL
        with ``#table``.
    target
        A file whose ending tells the format, a folder (a name without such an ending) that takes
        part files in the format of the source, ``-`` for JSON lines on standard output, or a new
        database table.
    model
        The folder of a bundle; by default the one that ships with lossnlp.
    tier
        ``exact``, or ``fast`` or ``auto`` where the bundle holds the fast tier.
    columns, preset, date_order, encoding
        As in :func:`lossnlp.deals.open_export`; columns are found by name when left out, and
        settled on the first rows.
    prefix
        Put before the name of each added column.
    workers
        Processes; by default one a core.
    resume
        Go on where a run into the same target was cut short.
    progress
        Told after every block how many rows are done, of how many (None: unknown), and which
        share of the source has been read.

    Raises
    ------
    InputError
        If the source cannot be read or the target cannot take it; says where and how to mend it.
    LossnlpError
        If the disk is full, a process was killed, or rows went missing.
    """
    began = time.monotonic()
    refuse_tier(tier, Path(model) if model else None)
    opened = open_source(str(source), encoding)
    first = opened.head()
    if first is None and opened.format == "jsonl":
        raise InputError(f"{opened.label}: holds no rows")
    names = first.names if first else opened.schema.names
    refuse_collisions(names, prefix, opened.label)
    layout = layout_of(
        {name: first.values(name) if first else [] for name in names},
        opened.label,
        columns=columns,
        preset=preset,
        date_order=date_order,
    )
    alone = first is None or opened.is_short
    task = Task(None if model is None else str(model), tier)
    with open_engine(task, 1 if alone else workers or cores()) as engine:
        run = Run(opened, engine, layout, tier, prefix, progress or _silent)
        done, resumed = write(run, str(target), resume=resume)
        name = engine.model
    return ScoreSummary(
        target=str(target),
        rows=done,
        resumed=resumed,
        seconds=time.monotonic() - began,
        model=name,
        columns=dict(layout.columns),
        choices=layout.choices,
        warnings=tuple(dict.fromkeys(opened.warnings)),
    )


def _silent(_rows: int, _of: int | None, _share: float | None) -> None:
    """Report no progress."""
