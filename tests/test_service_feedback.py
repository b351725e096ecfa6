"""Feedback in SQLite and in a real PostgreSQL: kept once, kept safely."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from service_kit import missing
from sqlalchemy import Connection, create_engine, text

from lossnlp import InputError
from lossnlp.service._feedback import Choice, FeedbackStore

CHOICE = Choice(
    suggestion_id="0123456789abcdef",
    chosen="price",
    suggested="competitor;price;budget",
    rank=2,
    blind=False,
    model="starter-1",
    taxonomy="1.0",
)


def postgres_command(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name) or ""


def as_postgres(*command: str) -> None:
    """Run as the user postgres where we are root, which PostgreSQL refuses to run as."""
    user = "postgres" if os.geteuid() == 0 else None
    done = subprocess.run(command, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr.decode()


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL cluster of our own on a free port, thrown away in the end."""
    initdb, pg_ctl = postgres_command("initdb"), postgres_command("pg_ctl")
    if not (initdb and pg_ctl):
        missing("PostgreSQL is not installed: no initdb and pg_ctl")
    folder = Path(tempfile.mkdtemp(prefix="lossnlp-postgres-"))  # short: it holds a socket
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = str(folder / "data")
    as_postgres(initdb, "-D", data, "-U", "lossnlp", "-A", "trust", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    as_postgres(pg_ctl, "-D", data, "-w", "-o", options, "-l", str(folder / "log"), "start")
    yield f"postgresql://lossnlp@127.0.0.1:{port}/postgres"
    as_postgres(pg_ctl, "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'feedback.db'}"
    url: str = request.getfixturevalue("postgres_url")
    with connected(url) as connection:
        connection.execute(text("DROP TABLE IF EXISTS lossnlp_feedback"))
    return url


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def rows(url: str) -> list[dict[str, Any]]:
    with connected(url) as connection:
        found = connection.execute(text("SELECT * FROM lossnlp_feedback ORDER BY suggestion_id"))
        return [dict(row) for row in found.mappings()]


@pytest.fixture
def store(url: str) -> Iterator[FeedbackStore]:
    store = FeedbackStore(url)
    yield store
    store.close()


def test_a_choice_is_kept_whole(store: FeedbackStore, url: str) -> None:
    assert store.keep(CHOICE) is True
    (row,) = rows(url)
    assert row.pop("received_at") is not None
    assert row.pop("changed_at") is None
    assert row == {name: getattr(CHOICE, name) for name in Choice.__dataclass_fields__}


def test_the_same_choice_again_changes_nothing(store: FeedbackStore, url: str) -> None:
    store.keep(CHOICE)
    before = rows(url)
    assert [store.keep(CHOICE) for _ in range(3)] == [False] * 3
    assert rows(url) == before


def test_the_latest_choice_counts(store: FeedbackStore, url: str) -> None:
    store.keep(CHOICE)
    assert store.keep(replace(CHOICE, chosen="budget", rank=3)) is False
    (row,) = rows(url)
    assert (row["chosen"], row["rank"]) == ("budget", 3)
    assert row["changed_at"] is not None


def test_many_writers_keep_one_row_each_id(store: FeedbackStore, url: str) -> None:
    choices = [replace(CHOICE, suggestion_id=f"suggestion-{n % 10}") for n in range(80)]
    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(store.keep, choices))
    assert sum(first) == 10
    assert len(rows(url)) == 10


def test_what_was_kept_is_there_after_reopening(store: FeedbackStore, url: str) -> None:
    store.keep(CHOICE)
    store.close()
    again = FeedbackStore(url)
    assert again.keep(CHOICE) is False
    again.close()


def test_sqlite_writes_ahead_and_syncs(tmp_path: Path) -> None:
    file = tmp_path / "feedback.db"
    store = FeedbackStore(f"sqlite:///{file}")
    store.keep(CHOICE)
    assert file.with_name("feedback.db-wal").is_file()
    store.close()


def test_a_lost_connection_is_replaced(postgres_url: str) -> None:
    store = FeedbackStore(postgres_url)
    store.keep(replace(CHOICE, suggestion_id="before-the-break"))
    with connected(postgres_url) as other:
        other.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert store.keep(replace(CHOICE, suggestion_id="after-the-break")) is True
    store.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("feedback.db", "is not a database URL"),
        ("mysql://host/db", "mysql is not supported"),
        ("sqlite:////no/such/folder/feedback.db", "cannot open the database"),
        ("postgresql://me:hunter2@127.0.0.1:1/db", "cannot open the database"),
    ],
)
def test_a_database_that_cannot_be_used_is_one_line_without_its_password(
    url: str, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        FeedbackStore(url)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)
