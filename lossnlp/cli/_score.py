"""lossnlp score: reasons for every row of a file, however long it is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lossnlp._errors import InputError

if TYPE_CHECKING:
    from lossnlp.scoring import Progress, ScoreSummary

app = typer.Typer()

#: Off a terminal, a line of progress is printed this often, in seconds.
_EVERY = 10.0


@app.command()
def score(
    source: Annotated[
        str,
        typer.Argument(
            metavar="IN",
            help="CSV, TSV, JSONL or Parquet: a file, a folder, a quoted glob; - for JSON lines "
            "on standard input; or a table: duckdb:///file.db#table, or an SQLAlchemy URL.",
        ),
    ],
    target: Annotated[
        str,
        typer.Argument(
            metavar="OUT",
            help="A file (its ending tells the format), a folder of part files, - for JSON lines "
            "on standard output, or a new table.",
        ),
    ],
    model: Annotated[Path | None, typer.Option(help="Folder of a bundle.")] = None,
    tier: Annotated[
        str, typer.Option(help="exact; fast or auto where the bundle has a fast tier.")
    ] = "exact",
    engine: Annotated[Literal["local", "spark"], typer.Option(help="Where to run.")] = "local",
    resume: Annotated[bool, typer.Option(help="Go on where a run was cut short.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; one a core.")] = None,
    note: Annotated[str | None, typer.Option(help="Column of the notes.")] = None,
    snippets: Annotated[str | None, typer.Option(help="Column of the snippets.")] = None,
    stage: Annotated[str | None, typer.Option(help="Column of the stage at loss.")] = None,
    close_date: Annotated[str | None, typer.Option(help="Column of the close date.")] = None,
    preset: Annotated[str | None, typer.Option(help="CRM whose column names to expect.")] = None,
    date_order: Annotated[str | None, typer.Option(help="mdy or dmy.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of a text file.")] = None,
    prefix: Annotated[str, typer.Option(help="Put before the name of each added column.")] = "",
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN|FILE",
            help="Tell how the reasons differ from those in a column of IN, or in the `reason` "
            "column of a file that was scored before.",
        ),
    ] = None,
    reengage: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write whom to call back, and when: a CSV."),
    ] = None,
) -> None:
    """Score every row of IN and write it to OUT with the reasons behind its own columns.

    Memory does not grow with IN, no row is lost, and a run that was cut short goes on with
    --resume. OUT appears only when it is whole.

    Example: lossnlp score deals.parquet scored.parquet
    """
    _refuse_without_file(target, {"--compare": compare, "--reengage": reengage})
    given = {"note": note, "snippets": snippets, "stage": stage, "close_date": close_date}
    columns = {part: column for part, column in given.items() if column}
    if engine == "spark":
        _refuse_on_spark(
            {"--compare": compare, "--reengage": reengage, "--resume": resume or None,
             "--workers": workers, "--encoding": encoding}
        )  # fmt: skip
        from lossnlp.scoring.spark import score_files

        rows = score_files(
            source, target, model=model, tier=tier, columns=columns, preset=preset,
            date_order=date_order, prefix=prefix,
        )  # fmt: skip
        typer.echo(f"{rows:,} rows written to {target}", err=True)
        return
    from lossnlp.scoring import refuse_incomparable
    from lossnlp.scoring import score as run

    if compare is not None:
        refuse_incomparable(source, target, compare, prefix)
    with _shown() as progress:
        summary = run(
            source, target, model=model, tier=tier, columns=columns, preset=preset,
            date_order=date_order, encoding=encoding, prefix=prefix, workers=workers,
            resume=resume, progress=progress,
        )  # fmt: skip
    _tell(summary)
    if compare is not None:
        from lossnlp.scoring import compare as differences

        by = summary.columns.get("id")
        typer.echo(differences(target, compare, prefix=prefix, id_column=by).to_text())
    if reengage is not None:
        from lossnlp.scoring import write_reengage

        again = write_reengage(
            target, reengage, model=model, columns=summary.columns, date_order=date_order,
            prefix=prefix,
        )  # fmt: skip
        typer.echo(f"{again:,} deals to come back to written to {reengage}", err=True)


def _refuse_without_file(target: str, asked: dict[str, object]) -> None:
    """Raise InputError for what reads OUT again where OUT is no file or folder."""
    for option, value in asked.items():
        if value is not None and (target == "-" or "://" in target):
            raise InputError(f"{option} needs a file or a folder as OUT")


def _refuse_on_spark(asked: dict[str, object]) -> None:
    """Raise InputError for what only this machine's own engine does."""
    for option, value in asked.items():
        if value is not None:
            raise InputError(f"{option} goes with --engine local only")


def _tell(summary: ScoreSummary) -> None:
    for line in (*summary.choices, *summary.warnings):
        typer.echo(line, err=True)
    new = summary.rows - summary.resumed
    rate = f"{new / summary.seconds:,.0f} rows/s" if new else "nothing was left to do"
    before = f" ({summary.resumed:,} of them before)" if summary.resumed else ""
    typer.echo(
        f"{summary.rows:,} rows{before} written to {summary.target} by {summary.model} "
        f"in {_time(summary.seconds)}, {rate}",
        err=True,
    )


@contextmanager
def _shown() -> Iterator[Progress]:
    """Show progress on standard error: a bar on a terminal, plain lines elsewhere."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _plain()
        return
    from rich.progress import BarColumn
    from rich.progress import Progress as Bar

    parts = ("{task.fields[rows]:,} rows", "{task.fields[rate]:,.0f} rows/s", "{task.fields[left]}")
    with Bar(BarColumn(), *parts, console=console) as bar:
        task = bar.add_task("", total=None, rows=0, rate=0.0, left="")
        pace = _Pace()

        def show(rows: int, _of: int | None, share: float | None) -> None:
            rate, left = pace(rows, share)
            total = None if share is None else 1.0
            bar.update(task, completed=share or 0.0, total=total, rows=rows, rate=rate, left=left)

        yield show


def _plain() -> Progress:
    pace, told = _Pace(), time.monotonic()

    def show(rows: int, of: int | None, share: float | None) -> None:
        nonlocal told
        rate, left = pace(rows, share)
        if time.monotonic() - told < _EVERY:
            return
        told = time.monotonic()
        whole = f" of {of:,}" if of else ""
        typer.echo(f"{rows:,}{whole} rows, {rate:,.0f} rows/s, {left}".removesuffix(", "), err=True)

    return show


class _Pace:
    """Rows a second and time left, counted from the first block of this run."""

    def __init__(self) -> None:
        self._first: tuple[float, int, float] | None = None

    def __call__(self, rows: int, share: float | None) -> tuple[float, str]:
        now = time.monotonic()
        if self._first is None:
            self._first = (now, rows, share or 0.0)
        began, rows_before, share_before = self._first
        rate = (rows - rows_before) / (now - began) if now > began else 0.0
        if share is None or share <= share_before:
            return rate, ""
        left = (now - began) * (1 - share) / (share - share_before)
        return rate, f"{_time(left)} left"


def _time(seconds: float) -> str:
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
