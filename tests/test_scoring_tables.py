"""Database tables as source and target."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from scoring_kit import ADDED, records, score, write_parquet

from lossnlp import InputError

duckdb = pytest.importorskip("duckdb", reason="the duckdb extra is not installed")


@pytest.fixture
def deals(tmp_path: Path) -> str:
    """Return the address of a DuckDB table of deals with nested and typed columns."""
    write_parquet(tmp_path / "deals.parquet", 20)
    with duckdb.connect(str(tmp_path / "crm.db")) as connection:
        connection.execute(
            "CREATE TABLE deals AS SELECT id, note, snippets, close_date, Amount, facts "
            f"FROM '{tmp_path / 'deals.parquet'}'"
        )
    return f"duckdb:///{tmp_path / 'crm.db'}#deals"


def test_duckdb_to_duckdb(deals: str, tmp_path: Path) -> None:
    target = deals.replace("#deals", "#scored")
    assert score(deals, target).rows == 20
    with duckdb.connect(str(tmp_path / "crm.db")) as connection:
        before = connection.execute("DESCRIBE deals").fetchall()
        after = connection.execute("DESCRIBE scored").fetchall()
        assert after[: len(before)] == before
        assert [column[0] for column in after[len(before) :]] == ADDED
        same = "SELECT count(*) FROM deals JOIN scored USING (id, note, close_date, Amount)"
        assert connection.execute(same).fetchall() == [(20,)]
    with pytest.raises(InputError, match="already exists"):
        score(deals, target)


def test_files_and_tables_agree(deals: str, tmp_path: Path) -> None:
    score(deals, tmp_path / "from_table.parquet")
    score(tmp_path / "deals.parquet", tmp_path / "from_file.parquet")
    read = [
        pq.read_table(tmp_path / f"from_{kind}.parquet", columns=ADDED)
        for kind in ("table", "file")
    ]
    assert read[0].equals(read[1])


def test_sqlalchemy_both_ways(deals: str, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crm.sqlite'}"
    assert score(deals, f"{url}#scored").rows == 20
    assert score(f"{url}#scored", f"{url}#again", prefix="new_").rows == 20
    with closing(sqlite3.connect(tmp_path / "crm.sqlite")) as connection:
        rows = connection.execute(
            "SELECT id, note, reason, new_reason FROM again ORDER BY id"
        ).fetchall()
    assert [(row[0], row[1]) for row in rows] == [(r["id"], r["note"]) for r in records(20)]
    assert all(row[2] == row[3] for row in rows)


def test_a_table_is_written_whole_or_not_at_all(deals: str, tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    for target in (
        deals.replace("#deals", "#scored"),
        f"sqlite:///{tmp_path / 'crm.sqlite'}#scored",
    ):
        with pytest.raises(KeyboardInterrupt):
            score(deals, target, progress=fail)
        with pytest.raises(InputError, match=r"Table with name scored|no such table"):
            score(target, tmp_path / "out.csv", prefix="new_")


@pytest.mark.parametrize(
    ("address", "fault"),
    [
        ("duckdb:///{0}/crm.db", "name the table behind a #"),
        ("duckdb:///{0}/crm.db#nope", "Table with name nope does not exist"),
        ("sqlite:///{0}/crm.sqlite#nope", "there is no such table"),
        (
            "nosuch://me:secret@host/db#deals",
            r"nosuch://me:\*\*\*@host/db#deals: Can't load plugin",
        ),
        ("postgresql+psycopg://me:secret@127.0.0.1:1/db#deals", r"me:\*\*\*@127.0.0.1:1/db#deals"),
    ],
)
def test_addresses_that_lead_nowhere(deals: str, tmp_path: Path, address: str, fault: str) -> None:
    with pytest.raises(InputError, match=fault) as error:
        score(address.format(tmp_path), tmp_path / "out.csv")
    assert "secret" not in str(error.value)


def test_tables_cannot_be_resumed(deals: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="only files and folders can be resumed"):
        score(deals, deals.replace("#deals", "#scored"), resume=True)
