"""The reps' choices, kept in SQLite or PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    DateTime,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from lossnlp._errors import InputError

_METADATA = MetaData()

#: One row a suggestion. ``suggested`` holds the codes shown or held back, joined with ``;``.
FEEDBACK = Table(
    "lossnlp_feedback",
    _METADATA,
    Column("suggestion_id", String(64), primary_key=True),
    Column("chosen", String(255), nullable=False),
    Column("suggested", String(1024)),
    Column("rank", Integer),
    Column("blind", Boolean, nullable=False),
    Column("model", String(255)),
    Column("taxonomy", String(255), nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True)),
)

#: The insert statement that can leave a conflicting row alone, which standard SQL lacks.
_INSERT: dict[str, Callable[[Table], Any]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a rep chose, and what had been suggested; None where it is not known any more."""

    suggestion_id: str
    chosen: str
    suggested: str | None
    rank: int | None
    blind: bool
    model: str | None
    taxonomy: str


class FeedbackStore:
    """Keeps one choice for each suggestion; the latest counts.

    Parameters
    ----------
    url
        SQLAlchemy URL of an SQLite file or a PostgreSQL database. The table is made if missing.

    Raises
    ------
    InputError
        If the URL is not understood, or the database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        parsed = _database_url(url)
        self._insert = _INSERT[parsed.get_backend_name()]
        try:
            self._engine = _engine(parsed)
            _METADATA.create_all(self._engine)
        except ModuleNotFoundError as error:
            raise InputError(f"PostgreSQL needs `pip install lossnlp[postgres]`: {error}") from None
        except SQLAlchemyError as error:
            where = parsed.render_as_string(hide_password=True)
            cause = str(getattr(error, "orig", error)).strip().splitlines()[0]
            raise InputError(f"cannot open the database {where} (LOSSNLP_DATABASE): {cause}") from (
                None
            )

    def keep(self, choice: Choice) -> bool:
        """Keep a choice and return whether it is the first for its suggestion.

        The same choice again changes nothing; another one takes the place of the first. When
        this returns, the choice is on disk.
        """
        now = datetime.now(UTC)
        row: dict[str, Any] = {
            name: getattr(choice, name) for name in Choice.__dataclass_fields__
        } | {"received_at": now}
        with self._engine.begin() as connection:
            insert = self._insert(FEEDBACK).values(row).on_conflict_do_nothing()
            if connection.execute(insert.returning(FEEDBACK.c.rank)).first() is not None:
                return True
            changed = (
                update(FEEDBACK)
                .where(FEEDBACK.c.suggestion_id == choice.suggestion_id)
                .where(FEEDBACK.c.chosen != choice.chosen)
                .values(chosen=choice.chosen, rank=choice.rank, changed_at=now)
            )
            connection.execute(changed)
        return False

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def _database_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise InputError(
            "LOSSNLP_DATABASE is not a database URL; write sqlite:///feedback.db or "
            "postgresql://user:password@host/database"
        ) from None
    backend = parsed.get_backend_name()
    if backend not in _INSERT:
        raise InputError(f"LOSSNLP_DATABASE: {backend} is not supported, only SQLite, PostgreSQL")
    return parsed.set(drivername="postgresql+psycopg") if backend == "postgresql" else parsed


def _engine(url: URL) -> Engine:
    """Return the engine; a PostgreSQL connection that died in between is replaced unnoticed."""
    if url.get_backend_name() == "postgresql":
        return create_engine(url, pool_pre_ping=True, hide_parameters=True)
    engine = create_engine(url, connect_args={"timeout": 10}, hide_parameters=True)
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, _: Any) -> None:
    """Let readers and the writer go on side by side, and sync each commit to the disk."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
