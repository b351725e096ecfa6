"""The score command: pipes, messages, exit codes, progress."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from scoring_kit import bundle, records, write_jsonl, write_parquet
from typer.testing import CliRunner

from lossnlp.cli import app, main


def lossnlp(*arguments: str | Path, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lossnlp", *map(str, arguments), "--model", str(bundle())]
    return subprocess.run(command, capture_output=True, text=True, input=stdin, timeout=180)


def test_help_holds_an_example() -> None:
    said = CliRunner().invoke(app, ["score", "--help"]).output
    assert "Example: lossnlp score" in said


def test_a_file(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "in.parquet", 20)
    said = lossnlp("score", source, tmp_path / "out.csv")
    assert (said.returncode, said.stdout) == (0, "")
    assert 'note: "note" (by name)' in said.stderr
    assert "20 rows written to" in said.stderr
    assert (tmp_path / "out.csv").exists()


def test_in_a_pipe() -> None:
    lines = "\n".join(json.dumps({"note": row["note"]}) for row in records(5))
    said = lossnlp("score", "-", "-", stdin=lines)
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    assert [row["note"] for row in rows] == [row["note"] for row in records(5)]
    assert all(row["reason"] for row in rows)
    assert "5 rows written to -" in said.stderr


def test_a_pipe_cannot_become_parquet(tmp_path: Path) -> None:
    said = lossnlp("score", "-", tmp_path / "out.parquet", stdin='{"note": "x"}\n')
    assert said.returncode == 2
    assert said.stderr.splitlines()[-1].startswith("lossnlp: standard input can only be written as")


def test_bad_input_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["score", str(tmp_path / "none.csv"), str(tmp_path / "out.csv")])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(f"lossnlp: {tmp_path / 'none.csv'}: no such file")


def test_compare_with_a_column_and_a_file(tmp_path: Path) -> None:
    rows = [{**row, "before": "price"} for row in records(10)]
    source = write_jsonl(tmp_path / "in.jsonl", rows)
    first = lossnlp("score", source, tmp_path / "out.jsonl", "--compare", "before")
    assert "of 10 deals have another reason than before" in first.stdout
    again = lossnlp("score", source, tmp_path / "new.jsonl", "--compare", tmp_path / "out.jsonl")
    assert "0 of 10 deals have another reason than before" in again.stdout
    said = lossnlp("score", source, "-", "--compare", "before")
    assert said.returncode == 2
    assert "--compare needs a file" in said.stderr


def test_resume_of_a_finished_run(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "in.parquet", 5)
    lossnlp("score", source, tmp_path / "out.parquet")
    said = lossnlp("score", source, tmp_path / "out.parquet", "--resume")
    assert said.returncode == 0
    assert "nothing was left to do" in said.stderr


def test_a_terminal_sees_a_bar(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "in.parquet", 20)
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lossnlp", "score", str(source), str(tmp_path / "out.csv")]
    subprocess.run(command, stderr=theirs, timeout=180, check=True)
    os.close(theirs)
    with os.fdopen(ours, "rb", buffering=0) as screen:
        seen = screen.read(65536)
    assert "20 rows" in seen.decode()
    assert "━" in seen.decode()
