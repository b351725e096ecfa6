"""Scoring files: nothing touched, nothing lost, every fault said."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scoring_kit import (
    ADDED,
    bundle,
    read_csv,
    read_jsonl,
    records,
    score,
    table,
    write_csv,
    write_jsonl,
    write_parquet,
)

import lossnlp
from lossnlp import InputError
from lossnlp.scoring import SCORE_SCHEMA

N = 40


@pytest.fixture(scope="module")
def expected() -> list[dict[str, Any]]:
    """What the model says of the deals when it is asked in Python."""
    answers = lossnlp.load(bundle()).predict(pd.DataFrame(records(N)))
    rows: list[dict[str, Any]] = answers.to_dict("records")
    return [{k: None if v == "" or v != v else v for k, v in row.items()} for row in rows]


def assert_same(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert len(found) == len(expected)
    for row, want in zip(found, expected, strict=True):
        for name, value in want.items():
            got = row[name]
            assert got == (pytest.approx(value, abs=1e-6) if isinstance(value, float) else value), (
                name
            )


def test_the_schema_is_what_the_model_predicts() -> None:
    frame = lossnlp.load().predict(pd.DataFrame({"note": ["too expensive"]}))
    assert [*frame.columns, "problem"] == SCORE_SCHEMA.names


def test_parquet_passes_every_type_through(tmp_path: Path, expected: list[dict[str, Any]]) -> None:
    source = write_parquet(tmp_path / "in.parquet", N, group=7)
    summary = score(source, tmp_path / "out.parquet")
    assert (summary.rows, summary.resumed) == (N, 0)
    scored = pq.read_table(tmp_path / "out.parquet")
    assert scored.column_names == [*table(N).column_names, *ADDED]
    assert scored.select(table(N).column_names).equals(pq.read_table(source), check_metadata=True)
    assert scored.schema.metadata == {b"made by": b"a test"}
    assert_same(scored.select(ADDED).to_pylist(), expected)


def test_csv_cells_stay_as_they_are(tmp_path: Path, expected: list[dict[str, Any]]) -> None:
    rows = [
        {**row, "zip": f"0{i}.50", "quote": f'say "{i}",\nplease'}
        for i, row in enumerate(records(N))
    ]
    source = write_csv(tmp_path / "in.csv", rows)
    score(source, tmp_path / "out.csv")
    scored = read_csv(tmp_path / "out.csv")
    given = read_csv(source)
    assert scored.select(given.column_names).equals(given)
    assert [row["reason"] for row in scored.to_pylist()] == [row["reason"] for row in expected]
    probabilities = [float(p) for p in scored["probability"].to_pylist()]
    assert probabilities == pytest.approx([row["probability"] for row in expected], abs=1e-6)


def test_jsonl_lines_stay_as_they_are(tmp_path: Path, expected: list[dict[str, Any]]) -> None:
    rows = records(N)
    lines = [json.dumps(row, default=str)[:-1] + f', "n": 1.10, "big": {10**30}}}' for row in rows]
    (tmp_path / "in.jsonl").write_text("\n\n".join(lines))  # blank lines are no rows
    score(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    written = (tmp_path / "out.jsonl").read_text().splitlines()
    assert all(new.startswith(old[:-1]) for old, new in zip(lines, written, strict=True))
    assert_same(read_jsonl(tmp_path / "out.jsonl"), expected)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_formats_turn_into_each_other(tmp_path: Path, ending: str) -> None:
    source = write_parquet(tmp_path / "in.parquet", 5)
    score(source, tmp_path / f"mid.{ending}")
    score(tmp_path / f"mid.{ending}", tmp_path / "out.parquet", prefix="new_")
    scored = pq.read_table(tmp_path / "out.parquet")
    assert scored["new_reason"].to_pylist() == scored["reason"].to_pylist()
    assert scored["id"].to_pylist() == [f"{i:05}" for i in range(5)]


def test_jsonl_becomes_typed_parquet(tmp_path: Path) -> None:
    rows = [
        {**row, "n": None if i < 3 else 1.5, "extra": {"a": [i]}}
        for i, row in enumerate(records(6))
    ]
    del rows[0]["extra"]
    score(write_jsonl(tmp_path / "in.jsonl", rows), tmp_path / "out.parquet")
    scored = pq.read_table(tmp_path / "out.parquet")
    assert scored.schema.field("n").type == pa.float64()
    assert scored["extra"].to_pylist() == [None, *({"a": [i]} for i in range(1, 6))]


def test_jsonl_of_changing_types_stays_jsonl(tmp_path: Path) -> None:
    rows = [{**row, "mixed": "text" if i % 2 else i} for i, row in enumerate(records(4))]
    source = write_jsonl(tmp_path / "in.jsonl", rows)
    with pytest.raises(InputError, match="field 'mixed' holds values of different types"):
        score(source, tmp_path / "out.parquet")
    score(source, tmp_path / "out.jsonl")
    assert [row["mixed"] for row in read_jsonl(tmp_path / "out.jsonl")] == [0, "text", 2, "text"]


@pytest.mark.parametrize(
    ("encoding", "separator"),
    [("cp1252", ";"), ("utf-16", ","), ("utf-8-sig", "\t"), ("utf-8", "|")],
)
def test_text_files_of_every_dialect(tmp_path: Path, encoding: str, separator: str) -> None:
    rows = [["id", "note", "owner"], *([str(i), f"zu teuer für {i}", "Jürgen"] for i in range(5))]
    text = "\r\n".join(separator.join(row) for row in rows) + "\r\n"
    (tmp_path / "in.csv").write_bytes(text.encode(encoding))
    score(tmp_path / "in.csv", tmp_path / "out.parquet")
    scored = pq.read_table(tmp_path / "out.parquet").to_pylist()
    assert [(row["note"], row["owner"]) for row in scored] == [(r[1], r[2]) for r in rows[1:]]


def test_a_report_with_titles_and_a_footer(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text(
        "Closed Lost\n\nid,note,amount,owner\n1,too expensive,5,Jo\n2,no budget,6,Al\n\n"
        '"Copyright (c) 2026 salesforce.com"\n'
    )
    summary = score(tmp_path / "in.csv", tmp_path / "out.csv")
    assert summary.rows == 2
    assert any("1 lines left out: footer" in line for line in summary.warnings)


def test_folder_and_glob_are_read_in_order_of_names(tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    whole = table(30)
    for i in (2, 0, 1):
        pq.write_table(whole.slice(10 * i, 10), folder / f"{i}.parquet")
    (folder / "_SUCCESS").touch()
    for source in (folder, f"{folder}/*.parquet"):
        score(source, tmp_path / "out.parquet")
        assert pq.read_table(tmp_path / "out.parquet")["id"].to_pylist() == [
            f"{i:05}" for i in range(30)
        ]


def test_a_folder_takes_parts(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "in.parquet", 12)
    score(source, tmp_path / "parts")
    names = sorted(path.name for path in (tmp_path / "parts").glob("[!_]*"))
    assert names == ["part-000000.parquet"]
    assert pq.read_table(tmp_path / "parts").num_rows == 12
    with pytest.raises(InputError, match="holds a finished run"):
        score(source, tmp_path / "parts")


def test_files_that_do_not_go_together(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,note\n1,x\n")
    (tmp_path / "b.csv").write_text("id,text\n1,x\n")
    with pytest.raises(InputError, match=r"b\.csv: its columns differ from those of a\.csv"):
        score(tmp_path, tmp_path / "out.csv")
    (tmp_path / "c.jsonl").write_text("{}\n")
    with pytest.raises(InputError, match="mixes csv and jsonl files"):
        score(tmp_path, tmp_path / "out.csv")
    with pytest.raises(InputError, match="no such file"):
        score(tmp_path / "none.csv", tmp_path / "out.csv")
    with pytest.raises(InputError, match="cannot tell the format"):
        score(Path(__file__), tmp_path / "out.csv")


def test_columns_that_are_there_already(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,note,Reason\n1,too expensive,Price\n")
    with pytest.raises(InputError, match="'Reason' would be added by score"):
        score(tmp_path / "in.csv", tmp_path / "out.csv")
    score(tmp_path / "in.csv", tmp_path / "out.csv", prefix="lossnlp_")
    assert read_csv(tmp_path / "out.csv").column_names == [
        "id", "note", "Reason", *(f"lossnlp_{name}" for name in ADDED)
    ]  # fmt: skip


def test_a_key_that_turns_up_late_in_jsonl(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"note": "too expensive"}] * 3000
    source = write_jsonl(tmp_path / "in.jsonl", [*rows, {"note": "x", "reason": "Price"}])
    with pytest.raises(InputError, match="'reason' would be added"):
        score(source, tmp_path / "out.jsonl", workers=1)


def test_named_columns_win(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,note,why\n1,,ghosted us after the demo\n")
    score(tmp_path / "in.csv", tmp_path / "out.csv", columns={"note": "why"})
    assert read_csv(tmp_path / "out.csv")["reason"].to_pylist() != ["insufficient_detail"]
    with pytest.raises(InputError, match="there is no column 'because'"):
        score(tmp_path / "in.csv", tmp_path / "out.csv", columns={"note": "because"})


def test_broken_unicode_marks_its_row(tmp_path: Path) -> None:
    fine = "2,café fermé à Noël et désolé\n".encode()
    (tmp_path / "in.csv").write_bytes(b"id,note\n1,too exp\xffensive\n" + fine)
    (tmp_path / "in.jsonl").write_bytes(
        b'{"note": "too exp\xffensive"}\n{"note": "caf\xc3\xa9"}\n{"note": "bad \\ud800 half"}\n'
    )
    broken = pa.array([b"too exp\xffensive", b"fine"]).view(pa.string())
    pq.write_table(pa.table({"note": broken}), tmp_path / "in.parquet")
    for ending, marked in (
        ("csv", [True, False]),
        ("jsonl", [True, False, True]),
        ("parquet", [True, False]),
    ):
        score(tmp_path / f"in.{ending}", tmp_path / "out.jsonl")
        rows = read_jsonl(tmp_path / "out.jsonl")
        assert ["broken Unicode" in (row["problem"] or "") for row in rows] == marked, ending
        assert all(row["reason"] for row in rows)
    score(tmp_path / "in.parquet", tmp_path / "out.csv")
    assert read_csv(tmp_path / "out.csv")["note"].to_pylist() == ["too exp\ufffdensive", "fine"]
    score(tmp_path / "in.parquet", tmp_path / "out.parquet")
    kept = pq.read_table(tmp_path / "out.parquet")["note"].combine_chunks().view(pa.binary())
    assert kept.to_pylist() == [b"too exp\xffensive", b"fine"]


def test_a_note_of_5_mb_is_marked_and_kept(tmp_path: Path) -> None:
    long = "the price was too high for us. " * 170_000
    assert len(long) > 5_000_000
    rows = [
        {"id": "1", "note": "no budget"},
        {"id": "2", "note": long},
        {"id": "3", "note": "ghosted"},
    ]
    for source in (
        write_jsonl(tmp_path / "in.jsonl", rows),
        write_csv(tmp_path / "in.csv", [{**r, "snippets": ""} for r in rows]),
    ):
        score(source, tmp_path / "out.parquet")
        scored = pq.read_table(tmp_path / "out.parquet").to_pylist()
        assert [row["note"] for row in scored] == [row["note"] for row in rows]
        assert (
            scored[1]["problem"] == "note of 5,270,000 characters: only the first 100,000 were read"
        )
        assert [row["problem"] for row in scored[::2]] == [None, None]


def test_cells_that_cannot_be_read_mark_their_row(tmp_path: Path) -> None:
    rows = [
        {
            "note": "a",
            "snippets": '[{"speaker": "buyer", "text": "half',
            "close_date": "2025-01-02",
        },
        {"note": "b", "snippets": "", "close_date": "soon"},
        {"note": "c", "snippets": "", "close_date": "2025-01-02"},
    ]
    score(write_jsonl(tmp_path / "in.jsonl", rows), tmp_path / "out.jsonl")
    problems = [row["problem"] for row in read_jsonl(tmp_path / "out.jsonl")]
    assert problems == [
        "snippets left out: the JSON list is broken or cut short", "the close date is no date", None
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("id,note,x\n1,a,b\n2,a\n3,c,d\n", "Row #3: Expected 3 columns, got 2"),
        ("id,note,x\n1,a,b\ncut\n3,c,d\n", "row 3 has 1 cell where the header has 3"),
        ("id,note,x\n1,a,b\n3\n", "row 3 has 1 cell where the header has 3"),
        ('id,note\n1,"a\n2,b\n3,c\n', "never closed, so rows have run together"),
        ("id,note,note\n1,a,b\n", "two columns are named 'note'"),
        ("id,x\n1,a\n", "no note column"),
        ("", "is empty"),
    ],
)
def test_broken_csv_is_one_clear_line(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "in.csv").write_text(text)
    with pytest.raises(InputError) as error:
        score(tmp_path / "in.csv", tmp_path / "out.csv")
    assert fault in str(error.value)
    assert "in.csv" in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"note": "a"}\n{"note": \n', "in.jsonl, line 2: not JSON"),
        ('{"note": "a"}\n["b"]\n', "in.jsonl, line 2: should hold one JSON object, not list"),
        ("\n\n", "in.jsonl: holds no rows"),
    ],
)
def test_broken_jsonl_is_one_clear_line(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "in.jsonl").write_text(text)
    with pytest.raises(InputError) as error:
        score(tmp_path / "in.jsonl", tmp_path / "out.jsonl")
    assert fault in str(error.value)


def test_no_rows_are_no_rows(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("id,note\n")
    assert score(tmp_path / "in.csv", tmp_path / "out.csv").rows == 0
    assert read_csv(tmp_path / "out.csv").column_names == ["id", "note", *ADDED]
    pq.write_table(table(3).slice(0, 0), tmp_path / "in.parquet")
    assert score(tmp_path / "in.parquet", tmp_path / "out.parquet").rows == 0
    assert pq.read_schema(tmp_path / "out.parquet").names == [*table(3).column_names, *ADDED]


def test_a_damaged_row_group_is_named(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "in.parquet", 30, group=10)
    note = pq.read_metadata(source).row_group(1).column(1)
    data = bytearray(source.read_bytes())
    start = note.dictionary_page_offset or note.data_page_offset
    data[start : start + note.total_compressed_size] = b"\xff" * note.total_compressed_size
    source.write_bytes(data)
    with pytest.raises(InputError, match=r"row group 1 \(rows 11 to 20\) cannot be read"):
        score(source, tmp_path / "out.parquet")
    source.write_bytes(data[:-20])
    with pytest.raises(InputError, match="no readable Parquet file"):
        score(source, tmp_path / "out.parquet")


def test_a_source_that_changes_meanwhile(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "in.csv", records(5))

    def meddle(_rows: int, _of: int | None, _share: float | None) -> None:
        source.write_text("id,note\n")

    with pytest.raises(InputError, match="was changed while it was being scored"):
        score(source, tmp_path / "out.csv", progress=meddle)
    assert not (tmp_path / "out.csv").exists()


def test_processes_give_what_one_process_gives(tmp_path: Path) -> None:
    notes = [row["note"] for row in records(8)]
    rows = [{"id": str(i), "note": f"lost: {notes[i % 8]} {i % 50}"} for i in range(2500)]
    source = write_jsonl(tmp_path / "in.jsonl", rows)
    told: list[tuple[int, int | None, float | None]] = []
    score(source, tmp_path / "two.jsonl", workers=2, progress=lambda *facts: told.append(facts))
    score(source, tmp_path / "one.jsonl", workers=1)
    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()
    assert [rows for rows, _, _ in told] == [2048, 2500]
    assert told[-1][2] == 1.0


def test_decimals_and_dates_in_csv(tmp_path: Path) -> None:
    score(write_parquet(tmp_path / "in.parquet", 4), tmp_path / "out.csv")
    row = read_csv(tmp_path / "out.csv").to_pylist()[3]
    assert Decimal(row["Amount"]) == Decimal("0.75")
    assert row["close_date"] == "2025-04-04"
    assert json.loads(row["facts"]) == {"x": 3, "y": {"z": [3]}}


def test_a_target_of_no_known_format(tmp_path: Path) -> None:
    source = write_parquet(tmp_path / "in.parquet", 2)
    with pytest.raises(InputError, match=r"out\.xlsx: cannot be written in this format"):
        score(source, tmp_path / "out.xlsx")
    assert not (tmp_path / "out.xlsx").exists()


def test_unknown_tier(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no tier 'best'"):
        score(tmp_path / "in.csv", tmp_path / "out.csv", tier="best")
