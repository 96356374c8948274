"""Tables of a database in one pull: compared as a whole or by a watermark, as Parquet files of their own.

Belongs here: what connectors of databases share: parts, increments, watermarks, the comparison with what was
delivered. Does not belong here: connections, snapshots, types of an engine.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.contract.schema import Table
from pipelines.contract.tables import TABLES
from pipelines.core.errors import SourceError
from pipelines.core.sql import literal, path_literal, quoted
from pipelines.sources.connectors.declaration import Database, DatabaseTable, Postgres
from pipelines.sources.connectors.fetched import ALL, Fetched, Part, Task

_MEMORY = "1GB"


def opened(task: Task) -> duckdb.DuckDBPyConnection:
    """A database for what arrives, which spills into the pull's folder."""
    con = duckdb.connect()
    con.execute(f"set memory_limit = '{_MEMORY}'; set timezone = 'UTC'")
    con.execute(f"set temp_directory = {literal(str(task.folder / 'spill'))}")
    return con


@dataclass(frozen=True)
class Wanted:
    """A declared table and the part it goes into; `contract` is the table that it fills without a mapping."""

    name: str
    table: DatabaseTable
    part: str
    contract: Table | None


def wanted(source: Database | Postgres, number: int) -> Iterator[Wanted]:
    """The tables of `source`; `number` is that of this pull's increments."""
    for name, table in source.tables.items():
        part = _part_name(name, table, bool(source.mapping), number)
        yield Wanted(name, table, part, None if source.mapping else TABLES[name])


def _part_name(name: str, table: DatabaseTable, is_mapped: bool, number: int) -> str:
    """Tables of the contract are parts of their own; inputs of a mapping are read together."""
    if is_mapped:
        return f"{number:06}" if table.watermark else ALL
    return f"{name}-{number:06}" if table.watermark else name


def grouped(task: Task, pulls: Sequence[TablePull], number: int) -> Fetched:
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


class TablePull(ABC):
    """One table in one pull; after `take`, what was found."""

    def __init__(self, con: duckdb.DuckDBPyConnection, task: Task, entry: Wanted) -> None:
        """The pull of `entry`, whose rows are compared in `con`."""
        self.con, self.part, self.name = con, entry.part, entry.name
        self.table, self.contract = entry.table, entry.contract
        self.where = f"source {task.name}, table {self.name}"
        self.path = task.folder / self.part / f"{self.name}.parquet"
        self.earlier: dict[str, Any] = task.earlier.get("tables", {}).get(self.name, {})
        self.recent = task.memory / f"{self.name}.recent.parquet"
        self.earlier_recent = task.remembered / self.recent.name
        self.remembered: dict[str, Any] = {}
        self.rows = 0

    @property
    def changed(self) -> bool:
        """Whether there is anything to deliver."""
        if self.table.watermark:
            return self.rows > 0 or not self.earlier
        return self.remembered != self.earlier

    @abstractmethod
    def columns(self) -> list[str]:
        """Names of the columns, in their order.

        Raises:
            SourceError: the watermark has a type that does not grow.
        """

    @abstractmethod
    def copy(self, path: Path) -> None:
        """Write the rows at or above the last watermark, and those without a value in it; all without one."""

    def take(self) -> None:
        """Pull the rows into `path`.

        Raises:
            SourceError: the table lacks a column, or its watermark has a type that does not grow.
        """
        self._check_columns(self.columns())
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if not self.table.watermark:
            self.copy(self.path)
            self.remembered = self._content(self.path)
            self.rows = self.remembered["rows"]
            return
        arrived = self.path.with_suffix(".arrived")
        self.copy(arrived)
        self._advance(arrived, self.table.watermark)
        arrived.unlink()

    def _check_columns(self, names: list[str]) -> None:
        wanted = {self.table.watermark} if self.table.watermark else set()
        if self.contract:
            wanted |= {column.delivered_name for column in self.contract.columns if not column.nullable}
        if missing := sorted(wanted - set(names)):
            raise SourceError(
                f"{self.where}: expected the columns {', '.join(missing)}, found {', '.join(names)}. "
                "Name columns as the contract does in a `query`, or read the table by a mapping."
            )

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

    def _advance(self, arrived: Path, watermark: str) -> None:
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
        kind = self._types(arrived)[watermark]
        overlap = f"interval '{self.table.overlap} seconds'" if "TIMESTAMP" in kind else self.table.overlap
        lowest = f"cast({'null' if mark is None else literal(mark)} as {kind}) - {overlap}"
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
