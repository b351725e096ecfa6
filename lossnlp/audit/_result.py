"""What an audit gives back, and how it is written."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from lossnlp._cells import write_csv
from lossnlp._errors import InputError
from lossnlp.audit._loadback import changes
from lossnlp.taxonomy import Proposal, Taxonomy

#: Columns whose cells the CRM, or a later audit, matches on: never changed.
_MATCHED = ("id", "label", "suggested_value", "reason")


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
    reengage
        Whom to call back, when and with which words; earliest first.
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
    reengage: pd.DataFrame
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
            "findings.csv": lambda path: write_csv(self.findings, path, _MATCHED),
            "deals.parquet": lambda path: self.deals.to_parquet(path, index=False),
            "summary.json": lambda path: _json(self.summary, path),
            "sample.csv": lambda path: write_csv(self.sample, path, _MATCHED),
            "reengage.csv": lambda path: write_csv(self.reengage, path, _MATCHED),
            "changes.csv": lambda path: write_csv(changed, path, changed.columns),
            "undo.csv": lambda path: write_csv(undone, path, undone.columns),
            "report.html": self._write_html,
        }
        if self.proposal is not None:
            text = self.proposal.to_yaml()
            files[self.crosswalk_file(folder)] = lambda path: _write_text(text, path)
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

        page = render(self.summary, self.findings, self.deals, self.reengage, self.taxonomy)
        _write_text(page, path)


def _into_place(files: dict[str, Callable[[Path], object]], folder: Path) -> None:
    """Write files beside their place, and move them there when all of them are whole."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".audit-", dir=folder) as scratch:
            for name, write in files.items():
                write(Path(scratch, name))
            _swap(list(files), Path(scratch), folder)
    except OSError as error:
        raise InputError(_cannot_write(folder, error)) from error


def _swap(names: Sequence[str], scratch: Path, folder: Path) -> None:
    """Replace files by those of the scratch folder: all of them, or none if one cannot be."""
    before = scratch / "before"
    before.mkdir()
    there = [name for name in names if (folder / name).exists()]
    for name in there:
        shutil.copy2(folder / name, before / name)
    done = []
    try:
        for name in names:
            (scratch / name).replace(folder / name)
            done.append(name)
    except OSError:
        for name in done:
            (folder / name).unlink()
        for name in there:
            (before / name).replace(folder / name)
        raise


def _cannot_write(folder: Path, error: OSError) -> str:
    reason = (error.strerror or str(error)).lower()
    return f"{folder} cannot be written ({reason}); give another --out or make room there"


def _json(data: dict[str, Any], path: Path) -> None:
    _write_text(json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n", path)


def _write_text(text: str, path: Path) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")
