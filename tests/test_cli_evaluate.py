"""``lossnlp evaluate``: the measures of a bundle on labelled deals, as a table and as JSON."""

from __future__ import annotations

import json

import pytest
from model_kit import ROOT, small_folder
from typer.testing import CliRunner

from lossnlp.cli import app, main

RUNNER = CliRunner()
PAIRS = str(ROOT / "tests" / "data" / "contrast_pairs.jsonl")


def test_prints_a_table():
    found = RUNNER.invoke(app, ["evaluate", PAIRS, "--model", str(small_folder())])
    assert found.exit_code == 0, found.output
    assert "on 120 deals" in found.output
    assert "| Macro-F1 of the reasons |" in found.output


def test_json_holds_the_numbers_of_the_shipped_bundle():
    found = RUNNER.invoke(app, ["evaluate", PAIRS, "--json"])
    assert found.exit_code == 0, found.output
    metrics = json.loads(found.stdout)
    assert metrics["n"] == 120
    assert metrics["overall"]["accuracy"]["value"] > 0.6, "better than the words alone would be"
    assert sum(code["n"] for code in metrics["codes"].values()) == 120


@pytest.mark.parametrize("content", ["Note,Loss Reason\nx,Prize\n", "Note\nx\n", "Note,Primary\n"])
def test_bad_labels_are_one_line_and_exit_2(tmp_path, content, capsys):
    data = tmp_path / "x.csv"
    data.write_text(content, encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        main(["evaluate", str(data), "--model", str(small_folder())])
    assert stop.value.code == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
