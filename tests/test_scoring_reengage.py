"""reengage.csv beside a scored file: whom to call back, and when."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import Result
from scoring_kit import bundle
from typer.testing import CliRunner

from lossnlp import InputError
from lossnlp.cli import app
from lossnlp.scoring import write_reengage

DEALS = (
    {"id": "1", "note": "went with Workday, half the price, try again in June 2027"},
    {"id": "2", "note": "=budget frozen, come back in 3 months", "account": "+Dune"},
    {"id": "3", "note": "no budget this year, call me in Q2 2026", "amount": "1,200.50"},
)


def deals(folder: Path) -> Path:
    facts = {"account": "Bolt", "owner": "Kim Lee", "amount": "", "close_date": "2025-10-15"}
    path = folder / "in.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.DictWriter(handle, ["id", "note", *facts])
        writer.writeheader()
        writer.writerows({**facts, **deal} for deal in DEALS)
    return path


def lossnlp(*arguments: str | Path) -> Result:
    command = ["score", *map(str, arguments), "--model", str(bundle())]
    return CliRunner().invoke(app, command)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.parametrize(("ending", "prefix"), [(".csv", ""), (".jsonl", "x_"), (".parquet", "")])
def test_whom_to_call_back_stands_earliest_first(tmp_path: Path, ending: str, prefix: str) -> None:
    scored, again = tmp_path / f"out{ending}", tmp_path / "reengage.csv"
    said = lossnlp(deals(tmp_path), scored, "--reengage", again, "--prefix", prefix)
    assert said.exit_code == 0, said.output
    rows = rows_of(again)
    assert f"{len(rows)} deals to come back to written to {again}" in said.stderr
    assert list(rows[0])[:5] == ["account", "owner", "date", "reason", "opening_line"]
    assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
    by_id = {row["id"]: row for row in rows}
    assert by_id["2"]["date"] == "2026-01-15"
    assert by_id["2"]["account"] == "'+Dune"
    assert "in 3 months" in by_id["2"]["opening_line"]
    assert by_id["3"]["amount"] == "1200.5"
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_dates_are_those_of_the_scored_file(tmp_path: Path) -> None:
    scored, again = tmp_path / "out.jsonl", tmp_path / "reengage.csv"
    lossnlp(deals(tmp_path), scored, "--reengage", again)
    lines = [json.loads(line) for line in scored.read_text(encoding="utf-8").splitlines()]
    told = {line["id"]: line["reengage_on"] for line in lines if line["reengage_on"]}
    assert {row["id"]: row["date"] for row in rows_of(again)} == told


def test_the_fast_tier_leaves_stated_days_and_rivals_to_the_rules(tmp_path: Path) -> None:
    again = tmp_path / "reengage.csv"
    command = [
        "score",
        deals(tmp_path),
        tmp_path / "out.csv",
        "--tier",
        "fast",
        "--reengage",
        again,
    ]
    said = CliRunner().invoke(app, list(map(str, command)))
    assert said.exit_code == 0, said.output
    (row,) = [row for row in rows_of(again) if row["id"] == "2"]
    assert row["date"] == "2026-01-15"
    assert "in 3 months" in row["opening_line"]


def test_a_file_that_was_not_scored_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="has no column 'reason'"):
        write_reengage(deals(tmp_path), tmp_path / "reengage.csv", model=bundle())
    assert not (tmp_path / "reengage.csv").exists()


@pytest.mark.parametrize(
    ("more", "message"),
    [(("-",), "--reengage needs a file"), (("out.csv", "--engine", "spark"), "goes with --engine")],
)
def test_where_it_cannot_be_written(tmp_path: Path, more: tuple[str, ...], message: str) -> None:
    said = lossnlp(deals(tmp_path), *more, "--reengage", tmp_path / "reengage.csv")
    assert isinstance(said.exception, InputError)
    assert message in str(said.exception)
