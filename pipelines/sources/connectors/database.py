"""Tables of databases that SQLAlchemy reaches (Oracle, SQL Server, MySQL, SQLite and others) as Parquet.

One transaction that only reads serves a whole pull (`database_engines` says what each engine promises of it).
Columns of a table or view keep their declared types; a value that does not have its column's type, as SQLite
allows, makes the columns of that table text, which is typed row by row later. Rows of a query are text in all
their digits, as engines differ in what they say of its types.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa
from sqlalchemy.dialects import mssql

from pipelines.core import progress
from pipelines.core.errors import SourceError
from pipelines.sources.connectors.database_engines import fault, snapshot
from pipelines.sources.connectors.declaration import Database, DatabaseTable
from pipelines.sources.connectors.fetched import Fetched, Task
from pipelines.sources.connectors.secrets import read_secret
from pipelines.sources.connectors.table_pull import TablePull, Wanted, grouped, opened, wanted

_BATCH_ROWS = 50_000
_MOST_DIGITS = 38
_TYPES: tuple[tuple[type[sa.types.TypeEngine[Any]], pa.DataType], ...] = (
    (sa.Boolean, pa.bool_()),
    (sa.Integer, pa.int64()),
    (sa.Float, pa.float64()),
    (sa.DateTime, pa.timestamp("us")),
    (sa.Date, pa.date32()),
    (sa.String, pa.string()),
)


def fetch(task: Task, source: Database) -> Fetched:
    """Pull the tables of `source`.

    Raises:
        SettingsError: the environment does not have the address.
        SourceError: no connection, or a table that cannot be read; nothing is delivered.
    """
    secret = read_secret(source.connection, f"source {task.name}")
    number = int(task.earlier.get("number", 0)) + 1
    pulls = []
    with snapshot(task.name, secret) as (connection, notes), opened(task) as con:
        for entry in wanted(source, number):
            progress.report(f"pulling {task.name}: {entry.name}")
            try:
                pull = _TablePull(connection, con, task, entry)
                pull.take()
            except sa.exc.SQLAlchemyError as error:
                raise SourceError(
                    f"source {task.name}, table {entry.name}: expected rows of "
                    f"{entry.table.relation or 'the query'}, found: "
                    f"{fault(error, secret)}. Check the declaration, the privileges of the role and the "
                    "connection, and pull again; nothing was delivered."
                ) from None
            pulls.append(pull)
    fetched = grouped(task, pulls, number)
    fetched.notes += notes
    return fetched


class _OtherTypeError(Exception):
    """A value does not have the type that its column declares."""


class _TablePull(TablePull):
    """One table of a database."""

    def __init__(
        self, connection: sa.Connection, con: duckdb.DuckDBPyConnection, task: Task, entry: Wanted
    ) -> None:
        """The pull of `entry` by `connection`, which says what columns there are."""
        super().__init__(con, task, entry)
        self.connection = connection
        self._declared = self._declared_types()

    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self._declared)

    def copy(self, path: Path) -> None:
        """Write the rows with their declared types, or as text where a value has another one."""
        schema = pa.schema([pa.field(name, _arrow_type(kind)) for name, kind in self._declared.items()])
        try:
            self._write(path, self._selection(self._declared), schema)
        except _OtherTypeError:
            if self.table.watermark:
                raise SourceError(
                    f"{self.where}: expected values of the declared types, found others. "
                    "Name a view that converts them, or leave out `watermark`."
                ) from None
            untyped = dict.fromkeys(self._declared, sa.types.NullType())
            texts = pa.schema([pa.field(name, pa.string()) for name in untyped])
            self._write(path, self._selection(untyped), texts)

    def _declared_types(self) -> dict[str, sa.types.TypeEngine[Any]]:
        """Type of each column, where the catalogue has it."""
        if self.table.relation is None:
            with self.connection.execute(self._query) as result:
                return dict.fromkeys(result.keys(), sa.types.NullType())
        *schema, name = self.table.relation.split(".")
        found = sa.inspect(self.connection).get_columns(name, *schema)
        return {column["name"]: column["type"] for column in found}

    @property
    def _query(self) -> sa.TextClause:
        return sa.text((self.table.query or "").strip().rstrip(";"))

    def _selection(self, types: Mapping[str, sa.types.TypeEngine[Any]]) -> sa.Select[Any] | sa.TextClause:
        """What is asked for: the query, or the columns of the table, from the last watermark on."""
        if self.table.relation is None:
            return self._query
        *schema, name = self.table.relation.split(".")
        columns = [sa.column(column, kind) for column, kind in types.items()]
        selected = sa.select(*columns).select_from(sa.table(name, schema=next(iter(schema), None)))
        mark = self.earlier.get("watermark")
        if not self.table.watermark:
            return selected
        kind = types[self.table.watermark]
        stored = _arrow_type(kind)
        if not _can_grow(stored):
            raise SourceError(
                f"{self.where}: expected the watermark {self.table.watermark} to be a time, a date or an "
                f"integer, found {kind}. Name another column, or leave out `watermark`."
            )
        if mark is None:
            return selected
        column = sa.column(self.table.watermark, kind)
        is_new = self._is_at_least(column, _lowest(mark, stored, self.table))
        return selected.where(sa.or_(is_new, column.is_(None)))

    def _is_at_least(self, column: sa.ColumnClause[Any], lowest: Any) -> sa.ColumnElement[bool]:
        if self.connection.dialect.name == "sqlite" and isinstance(lowest, date):
            # Times are texts there, with or without fractions; the day is the begin of each of them.
            return sa.type_coerce(column, sa.String()) >= lowest.isoformat()[:10]
        return column >= lowest

    def _write(self, path: Path, selected: sa.Select[Any] | sa.TextClause, schema: pa.Schema) -> None:
        """Write all rows.

        Raises:
            _OtherTypeError: a value does not fit the schema, which has other types than text.
        """
        with (
            self.connection.execute(selected) as result,
            pq.ParquetWriter(path, self._stored(schema)) as writer,
        ):
            while rows := self._fetched(result):
                columns = zip(*rows, strict=True)
                arrays = [self._array(list(v), f) for v, f in zip(columns, schema, strict=True)]
                writer.write_table(pa.Table.from_arrays(arrays, schema=self._stored(schema)))

    def _fetched(self, result: sa.CursorResult[Any]) -> list[Any]:
        try:
            return list(result.fetchmany(_BATCH_ROWS))
        except (ValueError, TypeError, ArithmeticError) as error:
            raise _OtherTypeError from error

    def _stored(self, schema: pa.Schema) -> pa.Schema:
        """Times without a zone are those of the declared one, and stored in UTC."""
        in_utc = pa.timestamp("us", "UTC")
        fields = []
        for field in schema:
            is_local = field.type == pa.timestamp("us")
            if is_local and not self.table.zone and self._wants_moment(field.name):
                raise SourceError(
                    f"{self.where}: expected times with a zone in column {field.name}, found times without "
                    "one. State `zone` of the table in sources.yml, such as Asia/Shanghai."
                )
            fields.append(pa.field(field.name, in_utc if is_local and self.table.zone else field.type))
        return pa.schema(fields)

    def _wants_moment(self, name: str) -> bool:
        columns = self.contract.columns if self.contract else ()
        return any(column.delivered_name == name and column.type == "timestamp" for column in columns)

    def _array(self, values: list[Any], field: pa.Field) -> pa.Array:
        if field.type == pa.string():
            return pa.array([None if value is None else _text(value) for value in values], pa.string())
        if pa.types.is_timestamp(field.type) and _differ_in_zone(values, field.type):
            # Arrow would take the digits of a local time for UTC, and those of UTC for a local time.
            raise _OtherTypeError
        try:
            array = pa.array(values, field.type)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise _OtherTypeError from error
        if field.type != pa.timestamp("us") or not self.table.zone:
            return array
        local = pc.assume_timezone(array, self.table.zone, ambiguous="earliest", nonexistent="earliest")
        return local.cast(pa.timestamp("us", "UTC"))


def _arrow_type(kind: sa.types.TypeEngine[Any]) -> pa.DataType:
    """The type of a column in Parquet; text where there is none that keeps every value."""
    # The type of SQL Server has an offset in each value, and does not say so in `timezone`.
    if isinstance(kind, mssql.DATETIMEOFFSET) or (isinstance(kind, sa.DateTime) and kind.timezone):
        return pa.timestamp("us", "UTC")
    if isinstance(kind, sa.Numeric) and not isinstance(kind, sa.Float):
        precision, scale = kind.precision, kind.scale or 0
        fits = precision is not None and 0 < precision <= _MOST_DIGITS and 0 <= scale <= precision
        return pa.decimal128(precision, scale) if fits else pa.string()
    return next((stored for declared, stored in _TYPES if isinstance(kind, declared)), pa.string())


def _can_grow(stored: pa.DataType) -> bool:
    """Whether a watermark may have a type: a time, a date or an integer, which Oracle has as NUMBER(p)."""
    is_integer = pa.types.is_integer(stored) or (pa.types.is_decimal(stored) and stored.scale == 0)
    return is_integer or pa.types.is_timestamp(stored) or pa.types.is_date(stored)


def _lowest(mark: str, stored: pa.DataType, table: DatabaseTable) -> int | date:
    """The watermark less the overlap, as the database states values of the type `stored`."""
    if pa.types.is_date(stored):
        return date.fromisoformat(mark) - timedelta(days=table.overlap)
    if not pa.types.is_timestamp(stored):
        return int(mark) - table.overlap
    moment = datetime.fromisoformat(mark) - timedelta(seconds=table.overlap)
    if stored.tz is None and table.zone:
        return moment.astimezone(ZoneInfo(table.zone)).replace(tzinfo=None)
    return moment


def _differ_in_zone(values: list[Any], stored: pa.TimestampType) -> bool:
    """Whether a time has a zone and its column has none, or the other way round."""
    is_local = stored.tz is None
    return any(isinstance(value, datetime) and (value.tzinfo is None) != is_local for value in values)


def _text(value: Any) -> str:
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case datetime() if value.tzinfo:
            return value.astimezone(UTC).isoformat()
        case date() | time():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
        case bytes() | bytearray() | memoryview():
            return bytes(value).hex()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)
