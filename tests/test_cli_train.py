"""``lossnlp train``: a bundle from one's own file, with its measures; nothing half written."""

from __future__ import annotations

import json

import pytest
from test_training import CODES
from typer.testing import CliRunner

from lossnlp import load
from lossnlp.cli import app, main
from lossnlp.training import starter_deals

RUNNER = CliRunner()


@pytest.fixture
def ours(tmp_path):
    """Labelled deals with codes of the user's own."""
    (tmp_path / "codes.yaml").write_text(CODES, encoding="utf-8")
    rows = [
        {"text": d.deal.note, "why": "Took a rival" if d.primary == "competitor" else "Money"}
        for d in starter_deals()
        if d.primary in ("competitor", "budget") and d.deal.note
    ][:120]
    (tmp_path / "deals.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return tmp_path


def arguments(folder, *more):
    return [
        "train",
        str(folder / "deals.jsonl"),
        "--out",
        str(folder / "bundle"),
        "--note",
        "text",
        "--label",
        "why",
        *more,
    ]


def test_trains_measures_and_writes(ours):
    found = RUNNER.invoke(app, arguments(ours, "--taxonomy", str(ours / "codes.yaml")))
    assert found.exit_code == 0, found.output
    assert "| Reason right |" in found.output
    model = load(ours / "bundle")
    assert model.id.startswith("bundle-")
    assert model.suggest("they took Workday instead of us").reasons[0].code == "rival"
    assert "Reason right" in (ours / "bundle" / "README.md").read_text(encoding="utf-8")


def test_unknown_labels_end_with_one_line_and_nothing_written(ours, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments(ours))
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert "Took a rival" in error
    assert "--crosswalk" in error
    assert len(error.strip().splitlines()) == 1
    assert not (ours / "bundle").exists()


def test_a_foreign_folder_is_not_overwritten(ours, capsys):
    (ours / "bundle").mkdir()
    (ours / "bundle" / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main(arguments(ours, "--taxonomy", str(ours / "codes.yaml")))
    assert stop.value.code == 2
    assert "is no bundle" in capsys.readouterr().err
    assert [file.name for file in (ours / "bundle").iterdir()] == ["mine.txt"]
