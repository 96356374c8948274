"""The marts that detectors read: Parquet files of one snapshot.

Belongs here: opening a mart and checking that it has the columns a detector asks for.
Does not belong here: the warehouse file, sources, anything that writes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl


class Marts:
    """The marts in a directory, each one `<name>.parquet` or a folder `<name>` of Parquet files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def has(self, name: str) -> bool:
        """Whether the mart is there, with rows or without."""
        return self.files(name) != []

    def holds(self, name: str, *columns: str) -> bool:
        """Whether the mart is there with these columns."""
        return self.has(name) and set(columns) <= set(self.frame(name).collect_schema().names())

    def is_empty(self, name: str, where: str | None = None) -> bool:
        """Whether the mart is absent or has no row, or none that meets an SQL condition."""
        return not self.has(name) or self.frame(name, where).head(1).collect().is_empty()

    def frame(self, name: str, where: str | None = None) -> pl.LazyFrame:
        """The mart as a lazy frame, or those of its rows that meet an SQL condition."""
        files = self.files(name)
        if not files:
            raise FileNotFoundError(
                f"mart {name}: expected {name}.parquet or a folder {name} of Parquet files in "
                f"{self.directory}, found neither; build the marts first, or skip what needs it"
            )
        frame = pl.scan_parquet(files)
        return frame if where is None else frame.filter(pl.sql_expr(where))

    def scan(self, name: str, *columns: str) -> pl.LazyFrame:
        """The named columns of a mart, read when the frame is collected."""
        frame = self.frame(name)
        there = frame.collect_schema().names()
        missing = [column for column in columns if column not in there]
        if missing:
            raise ValueError(
                f"mart {name}: expected columns {', '.join(columns)}; missing "
                f"{', '.join(missing)}; found {', '.join(there)}"
            )
        return frame.select(columns)

    def read(self, name: str, *columns: str) -> pl.DataFrame:
        """The named columns of a mart, in memory."""
        return self.scan(name, *columns).collect()

    def query(self, name: str, sql: str) -> Iterator[pl.DataFrame]:
        """Run SQL in DuckDB over each file of a mart in turn; the query reads the file as `part`.

        For tables that are too large for one frame: a query sees one partition, so it must not need rows of
        two.
        """
        with duckdb.connect() as connection:
            for file in self.files(name):
                connection.read_parquet(str(file)).create_view("part", replace=True)
                yield connection.sql(sql).pl()

    def files(self, name: str) -> list[Path]:
        """The mart's files, one a partition, sorted."""
        single = self.directory / f"{name}.parquet"
        if single.is_file():
            return [single]
        return sorted((self.directory / name).rglob("*.parquet"))
