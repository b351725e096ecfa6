"""Database tables as source and target: DuckDB, and whatever SQLAlchemy reaches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from importlib import import_module
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa

from lossnlp._errors import InputError
from lossnlp.scoring._blocks import BLOCK_ROWS, TableBlock, as_json
from lossnlp.scoring._columns import join_columns, joined_schema
from lossnlp.scoring._engine import Scored
from lossnlp.scoring._text_files import reblocked

if TYPE_CHECKING:
    from sqlalchemy import Engine, Table

_DUCKDB = "duckdb:///"


@dataclass(frozen=True)
class Address:
    """A table in a database: ``duckdb:///file.db#table`` or an SQLAlchemy URL with ``#table``."""

    url: str
    table: str

    @classmethod
    def parse(cls, spec: str) -> Address:
        """Split a URL from the name of its table; raise InputError if there is none."""
        url, _, table = spec.rpartition("#")
        if not url or not re.fullmatch(r"\w+(\.\w+)?", table):
            raise InputError(
                f"{hidden(spec)}: name the table behind a #, such as duckdb:///crm.db#deals"
            )
        return cls(url, table)

    @property
    def is_duckdb(self) -> bool:
        """Whether DuckDB itself opens it."""
        return self.url.startswith(_DUCKDB)

    @property
    def label(self) -> str:
        """The address without its password."""
        return f"{hidden(self.url)}#{self.table}"


def hidden(url: str) -> str:
    """Return a URL without its password."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:***@", url)


class TableSource:
    """The rows of a table in the order in which the database gives them."""

    format = "parquet"

    def __init__(self, address: Address) -> None:
        self._address = address
        self.label = address.label
        self.warnings: list[str] = []
        self._done = 0
        with _reader(address) as (schema, rows, _):
            self.schema = schema
            self.rows: int | None = rows

    @property
    def is_short(self) -> bool:
        """Whether all rows fit a block."""
        return (self.rows or 0) <= BLOCK_ROWS

    def head(self) -> TableBlock | None:
        """Return the first block, None if there is no row."""
        return next(self.blocks(), None)

    def blocks(self, skip: int = 0) -> Iterator[TableBlock]:
        """Yield the rows, which come in no order that a later run could rely on."""
        if skip:
            raise InputError(f"{self.label}: a table cannot be resumed; write it to Parquet first")
        self._done = 0
        with _reader(self._address) as (_, _, batches):
            for batch in reblocked(batches):
                yield TableBlock(self._done, batch)
                self._done += batch.num_rows

    def share_read(self) -> float | None:
        """Return the share of the rows that have been read."""
        return self._done / self.rows if self.rows else 1.0

    def digest(self) -> str:
        """Return the address: a table has no digest, and runs over it are never resumed."""
        return self.label

    def refuse_changes(self) -> None:
        """Do nothing: a table is read in one transaction."""


def open_table(spec: str) -> TableSource:
    """Open a table to be scored."""
    return TableSource(Address.parse(spec))


def write_table(scored: Iterable[Scored], schema: pa.Schema, spec: str, prefix: str) -> int:
    """Write scored rows to a new table, which appears only when it is whole; return their number.

    Raises
    ------
    InputError
        If the table exists or the database cannot be reached.
    """
    address = Address.parse(spec)
    batches = (join_columns(block.table(schema), scores, prefix) for block, scores in scored)
    whole = joined_schema(schema, prefix)
    return (_write_duckdb if address.is_duckdb else _write_sql)(address, whole, batches)


@contextmanager
def _reader(address: Address) -> Iterator[tuple[pa.Schema, int, Iterator[pa.RecordBatch]]]:
    """Open a table: its schema, its number of rows, and its batches."""
    with (_duckdb_reader if address.is_duckdb else _sql_reader)(address) as opened:
        yield opened


def _extra(module: str, extra: str) -> Any:
    try:
        return import_module(module)
    except ImportError:
        raise InputError(f"this needs {module}: pip install 'lossnlp[{extra}]'") from None


@contextmanager
def _duckdb(address: Address) -> Iterator[Any]:
    duckdb = _extra("duckdb", "duckdb")
    try:
        connection = duckdb.connect(address.url.removeprefix(_DUCKDB))
        try:
            yield connection
        finally:
            connection.close()
    except duckdb.Error as error:
        raise InputError(f"{address.label}: {str(error).splitlines()[0]}") from error


@contextmanager
def _duckdb_reader(
    address: Address,
) -> Iterator[tuple[pa.Schema, int, Iterator[pa.RecordBatch]]]:
    with _duckdb(address) as connection:
        rows = connection.table(address.table).count("*").fetchall()[0][0]
        reader = connection.table(address.table).to_arrow_reader(BLOCK_ROWS)
        yield reader.schema, rows, iter(reader)


def _write_duckdb(address: Address, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    rows = 0
    with _duckdb(address) as connection:
        connection.begin()
        connection.from_arrow(schema.empty_table()).create(address.table)
        for batch in batches:
            connection.from_arrow(pa.Table.from_batches([batch])).insert_into(address.table)
            rows += batch.num_rows
        connection.commit()
    return rows


@contextmanager
def _sql(address: Address) -> Iterator[Engine]:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchTableError, SQLAlchemyError

    try:
        engine = create_engine(address.url)
        if engine.dialect.name == "sqlite":
            _begin_before_ddl(engine)
        try:
            yield engine
        finally:
            engine.dispose()
    except NoSuchTableError:
        raise InputError(f"{address.label}: there is no such table") from None
    except (ArgumentError, SQLAlchemyError, ModuleNotFoundError) as error:
        raise InputError(f"{address.label}: {str(error).splitlines()[0]}") from error


def _begin_before_ddl(engine: Engine) -> None:
    """Make SQLite's driver take CREATE TABLE into the transaction, which it does not by itself."""
    from sqlalchemy import event

    @event.listens_for(engine, "connect")
    def _leave_to_us(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN")


@contextmanager
def _sql_reader(address: Address) -> Iterator[tuple[pa.Schema, int, Iterator[pa.RecordBatch]]]:
    from sqlalchemy import func, select

    with _sql(address) as engine:
        table = _reflected(engine, address)
        schema = pa.schema([(column.name, _arrow_type(column)) for column in table.columns])
        with engine.connect().execution_options(stream_results=True) as connection:
            rows = connection.execute(select(func.count()).select_from(table)).scalar_one()
            result = connection.execute(select(table))
            pieces = iter(lambda: list(islice(result, BLOCK_ROWS)), [])
            yield schema, rows, (_batch(piece, schema) for piece in pieces)


def _write_sql(address: Address, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    from sqlalchemy import Column, MetaData, Table, insert

    rows = 0
    space, _, name = address.table.rpartition(".")
    with _sql(address) as engine:
        columns = [Column(field.name, _sql_type(field.type)) for field in schema]
        table = Table(name, MetaData(schema=space or None), *columns)
        with engine.begin() as connection:
            table.create(connection, checkfirst=False)
            for batch in batches:
                values = [_plain_row(row) for row in batch.to_pylist()]
                connection.execute(insert(table), values)
                rows += batch.num_rows
    return rows


def _reflected(engine: Engine, address: Address) -> Table:
    from sqlalchemy import MetaData, Table

    space, _, name = address.table.rpartition(".")
    return Table(name, MetaData(schema=space or None), autoload_with=engine)


def _batch(rows: list[Any], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [
        pa.array([_typed(value, field.type) for value in values], field.type)
        for values, field in zip(columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _typed(value: Any, kind: pa.DataType) -> Any:
    if value is None or not pa.types.is_string(kind) or isinstance(value, str):
        return value
    return str(value) if isinstance(value, Decimal) else as_json(value)


def _arrow_type(column: Any) -> pa.DataType:
    """Return the Arrow type of a column; what Arrow has no plain type for becomes text."""
    try:
        kind = cast(type, column.type.python_type)
    except NotImplementedError:
        return pa.string()
    return _ARROW.get(kind, pa.string())


def _sql_type(kind: pa.DataType) -> Any:
    import sqlalchemy as sa

    for fits, name in _SQL:
        if fits(kind):
            return getattr(sa, name)()
    return sa.Text()


def _plain_row(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: as_json(value) if isinstance(value, list | dict) else value
        for key, value in row.items()
    }


_ARROW: dict[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    date: pa.date32(),
    datetime: pa.timestamp("us"),
    bytes: pa.binary(),
}
_SQL = (
    (pa.types.is_boolean, "Boolean"),
    (pa.types.is_integer, "BigInteger"),
    (pa.types.is_floating, "Double"),
    (pa.types.is_decimal, "Numeric"),
    (pa.types.is_date, "Date"),
    (pa.types.is_timestamp, "DateTime"),
    (pa.types.is_binary, "LargeBinary"),
)
