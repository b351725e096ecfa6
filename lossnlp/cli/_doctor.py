"""``lossnlp doctor``: what is wrong with an export, and which setting mends it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lossnlp.deals import Fault

app = typer.Typer(add_completion=False)

#: How many row numbers of a fault are printed; --json has all of them.
_ROWS_SHOWN = 8


@app.command()
def doctor(
    data: Annotated[str, typer.Argument(help="The export, or - for standard input.")],
    note: Annotated[str | None, typer.Option(help="Column of the notes.")] = None,
    label: Annotated[str | None, typer.Option(help="Column of the loss reasons.")] = None,
    id_column: Annotated[str | None, typer.Option("--id", help="Column of the ids.")] = None,
    snippets: Annotated[str | None, typer.Option(help="Column of the call snippets.")] = None,
    preset: Annotated[
        str | None, typer.Option(help="salesforce, hubspot, pipedrive, dynamics or zoho.")
    ] = None,
    date_order: Annotated[str | None, typer.Option(help="mdy or dmy.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Encoding of a text file.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the faults as JSON.")] = False,
) -> None:
    """Find what is wrong with an export: the rows, and the setting that mends it.

    Exit code 0: no fault; 1: faults found; 2: the file cannot be read.

    Example:

        lossnlp doctor examples/closed_lost_fy26_salesforce.csv
    """
    from lossnlp.deals import diagnose

    named = {"note": note, "label": label, "id": id_column, "snippets": snippets}
    faults = diagnose(
        data,
        columns={part: column for part, column in named.items() if column is not None},
        preset=preset,
        date_order=date_order,
        encoding=encoding,
        sheet=sheet,
    )
    if as_json:
        typer.echo(json.dumps([asdict(fault) for fault in faults], ensure_ascii=False, indent=2))
    else:
        typer.echo("\n\n".join(map(_lines, faults)) or f"{data}: no fault found")
    raise typer.Exit(1 if faults else 0)


def _lines(fault: Fault) -> str:
    """Return a fault in lines: kind and column, what is wrong, the rows, the mend."""
    column = f' in "{fault.column}"' if fault.column else ""
    lines = [f"{fault.kind}{column}: {fault.message}"]
    if fault.rows:
        more = f" and {len(fault.rows) - _ROWS_SHOWN} more" if len(fault.rows) > _ROWS_SHOWN else ""
        word = "row" if len(fault.rows) == 1 else "rows"
        lines.append(f"  {word}: {', '.join(map(str, fault.rows[:_ROWS_SHOWN]))}{more}")
    lines.append(f"  mend: {fault.mend}")
    return "\n".join(lines)
