"""The score command: pipes, messages, exit codes, progress."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import Result
from scoring_kit import bundle, records, write_jsonl, write_parquet
from typer.testing import CliRunner

from lossnlp import InputError
from lossnlp.cli import app, main


def lossnlp(*arguments: str | Path, stdin: str | None = None) -> Result:
    """Run the command in this process."""
    command = ["score", *map(str, arguments), "--model", str(bundle())]
    return CliRunner().invoke(app, command, input=stdin)


def test_help_holds_an_example() -> None:
    said = CliRunner().invoke(app, ["score", "--help"]).output
    assert "Example: lossnlp score" in said


def test_a_file(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "in.parquet", 20)
    said = lossnlp(source, tmp_path / "out.csv")
    assert (said.exit_code, said.stdout) == (0, "")
    assert 'note: "note" (by name)' in said.stderr
    assert "20 rows written to" in said.stderr
    assert (tmp_path / "out.csv").exists()


def test_in_a_pipe() -> None:
    lines = "\n".join(json.dumps({"note": row["note"]}) for row in records(5))
    command = [sys.executable, "-m", "lossnlp", "score", "-", "-", "--model", str(bundle())]
    said = subprocess.run(command, capture_output=True, text=True, input=lines, timeout=180)
    rows = [json.loads(line) for line in said.stdout.splitlines()]
    assert [row["note"] for row in rows] == [row["note"] for row in records(5)]
    assert all(row["reason"] for row in rows)
    assert "5 rows written to -" in said.stderr


def test_a_pipe_cannot_become_parquet(tmp_path: Path) -> None:
    said = lossnlp("-", tmp_path / "out.parquet", stdin='{"note": "x"}\n')
    assert isinstance(said.exception, InputError)
    assert "standard input can only be written as JSONL" in str(said.exception)


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
    first = lossnlp(source, tmp_path / "out.jsonl", "--compare", "before")
    assert "of 10 deals have another reason than before" in first.stdout
    again = lossnlp(source, tmp_path / "new.jsonl", "--compare", tmp_path / "out.jsonl")
    assert "0 of 10 deals have another reason than before" in again.stdout


@pytest.mark.parametrize(
    ("target", "compare", "fault"),
    [
        ("-", "note", "--compare needs a file"),
        ("out.jsonl", "nothing", "has no column 'nothing' to compare with"),
        ("out.jsonl", "none.jsonl", "no such file"),
        ("out.jsonl", "in.jsonl", "has no column 'reason' to compare with"),
        ("out.jsonl", "out.jsonl", "would be replaced before it is compared"),
    ],
)
def test_what_cannot_be_compared_is_told_before_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, compare: str, fault: str
) -> None:
    monkeypatch.chdir(tmp_path)
    write_jsonl(tmp_path / "in.jsonl", records(2))
    said = lossnlp("in.jsonl", target, "--compare", compare)
    assert isinstance(said.exception, InputError)
    assert fault in str(said.exception)
    assert [file.name for file in tmp_path.iterdir()] == ["in.jsonl"]


@pytest.mark.parametrize("option", ["--resume", "--workers=2", "--encoding=utf-8", "--compare=x"])
def test_what_spark_does_not_do(tmp_path: Path, option: str) -> None:
    said = lossnlp("in.parquet", tmp_path / "out", "--engine", "spark", option)
    assert f"{option.partition('=')[0]} goes with --engine local only" in str(said.exception)


def test_resume_of_a_finished_run(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "in.parquet", 5)
    lossnlp(source, tmp_path / "out.parquet")
    said = lossnlp(source, tmp_path / "out.parquet", "--resume")
    assert said.exit_code == 0
    assert "nothing was left to do" in said.stderr


def test_a_terminal_sees_a_bar(tmp_path: Path) -> None:
    source, target = write_parquet(tmp_path / "in.parquet", 20), tmp_path / "out.csv"
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "lossnlp", "score", source, target, "--model", bundle()]
    process = subprocess.Popen(list(map(str, command)), stderr=theirs)
    os.close(theirs)
    seen = "".join(_until_closed(ours))
    assert process.wait(timeout=60) == 0
    assert "20 rows" in seen
    assert "━" in seen


def _until_closed(terminal: int) -> Iterator[str]:
    with os.fdopen(terminal, "rb", buffering=0) as screen, suppress(OSError):  # EIO: the end
        while piece := screen.read(4096):
            yield piece.decode(errors="replace")
