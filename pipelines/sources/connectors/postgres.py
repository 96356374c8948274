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
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
from pydantic import SecretStr

from pipelines.contract.schema import Table
from pipelines.contract.tables import TABLES
from pipelines.core import progress
from pipelines.core.errors import SourceError
from pipelines.core.sql import literal, path_literal, quoted
from pipelines.sources.connectors.declaration import Postgres, PostgresTable
from pipelines.sources.connectors.fetched import ALL, Fetched, Part, Task
from pipelines.sources.connectors.postgres_types import plain_batches, projection, type_name
from pipelines.sources.connectors.secrets import masked, read_secret

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Cursor

_BATCH_BYTES = 16 << 20
_DRIVER = ("adbc_driver_manager", "adbc_driver_postgresql")
_MEMORY = "1GB"
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
    with _snapshot(task.name, secret) as cursor, duckdb.connect() as con:
        con.execute(f"set memory_limit = '{_MEMORY}'; set timezone = 'UTC'")
        con.execute(f"set temp_directory = {literal(str(task.folder / 'spill'))}")
        for name, table in source.tables.items():
            progress.report(f"pulling {task.name}: {name}")
            part = _part_name(name, table, bool(source.mapping), number)
            pull = _TablePull(con, cursor, task, part, name, table, None if source.mapping else TABLES[name])
            try:
                pull.take()
            except _faults() as error:
                raise SourceError(
                    f"{pull.where}: expected rows of {table.relation or 'the query'}, found: "
                    f"{_first_part(masked(error, secret))}. Check the declaration, the privileges of the "
                    "role and the connection, and pull again; nothing was delivered."
                ) from None
            pulls.append(pull)
    return _grouped(task, pulls, number)


def _part_name(name: str, table: PostgresTable, is_mapped: bool, number: int) -> str:
    """Tables of the contract are parts of their own; inputs of a mapping are read together."""
    if is_mapped:
        return f"{number:06}" if table.watermark else ALL
    return f"{name}-{number:06}" if table.watermark else name


def _grouped(task: Task, pulls: list[_TablePull], number: int) -> Fetched:
    """New parts, and the memory that goes with them; `number` is that of this pull's increments."""
    changed = [pull for pull in pulls if pull.changed]
    increments = {pull.part: number if pull.table.watermark else None for pull in changed}
    parts = [Part(name, task.folder / name, increment=increments[name]) for name in increments]
    names = [part.name for part in parts]
    keeps = [name for name in task.earlier.get("parts", []) if name not in names]
    return Fetched(
        parts=parts,
        keeps=keeps,
        memory={
            "tables": {pull.name: pull.remembered for pull in pulls},
            "parts": sorted([*keeps, *names]),
            "number": number if any(pull.table.watermark for pull in changed) else number - 1,
        },
        rows={pull.name: pull.rows if pull.changed else 0 for pull in pulls},
    )


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


def _relation(table: PostgresTable) -> str:
    return ".".join(quoted(part) for part in (table.relation or "").split("."))


class _TablePull:
    """One table in one pull; after `take`, what was found."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        cursor: Cursor,
        task: Task,
        part: str,
        name: str,
        table: PostgresTable,
        contract: Table | None,
    ) -> None:
        """The pull of `table` into a part; `contract` is the table that it fills without a mapping."""
        self.con, self.cursor, self.part, self.name = con, cursor, part, name
        self.table, self.contract = table, contract
        self.where = f"source {task.name}, table {name}"
        self.path = task.folder / part / f"{name}.parquet"
        self.earlier: dict[str, Any] = task.earlier.get("tables", {}).get(name, {})
        self.recent = task.memory / f"{name}.recent.parquet"
        self.earlier_recent = task.remembered / self.recent.name
        self.remembered: dict[str, Any] = {}
        self.rows = 0

    @property
    def changed(self) -> bool:
        """Whether there is anything to deliver."""
        if self.table.watermark:
            return self.rows > 0 or not self.earlier
        return self.remembered != self.earlier

    def take(self) -> None:
        """Pull the rows into `path`.

        Raises:
            SourceError: the table lacks a column, or its watermark has a type that does not grow.
        """
        base = (
            self.table.query.strip().rstrip(";")
            if self.table.query
            else f"select * from {_relation(self.table)}"
        )
        schema = self.cursor.adbc_execute_schema(f"select * from ({base}) as pulled")
        self._check_columns(schema)
        rows = f"({base}) as pulled{self._condition(schema)}"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        arrived = self.path.with_suffix(".arrived") if self.table.watermark else self.path
        try:
            self._copy(rows, schema, arrived, exact_numbers=False)
        except duckdb.ConversionException:
            # NaN and the infinities are no decimals; the snapshot is still open, so the rows are the same.
            self._copy(rows, schema, arrived, exact_numbers=True)
        if self.table.watermark:
            self._advance(arrived, self.table.watermark, self.table.overlap, schema)
            arrived.unlink()
        else:
            self.remembered = self._content(self.path)
            self.rows = self.remembered["rows"]

    def _check_columns(self, schema: pa.Schema) -> None:
        wanted = {self.table.watermark} if self.table.watermark else set()
        if self.contract:
            wanted |= {column.delivered_name for column in self.contract.columns if not column.nullable}
        if missing := sorted(wanted - set(schema.names)):
            raise SourceError(
                f"{self.where}: expected the columns {', '.join(missing)}, found {', '.join(schema.names)}. "
                "Name columns as the contract does in a `query`, or read the table by a mapping."
            )

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

    def _content(self, path: Path) -> dict[str, Any]:
        """Number of rows and a hash that does not depend on their order."""
        rows, content = self._figures(
            f"select count(*), cast(sum(hash(columns)) as varchar) "
            f"from (select * from read_parquet({path_literal(path)})) as columns"
        )
        return {"rows": rows, "content": content, "columns": self._types(path)}

    def _types(self, path: Path) -> dict[str, str]:
        found = self.con.execute(f"describe select * from read_parquet({path_literal(path)})").fetchall()
        return {row[0]: row[1] for row in found}

    def _advance(self, arrived: Path, watermark: str, overlap: int, schema: pa.Schema) -> None:
        """Write the new rows; remember the watermark and the rows that the next pull sees again."""
        rows, column = f"read_parquet({path_literal(arrived)})", quoted(watermark)
        new = f"select * from {rows}"
        if self.earlier_recent.is_file() and self._types(self.earlier_recent) == self._types(arrived):
            new += f" except all select * from read_parquet({path_literal(self.earlier_recent)})"
        kept = "*"
        if self.contract and watermark not in {column.delivered_name for column in self.contract.columns}:
            kept = f"* exclude ({column})"
        self.con.execute(f"copy (select {kept} from ({new})) to {literal(str(self.path))} (format parquet)")
        (highest,) = self._figures(f"select cast(max({column}) as varchar) from {rows}")
        mark = self.earlier.get("watermark") if highest is None else highest
        typed = f"cast({'null' if mark is None else literal(mark)} as {self._types(arrived)[watermark]})"
        lowest = f"{typed} - {_OVERLAPS[type_name(schema.field(watermark))].format(overlap)}"
        self.recent.parent.mkdir(parents=True, exist_ok=True)
        self.con.execute(
            f"copy (select * from {rows} where {column} >= {lowest} or {column} is null) "
            f"to {literal(str(self.recent))} (format parquet)"
        )
        (self.rows,) = self._figures(f"select count(*) from read_parquet({path_literal(self.path)})")
        self.remembered = {"watermark": mark}

    def _figures(self, query: str) -> tuple[Any, ...]:
        """The only row of a query's result, read to its end: a relation cannot be registered before."""
        (row,) = self.con.execute(query).fetchall()
        return tuple(row)
