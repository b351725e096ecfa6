"""``lossnlp audit``: which loss reasons of an export are wrong, how many, and why."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lossnlp._errors import InputError

if TYPE_CHECKING:
    from lossnlp.audit import AuditResult
    from lossnlp.deals import Export

app = typer.Typer(add_completion=False)


@app.command()
def audit(
    data: Annotated[str, typer.Argument(help="CSV, TSV, XLSX, Parquet or JSONL; - for stdin.")],
    out: Annotated[Path, typer.Option(help="Folder for the report and the tables.")],
    model: Annotated[Path | None, typer.Option(help="Bundle (default: the shipped one).")] = None,
    label: Annotated[str | None, typer.Option(help="Column of the loss reasons.")] = None,
    note: Annotated[str | None, typer.Option(help="Column of the notes.")] = None,
    snippets: Annotated[str | None, typer.Option(help="Column of the snippets.")] = None,
    deal_id: Annotated[str | None, typer.Option("--id", help="Column of the deals' ids.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of a text file.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    crosswalk: Annotated[
        Path | None, typer.Option(help="What the labels mean; proposed when not given.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(help="Cuts: segment, stage, owner, industry, quarter; with commas."),
    ] = None,
    decisions: Annotated[
        Path | None, typer.Option(help="Reviewers' decisions: a CSV with id and reason.")
    ] = None,
    sample: Annotated[int, typer.Option(help="Deals to draw for review.", min=0)] = 100,
    baseline: Annotated[
        Path | None, typer.Option(help="Folder of an earlier audit to compare with.")
    ] = None,
    redact: Annotated[
        bool, typer.Option("--redact", help="Take people's names and addresses out of all texts.")
    ] = False,
    order: Annotated[
        Literal["impact", "certainty", "amount", "id"],
        typer.Option(help="Order of the findings; impact is certainty times amount."),
    ] = "impact",
    date_order: Annotated[
        str | None, typer.Option(help="mdy or dmy, where close dates can be read both ways.")
    ] = None,
) -> None:
    """Audit the loss reasons of an export: findings, accuracy with an error bar, the restated mix.

    Example:

        lossnlp audit q3.csv --out audit-q3

        lossnlp audit q3.csv --out audit-q3 --decisions audit-q3/sample.csv
    """
    from lossnlp import audit as _audit
    from lossnlp.deals import open_export
    from lossnlp.model import load
    from lossnlp.taxonomy import Crosswalk

    _refuse_unwritable(out)
    named = {"label": label, "note": note, "snippets": snippets, "id": deal_id}
    reads = load(model)
    known = Crosswalk.read(crosswalk, reads.taxonomy) if crosswalk else None
    export = open_export(
        data,
        columns={part: column for part, column in named.items() if column},
        date_order=date_order,
        encoding=encoding,
        sheet=sheet,
        need=("note", "label"),
    )
    _print_choices(export)
    drawn = out / "sample.csv"
    with _progress() as progress:
        result = _audit(
            export.deals,
            reads,
            crosswalk=known,
            by=[name.strip() for name in by.split(",")] if by else None,
            decisions=decisions,
            drawn=drawn if decisions and drawn.is_file() else None,
            sample=sample,
            baseline=baseline,
            order=order,
            redact=redact,
            names=export.columns,
            progress=progress,
        )
    _print_crosswalk(result, out)
    result.write(out)
    for line in result.headline:
        typer.echo(line)
    typer.echo(f"report: {out / 'report.html'}")


def _refuse_unwritable(out: Path) -> None:
    """Raise InputError before the long work if nothing could be written in the end."""
    place = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise InputError(f"{place} is no folder that can be written; give another --out")


def _print_choices(export: Export) -> None:
    for line in export.choices:
        typer.echo(line)
    for line in export.warnings:
        typer.echo(f"note: {line}", err=True)


def _print_crosswalk(result: AuditResult, out: Path) -> None:
    """Print a proposed crosswalk, and what it is unsure of."""
    proposal = result.proposal
    if proposal is None:
        return
    typer.echo(f"no crosswalk given; proposed and saved as {out / result.crosswalk_file(out)}:")
    for entry in proposal.crosswalk.entries:
        kind = "" if entry.kind == "reason" else f" ({entry.kind.replace('_', '-')})"
        typer.echo(f"  {entry.value}: {', '.join(entry.codes)}{kind}")
    for doubt in proposal.unsure:
        typer.echo(f"  check {doubt}")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Give a progress callback: a bar on a terminal, a line each quarter of the way elsewhere."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("reading deals", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    said = 0

    def say(done: int, total: int) -> None:
        nonlocal said
        quarter = 4 * done // total
        if quarter > said and total > 1000:
            said = quarter
            typer.echo(f"read {done} of {total} deals", err=True)

    yield say
