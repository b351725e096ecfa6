"""``lossnlp doctor``: faults, rows and mends in words or JSON, and the exit codes."""

import json
import subprocess
import sys
from pathlib import Path

from broken_exports import broken_exports, clean_rows, write
from typer.testing import CliRunner

from lossnlp.cli import app

ROOT = Path(__file__).parents[1]


def doctor(*arguments):
    return CliRunner().invoke(app, ["doctor", *map(str, arguments)])


def test_a_clean_export_exits_with_0(tmp_path):
    result = doctor(write(tmp_path / "clean.csv", clean_rows()))
    assert result.exit_code == 0
    assert "no fault found" in result.output


def test_faults_exit_with_1_and_name_rows_and_mend(tmp_path):
    (tmp_path / "cut.csv").write_bytes(broken_exports()["cut_texts"][0])
    result = doctor(tmp_path / "cut.csv")
    assert result.exit_code == 1
    assert 'cut_texts in "Loss Notes": 3 texts are cut at 255 characters' in result.output
    assert "rows: 2, 3, 4" in result.output
    assert "mend: export the full text" in result.output


def test_many_rows_are_counted_in_words_and_listed_in_json(tmp_path):
    path = write(tmp_path / "notes.csv", [[row[0], "", *row[2:]] for row in clean_rows()])
    assert "rows: 2, 3, 4, 5, 6, 7, 8, 9 and 12 more" in doctor(path).output
    (fault,) = json.loads(doctor(path, "--json").output)
    assert fault["kind"] == "empty_notes"
    assert fault["rows"] == list(range(2, 22))
    assert fault["column"] == "Loss Notes"


def test_columns_can_be_named(tmp_path):
    header = ("Key", "What happened", "Why", "Close Date", "Amount")
    path = write(tmp_path / "own.csv", clean_rows(), header)
    assert doctor(path).exit_code == 1
    assert doctor(path, "--id", "Key", "--note", "What happened", "--label", "Why").exit_code == 0


def run(*arguments, data=b""):
    command = [sys.executable, "-m", "lossnlp", "doctor", *map(str, arguments)]
    return subprocess.run(command, input=data, capture_output=True, cwd=ROOT, check=False)


def test_what_cannot_be_read_exits_with_2_and_one_line(tmp_path):
    result = run(tmp_path / "none.csv")
    assert result.returncode == 2
    assert result.stderr.decode() == f"lossnlp: there is no file {tmp_path / 'none.csv'}\n"
    assert result.stdout == b""


def test_the_example_of_the_help_reads_standard_input_too():
    example = ROOT / "examples/closed_lost_fy26_salesforce.csv"
    from_file, from_input = run(example), run("-", data=example.read_bytes())
    assert from_file.returncode == from_input.returncode == 1
    assert from_file.stdout == from_input.stdout
    assert from_file.stdout.decode() in (ROOT / "docs/exports.md").read_text(encoding="utf-8")
