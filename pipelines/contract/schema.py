"""The vocabulary of the contract: tables, columns and their types."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

_DECIMAL = re.compile(r"decimal\((\d+),(\d+)\)")

_DUCKDB = {
    "string": "varchar",
    "int64": "bigint",
    "float64": "double",
    "date": "date",
    "timestamp": "timestamp",
    "bool": "boolean",
    "string[]": "varchar[]",
}
_POLARS: dict[str, pl.DataType] = {
    "string": pl.String(),
    "int64": pl.Int64(),
    "float64": pl.Float64(),
    "date": pl.Date(),
    "timestamp": pl.Datetime("us", "UTC"),
    "bool": pl.Boolean(),
    "string[]": pl.List(pl.String()),
}


@dataclass(frozen=True)
class Column:
    """One column: its type, unit and allowed values.

    `ref` names the `table.column` that a value must exist in. Timestamps are UTC. `delivered_as` is the
    column's name in a source where the lake needs that name for a column of its own (`period`). `offset_of`
    names the timestamp from whose text the offset in minutes is taken where the column is not delivered.
    `minimum` is given for mandatory quantities: a smaller figure is none, such as -1 or -99 in its place. In
    an optional column it takes no row with it; the gate names it and the marts read it as absent. What
    instruments and markets can yield stands in the seed `reading_ranges` instead. `no_total` says that
    the name of a total is a fault.
    """

    name: str
    type: str
    nullable: bool = False
    unit: str | None = None
    enum: tuple[str, ...] = ()
    ref: str | None = None
    description: str = ""
    delivered_as: str | None = None
    offset_of: str | None = None
    minimum: int | None = None
    no_total: bool = False

    def __post_init__(self) -> None:
        if self.type not in _DUCKDB and not _DECIMAL.fullmatch(self.type):
            expected = ", ".join([*_DUCKDB, "decimal(p,s)"])
            raise ValueError(f"column {self.name}: type is {self.type!r}, expected one of {expected}")

    @property
    def delivered_name(self) -> str:
        """Name of the column in a source."""
        return self.delivered_as or self.name

    @property
    def decimal(self) -> tuple[int, int] | None:
        """Precision and scale, or None where the column is no decimal."""
        match = _DECIMAL.fullmatch(self.type)
        return (int(match[1]), int(match[2])) if match else None

    @property
    def duckdb_type(self) -> str:
        """Name of the type in DuckDB, dbt contracts and Spark alike, but for `varchar`."""
        return _DUCKDB.get(self.type, self.type)

    @property
    def polars_type(self) -> pl.DataType:
        """Type of the column in a polars frame."""
        if self.decimal:
            return pl.Decimal(*self.decimal)
        return _POLARS[self.type]

    @property
    def is_id(self) -> bool:
        """Whether its values name something: two that differ are two things."""
        named = self.name.endswith(("_id", "_no", "_account", "_code"))
        return self.type == "string" and (named or self.ref is not None)

    @property
    def names_party(self) -> bool:
        """Whether its values name a party, an object or a record, which no word for 'nothing' can be."""
        return self.is_id and not self.name.endswith(("_no", "_code"))

    @property
    def reference(self) -> tuple[str, str] | None:
        """Table and column that `ref` points at."""
        if self.ref is None:
            return None
        table, _, column = self.ref.partition(".")
        return table, column


@dataclass(frozen=True)
class Table:
    """One source table; `description` ends with its grain.

    `period_column` is the column whose month (for `year` columns: whose year) decides which period a
    row belongs to. A table without one has a single period, `all`, and is rewritten whole. `tonnes` is the
    column by which the amount at stake in quarantined rows is stated. Of the columns `one_of` at least one is
    filled in each row.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    required: bool = False
    period_column: str | None = None
    tonnes: str | None = None
    one_of: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        named = (*self.key, *self.one_of, self.period_column, self.tonnes)
        unknown = [name for name in named if name and name not in self.names]
        if unknown:
            raise ValueError(f"table {self.name}: no column named {', '.join(unknown)}")

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in their order."""
        return tuple(column.name for column in self.columns)

    @property
    def renamed(self) -> dict[str, str]:
        """Names in the lake by their names in a source, where the two differ."""
        return {column.delivered_as: column.name for column in self.columns if column.delivered_as}

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table {self.name} has no column {name!r}; it has {', '.join(self.names)}")

    @property
    def stored_schema(self) -> dict[str, pl.DataType]:
        """Schema of a frame as the lake stores it: moments are UTC without a zone."""
        moment = pl.Datetime("us")
        return {c.name: moment if c.type == "timestamp" else c.polars_type for c in self.columns}

    @property
    def typed_columns(self) -> str:
        """SQL select list that casts each column to its type."""
        return ", ".join(f"cast({c.name} as {c.duckdb_type}) as {c.name}" for c in self.columns)

    @property
    def references(self) -> tuple[Column, ...]:
        """Columns that point at another table's key."""
        return tuple(column for column in self.columns if column.ref)

    @property
    def polars_schema(self) -> dict[str, pl.DataType]:
        """Schema of a polars frame of this table."""
        return {column.name: column.polars_type for column in self.columns}
