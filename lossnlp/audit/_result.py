"""What an audit gives back, and how it is written."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lossnlp._errors import InputError
from lossnlp.audit._loadback import changes
from lossnlp.taxonomy import Proposal, Taxonomy


@dataclass(frozen=True)
class AuditResult:
    """The outcome of an audit.

    Attributes
    ----------
    findings
        One row a finding, most important first.
    deals
        Every deal with its scores, ``certainty``, ``kind`` and the value to set.
    summary
        The numbers of the report as plain data.
    sample
        The deals to review, with their draw probabilities.
    proposal
        The crosswalk that was proposed, where none was given.
    taxonomy
        The taxonomy of the model.
    names
        The export's column names of ``id`` and ``label``.
    """

    findings: pd.DataFrame
    deals: pd.DataFrame
    summary: dict[str, Any]
    sample: pd.DataFrame
    proposal: Proposal | None
    taxonomy: Taxonomy
    names: dict[str, str] = field(default_factory=dict)

    def to_html(self, path: str | Path) -> None:
        """Write the report: one HTML file that needs no network."""
        target = Path(path)
        _into_place({target.name: self._write_html}, target.parent)

    def write(self, folder: str | Path) -> None:
        """Write every file of the audit into a folder, each whole or not at all.

        Raises
        ------
        InputError
            When the folder cannot be written; nothing half written is left.
        """
        changed, undone = changes(self.findings, self.names)
        files: dict[str, Callable[[Path], object]] = {
            "findings.csv": lambda path: _csv(self.findings, path),
            "deals.parquet": lambda path: self.deals.to_parquet(path, index=False),
            "summary.json": lambda path: _json(self.summary, path),
            "sample.csv": lambda path: _csv(self.sample, path),
            "changes.csv": lambda path: _csv(changed, path),
            "undo.csv": lambda path: _csv(undone, path),
            "report.html": self._write_html,
        }
        if self.proposal is not None:
            files[self.crosswalk_file(folder)] = self.proposal.write
        _into_place(files, Path(folder))

    def crosswalk_file(self, folder: str | Path) -> str:
        """Name the file of the proposed crosswalk; one that was edited is not written over."""
        saved = Path(folder) / "crosswalk.yaml"
        same = self.proposal and saved.is_file() and _text(saved) == self.proposal.to_yaml()
        return "crosswalk.yaml" if same or not saved.exists() else "crosswalk.proposed.yaml"

    @property
    def headline(self) -> list[str]:
        """The three lines that sum the audit up."""
        from lossnlp.audit._report import headline

        return headline(self.summary)

    def _write_html(self, path: Path) -> None:
        from lossnlp.audit._report import render

        path.write_text(
            render(self.summary, self.findings, self.deals, self.taxonomy),
            encoding="utf-8",
            newline="\n",
        )


def _into_place(files: dict[str, Callable[[Path], object]], folder: Path) -> None:
    """Write files beside their place, and move them there when all of them are whole."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=".audit-", dir=folder))
    except OSError as error:
        raise InputError(_cannot_write(folder, error)) from error
    try:
        for name, write in files.items():
            write(scratch / name)
        for name in files:
            (scratch / name).replace(folder / name)
    except OSError as error:
        raise InputError(_cannot_write(folder, error)) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _cannot_write(folder: Path, error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return f"{folder} cannot be written ({reason}); give another --out or make room there"


def _csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False, lineterminator="\n")


def _json(data: dict[str, Any], path: Path) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
