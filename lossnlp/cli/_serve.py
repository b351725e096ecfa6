"""``lossnlp serve``: the HTTP service and its page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(add_completion=False)


@app.command()
def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen on (default: 127.0.0.1).")
    ] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (default: 8000).")] = None,
    model: Annotated[
        Path | None, typer.Option(help="Folder of the bundle (default: the shipped one).")
    ] = None,
    crosswalk: Annotated[
        Path | None, typer.Option(help="File that maps the CRM's picklist values to codes.")
    ] = None,
    env_file: Annotated[
        Path | None, typer.Option(help="File of LOSSNLP_NAME=value lines; see docs/service.md.")
    ] = None,
) -> None:
    r"""Answer suggestions over HTTP, and offer a loss-entry page at /.

    Only this machine can reach it, unless API keys are set. Every other setting is a variable
    LOSSNLP_NAME of the environment or of --env-file.

    Example:

        lossnlp serve --port 8000

        curl -s localhost:8000/v1/suggest -H 'Content-Type: application/json' \
            -d '{"note": "went w/ Workday, half the price"}'
    """
    from lossnlp.service import read_settings, run

    run(read_settings(env_file, host=host, port=port, model=model, crosswalk=crosswalk))
