"""The loss-entry page: plain files, served as they are but for the path prefix."""

from __future__ import annotations

from html import escape
from importlib.resources import files
from pathlib import Path

from starlette.staticfiles import StaticFiles

_FOLDER = Path(str(files("lossnlp.service").joinpath("static")))


def page_html(root_path: str) -> str:
    """Return the page; all its links start from the path prefix."""
    html = (_FOLDER / "index.html").read_text(encoding="utf-8")
    return html.replace("{{base}}", escape(f"{root_path}/"))


def page_files() -> StaticFiles:
    """Return the app that serves the page's style, script and icon."""
    return StaticFiles(directory=_FOLDER)
