"""``lossnlp suggest``: what it prints, as text and as JSON, and what it refuses."""

from __future__ import annotations

import json

import pytest
from model_kit import small_folder
from typer.testing import CliRunner

from lossnlp.cli import app, main

RUNNER = CliRunner()


def test_reasons_evidence_and_signals_are_printed():
    found = RUNNER.invoke(app, ["suggest", "Nice demo. They went with Workday in the end."])
    assert found.exit_code == 0, found.output
    first = found.output.splitlines()[0]
    assert "Lost to competitor" in first
    assert "(competitor)" in first
    assert "»They went with Workday in the end.«" in found.output
    assert "Workday (chosen)" in found.output


def test_snippets_are_read():
    found = RUNNER.invoke(
        app,
        [
            "suggest",
            "Lost on price",
            "--snippet",
            "Buyer: price was fine, our CISO said no",
            "--json",
        ],
    )
    assert found.exit_code == 0, found.output
    read = json.loads(found.output)
    assert read["reasons"][0]["code"] == "security_legal"
    assert read["reasons"][0]["evidence"]["source"] == "snippet:0"
    assert "price" in read["ruled_out"]


def test_a_thin_note_is_asked_about():
    found = RUNNER.invoke(app, ["suggest", "n/a"])
    assert "Ask the rep:" in found.output


def test_standard_input_and_another_bundle():
    found = RUNNER.invoke(
        app, ["suggest", "-", "--json", "--model", str(small_folder())], input="budget cut"
    )
    assert found.exit_code == 0, found.output
    assert json.loads(found.output)["model"].startswith("small-")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["suggest", "x", "--snippet", "price was fine"], "does not say who spoke"),
        (["suggest", "x", "--snippet", "seller: price"], "does not say who spoke"),
        (["suggest", "x", "--model", "no-such-folder"], "no bundle"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.strip().splitlines()) == 1


def test_help_has_an_example():
    found = RUNNER.invoke(app, ["suggest", "--help"])
    assert "lossnlp suggest" in found.output
