"""``lossnlp evaluate``: a bundle against labelled deals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def evaluate(
    data: Annotated[
        list[str], typer.Argument(help="Labelled deals: CSV, TSV, XLSX, Parquet or JSONL.")
    ],
    model: Annotated[Path | None, typer.Option(help="Bundle (default: the shipped one).")] = None,
    label: Annotated[str | None, typer.Option(help="Column of the reasons.")] = None,
    note: Annotated[str | None, typer.Option(help="Column of the notes.")] = None,
    crosswalk: Annotated[Path | None, typer.Option(help="What the labels mean in codes.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Measure a bundle on labelled deals that it was not trained on.

    Example:

        lossnlp evaluate reviewed.csv --label "Reviewed reason" --crosswalk ours.yaml

        lossnlp evaluate labelled.jsonl --model our-model --json
    """
    from lossnlp.model import load
    from lossnlp.taxonomy import Crosswalk
    from lossnlp.training import evaluate as measured
    from lossnlp.training import metrics_table, read_labelled

    loaded = load(model)
    named = {"label": label, "note": note}
    found = read_labelled(
        data,
        taxonomy=loaded.taxonomy,
        crosswalk=Crosswalk.read(crosswalk, loaded.taxonomy) if crosswalk else None,
        columns={part: column for part, column in named.items() if column},
    )
    for remark in found.remarks:
        typer.echo(remark, err=True)
    metrics = measured(loaded, found.deals)
    if as_json:
        typer.echo(json.dumps({"model": loaded.id, **metrics}, indent=2))
        return
    typer.echo(f"{loaded.id} on {metrics['n']} deals")
    typer.echo(metrics_table(metrics))
