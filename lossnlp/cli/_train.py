"""``lossnlp train``: a bundle from one's own labelled deals."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def train(
    data: Annotated[
        list[str], typer.Argument(help="Labelled deals: CSV, TSV, XLSX, Parquet or JSONL.")
    ],
    out: Annotated[Path, typer.Option(help="Folder of the bundle to write.")],
    label: Annotated[str | None, typer.Option(help="Column of the reasons.")] = None,
    note: Annotated[str | None, typer.Option(help="Column of the notes.")] = None,
    snippets: Annotated[str | None, typer.Option(help="Column of the snippets.")] = None,
    taxonomy: Annotated[
        Path | None, typer.Option(help="Your own codes (default: those that lossnlp ships with).")
    ] = None,
    crosswalk: Annotated[Path | None, typer.Option(help="What the labels mean in codes.")] = None,
) -> None:
    """Train on your own labelled deals, on the shipped encoder; measured on deals held out.

    With the shipped taxonomy your deals join the starter corpus; with your own taxonomy they stand
    alone. The bundle's README.md is its model card.

    Example:

        lossnlp train reviewed.csv --out our-model --label "Reviewed reason" --crosswalk ours.yaml

        lossnlp train labelled.jsonl --out our-model --taxonomy our-codes.yaml
    """
    from lossnlp.model import refuse_foreign
    from lossnlp.taxonomy import Crosswalk, Taxonomy
    from lossnlp.training import metrics_table, read_labelled, train_on_own

    refuse_foreign(out)
    codes = Taxonomy.read(taxonomy) if taxonomy else Taxonomy.default()
    named = {"label": label, "note": note, "snippets": snippets}
    found = read_labelled(
        data,
        taxonomy=codes,
        crosswalk=Crosswalk.read(crosswalk, codes) if crosswalk else None,
        columns={part: column for part, column in named.items() if column},
    )
    for remark in found.remarks:
        typer.echo(remark, err=True)
    with _progress() as progress:
        trained = train_on_own(
            found.deals, taxonomy=codes, name=out.resolve().name, progress=progress
        )
    trained.write(out)
    typer.echo(metrics_table(trained.metrics))
    typer.echo(f"bundle: {out}")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Show the folds: a bar on a terminal, plain lines elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: typer.echo(f"held out and read {done} of {total}", err=True)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("training", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total + 1)
