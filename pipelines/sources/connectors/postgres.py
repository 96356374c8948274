"""Tables of a PostgreSQL database as Parquet, all of them as of one moment.

One read-only transaction at isolation level REPEATABLE READ serves a whole pull, so all its rows belong to
one snapshot of the database, whatever is written meanwhile
(https://www.postgresql.org/docs/current/transaction-iso.html). Rows stream as binary COPY through Arrow into
Parquet. Without a watermark, all rows are read and compared with what was delivered; with one, rows at or
above the last watermark are read, and those that were read before are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa
from pydantic import SecretStr

from pipelines.core import progress
from pipelines.core.errors import SourceError
from pipelines.core.sql import literal, quoted
from pipelines.sources.connectors.declaration import DatabaseTable, Postgres
from pipelines.sources.connectors.fetched import Fetched, Task
from pipelines.sources.connectors.postgres_types import plain_batches, projection, type_name
from pipelines.sources.connectors.secrets import masked, read_secret
from pipelines.sources.connectors.table_pull import TablePull, Wanted, grouped, opened, wanted

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

_BATCH_BYTES = 16 << 20
_DRIVER = ("adbc_driver_manager", "adbc_driver_postgresql")
_OVERLAPS = {
    "timestamptz": "interval '{} seconds'",
    "timestamp": "interval '{} seconds'",
    **dict.fromkeys(("date", "int2", "int4", "int8"), "{}"),
}
"""Types that a watermark may have, and how an overlap is subtracted from it."""

_SETTINGS = """
    select set_config(
        name, case name when 'TimeZone' then 'UTC' when 'synchronize_seqscans' then 'off' else '0' end, true)
    from pg_settings
    where name in ('TimeZone', 'synchronize_seqscans', 'max_parallel_workers_per_gather', 'statement_timeout')
"""
"""For this transaction: times in UTC, rows in the order of storage, no limit on the time of a long read."""


def fetch(task: Task, source: Postgres) -> Fetched:
    """Pull the tables of `source`.

    Raises:
        SettingsError: the environment does not have the connection string.
        SourceError: no connection, or a table that cannot be read; nothing is delivered.
    """
    secret = read_secret(source.connection, f"source {task.name}")
    number = int(task.earlier.get("number", 0)) + 1
    pulls = []
    with _snapshot(task.name, secret) as cursor, opened(task) as con:
        for entry in wanted(source, number):
            progress.report(f"pulling {task.name}: {entry.name}")
            try:
                pull = _TablePull(cursor, con, task, entry)
                pull.take()
            except _faults() as error:
                raise SourceError(
                    f"source {task.name}, table {entry.name}: expected rows of "
                    f"{entry.table.relation or 'the query'}, found: "
                    f"{_first_part(masked(error, secret))}. Check the declaration, the privileges of the "
                    "role and the connection, and pull again; nothing was delivered."
                ) from None
            pulls.append(pull)
    return grouped(task, pulls, number)


def _faults() -> tuple[type[Exception], ...]:
    """What the driver, DuckDB and Arrow raise over a connection or a query."""
    from adbc_driver_manager import Error

    return Error, duckdb.Error, pa.ArrowException


def _check_driver(name: str) -> None:
    """Make sure that the driver is installed.

    Raises:
        SourceError: it is not.
    """
    missing = [module for module in _DRIVER if find_spec(module) is None]
    if missing:
        raise SourceError(
            f"source {name}: expected the PostgreSQL driver, found no package {', '.join(missing)}. "
            "Install the packages of requirements/runtime.lock."
        )


@contextmanager
def _snapshot(name: str, secret: SecretStr) -> Iterator[Cursor]:
    """A cursor in a read-only transaction that sees one snapshot."""
    _check_driver(name)
    from adbc_driver_postgresql import StatementOptions, dbapi

    try:
        connection = dbapi.connect(secret.get_secret_value(), autocommit=False)
    except _faults() as error:
        raise SourceError(
            f"source {name}: expected a connection to the database, {_refusal(error, secret)}"
        ) from None
    try:
        with connection.cursor() as cursor:
            cursor.adbc_statement.set_options(
                **{StatementOptions.BATCH_SIZE_HINT_BYTES.value: str(_BATCH_BYTES)}
            )
            try:
                cursor.execute("set transaction isolation level repeatable read, read only")
                cursor.execute(_SETTINGS)
                cursor.fetchall()
            except _faults() as error:
                raise SourceError(
                    f"source {name}: expected a read-only transaction, {_refusal(error, secret)}"
                ) from None
            yield cursor
    finally:
        connection.close()


def _refusal(error: Exception, secret: SecretStr) -> str:
    text = masked(error, secret)
    # libpq repeats parts of a connection string that it cannot parse, perhaps of the password.
    if any(words in text for words in ("connection info string", "in URI", "URI query", "connection option")):
        text = "a connection string that libpq cannot parse"
    return (
        f"found: {_first_part(text)}. Check the variable that `connection` names, the server and the role; "
        "nothing was delivered."
    )


def _first_part(message: str) -> str:
    return message.partition(" Query was:")[0].removesuffix(".")[:500]


def _relation(table: DatabaseTable) -> str:
    return ".".join(quoted(part) for part in (table.relation or "").split("."))


class _TablePull(TablePull):
    """One table of PostgreSQL."""

    def __init__(self, cursor: Cursor, con: duckdb.DuckDBPyConnection, task: Task, entry: Wanted) -> None:
        """The pull of `entry` by `cursor`, which says what columns there are."""
        super().__init__(con, task, entry)
        self.cursor = cursor
        self.base = (
            self.table.query.strip().rstrip(";")
            if self.table.query
            else f"select * from {_relation(self.table)}"
        )
        self.schema = cursor.adbc_execute_schema(f"select * from ({self.base}) as pulled")

    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.schema.names)

    def copy(self, path: Path) -> None:
        """Write the rows, as exact decimals where all of them are some."""
        rows = f"({self.base}) as pulled{self._condition(self.schema)}"
        try:
            self._copy(rows, self.schema, path, exact_numbers=False)
        except duckdb.ConversionException:
            # NaN and the infinities are no decimals; the snapshot is still open, so the rows are the same.
            self._copy(rows, self.schema, path, exact_numbers=True)

    def _condition(self, schema: pa.Schema) -> str:
        """The rows at or above the last watermark, and those without a value in it."""
        if not self.table.watermark:
            return ""
        kind = type_name(schema.field(self.table.watermark))
        if kind not in _OVERLAPS:
            raise SourceError(
                f"{self.where}: expected the watermark {self.table.watermark} to be a time, a date or an "
                f"integer, found {kind}. Name another column, or leave out `watermark`."
            )
        mark = self.earlier.get("watermark")
        if mark is None:
            return ""
        value = f"cast({literal(mark)} as {kind})"
        if kind == "timestamp" and self.table.zone:
            value = f"(cast({literal(mark)} as timestamptz) at time zone {literal(self.table.zone)})"
        column = quoted(self.table.watermark)
        lowest = f"{value} - {_OVERLAPS[kind].format(self.table.overlap)}"
        return f" where {column} >= {lowest} or {column} is null"

    def _copy(self, rows: str, schema: pa.Schema, path: Path, exact_numbers: bool) -> None:
        columns = [
            projection(field, self.contract, self.table.zone, exact_numbers, self.where) for field in schema
        ]
        self.cursor.execute(f"select {', '.join(column.server for column in columns)} from {rows}")
        self.con.register("arriving", plain_batches(self.cursor.fetch_record_batch()))
        local = ", ".join(column.local for column in columns)
        try:
            self.con.execute(f"copy (select {local} from arriving) to {literal(str(path))} (format parquet)")
        finally:
            self.con.unregister("arriving")
