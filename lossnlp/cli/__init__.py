"""The command line: one module a command, each a thin entry over the Python interface."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from lossnlp._errors import LossnlpError

#: Command name → the module that holds it, in the order that --help shows.
_COMMANDS = {
    "audit": "_audit",
    "suggest": "_suggest",
    "score": "_score",
    "doctor": "_doctor",
    "taxonomy": "_taxonomy",
    "train": "_train",
    "evaluate": "_evaluate",
    "serve": "_serve",
}


class _LazyGroup(TyperGroup):
    """A command group that imports a command's module only when that command is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in _COMMANDS:
            return None
        module = import_module(f"lossnlp.cli.{_COMMANDS[cmd_name]}")
        command = typer.main.get_command(module.app)
        command.name = cmd_name
        return command


app = typer.Typer(
    cls=_LazyGroup, no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False
)


@app.callback()
def _root() -> None:
    """Read closed-lost notes: reason codes, label audits, what to do next. All on this machine."""


def main(args: list[str] | None = None) -> Any:
    """Run the command line; a LossnlpError ends with its one line on standard error and exit 2."""
    try:
        app(args)
    except LossnlpError as error:
        typer.echo(f"lossnlp: {error}", err=True)
        sys.exit(2)
