"""One file of a table: its rows as the contract types them, and the way back into the file's own form."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import polars as pl

from pipelines.contract.schema import Column, Table

TIMES = ("ts", "date", "received_at")
_YEARS = (1900, 2099)
_ISO = "%Y-%m-%dT%H:%M:%S%.6f%:z"


@dataclass
class TableFile:
    """One file of a table.

    `frame` are its rows with the marks `_file`, `_id` and `_order`, once they are loaded; `added` are rows
    that came since. `stands` are the rows as they stand in the file, text for CSV.
    """

    table: Table
    path: Path
    name: str
    number: int
    frame: pl.DataFrame | None = None
    added: tuple[pl.DataFrame, ...] = ()
    stands: pl.DataFrame | None = None
    _begins: np.ndarray | None = field(default=None, repr=False)
    _orders: np.ndarray = field(default_factory=lambda: np.empty(0), repr=False)

    @property
    def is_parquet(self) -> bool:
        """Whether it is Parquet; otherwise it is CSV, perhaps gzipped."""
        return self.name.endswith(".parquet")

    @property
    def placed_by(self) -> str:
        """The column that says where in the file a new row belongs."""
        return self.table.period_column if self.table.period_column in TIMES else self.table.key[0]

    def load(self) -> pl.DataFrame:
        """Its rows in the contract's types, without those that break them.

        Raises:
            ValueError: a CSV file has lines that are no rows.
        """
        if self.frame is not None:
            return self.frame
        stands = self._read()
        self.stands = stands.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("_id"))
        typed = self.stands.select(
            *self._columns(stands.schema),
            pl.lit(self.number, dtype=pl.Int32).alias("_file"),
            "_id",
            pl.col("_id").cast(pl.Float64).alias("_order"),
        )
        lost = [
            (typed[name].is_null() & stands[name].is_not_null()).alias(name)
            for name in self.table.names
            if name in stands.columns and stands.schema[name] != typed.schema[name]
        ]
        if lost:
            typed = typed.filter(~pl.DataFrame(lost).select(pl.any_horizontal(pl.all())).to_series())
        self.frame = typed.filter(pl.all_horizontal(_sound(column) for column in self.table.columns))
        return self.frame

    def may(self, where: pl.Expr) -> bool:
        """Whether a Parquet file may have rows of a condition; it is read no further than that takes."""
        scan = pl.scan_parquet(self.path, hive_partitioning=False)
        typed = scan.select(self._columns(scan.collect_schema()))
        return typed.filter(where).limit(1).collect().height > 0

    def _columns(self, found: pl.Schema) -> list[pl.Expr]:
        """The table's columns in the contract's types, from those of the file."""
        given = self._partition_values()
        return [
            _typed(name, kind, found.get(name), given.get(name))
            for name, kind in self.table.polars_schema.items()
        ]

    def _read(self) -> pl.DataFrame:
        if self.is_parquet:
            return pl.read_parquet(self.path, hive_partitioning=False)
        try:
            return pl.read_csv(self.path, infer_schema=False)
        except pl.exceptions.ComputeError as error:
            raise ValueError(
                f"{self.path}: expected CSV rows of table {self.table.name}, found lines that are none "
                f"({str(error).splitlines()[0]})"
            ) from error

    def _partition_values(self) -> dict[str, str]:
        parts = [part.partition("=") for part in self.name.split("/")[1:-1]]
        return {name: unquote(value) for name, sign, value in parts if sign and name in self.table.names}

    def settle(self) -> None:
        """Put added rows among the others, so that they can be changed like them."""
        if self.added:
            self.frame = pl.concat([self.load(), *self.added])
            self.added = ()

    def begins(self) -> np.ndarray:
        """The column that rows are placed by, as it was delivered; times and days as whole numbers."""
        if self._begins is None:
            delivered = self.load().filter(pl.col("_id") >= 0)
            values, self._orders = delivered[self.placed_by], delivered["_order"].to_numpy()
            self._begins = (values.to_physical() if values.dtype.is_temporal() else values).to_numpy()
        return self._begins

    def place(self, row: pl.DataFrame) -> float:
        """Just behind the last row that comes before the new one; at the end of a file without order."""
        values = self.begins()
        if not len(values) or self.placed_by not in TIMES:
            return (0 if self.stands is None else self.stands.height) - 0.5
        new = row[self.placed_by].to_physical()[0]
        behind = np.flatnonzero(values <= new)
        return float(self._orders[behind[-1]]) + 0.5 if len(behind) else -0.5

    def write(self, target: Path, changed: set[int]) -> None:
        """Write the rows in their order, those that were not `changed` (ids) as they stood."""
        self.settle()
        if self.frame is None or self.stands is None:
            raise ValueError(f"{self.path}: expected rows that were loaded")
        moved = pl.Series(sorted(changed), dtype=pl.Int64).implode()
        kept = self.stands.filter(~pl.col("_id").is_in(moved))
        fresh = self.frame.filter(pl.col("_id").is_in(moved)).sort("_order", self.placed_by)
        schema = {name: kind for name, kind in self.stands.schema.items() if name != "_id"}
        extra = self.stands.select("_id", *(n for n in schema if n not in self.table.names))
        fresh = fresh.join(extra, on="_id", how="left", maintain_order="left")
        both = pl.concat(
            [
                kept.select(*schema, pl.col("_id").cast(pl.Float64).alias("_order")),
                fresh.select(*(_written(n, kind, fresh.schema[n]) for n, kind in schema.items()), "_order"),
            ]
        )
        rows = both.sort("_order", maintain_order=True).drop("_order")
        target.parent.mkdir(parents=True, exist_ok=True)
        if self.is_parquet:
            rows.write_parquet(target, compression="zstd", compression_level=3)
        elif self.name.endswith(".gz"):
            target.write_bytes(gzip.compress(rows.write_csv().encode(), mtime=0))
        else:
            rows.write_csv(target)


def _sound(column: Column) -> pl.Expr:
    """Whether a value may stand in its column; what may not is left as it is and never looked at."""
    value = pl.col(column.name)
    if column.enum:
        sound = value.is_in(list(column.enum))
    elif column.type in ("date", "timestamp"):
        sound = value.dt.year().is_between(*_YEARS)
    elif column.name in ("year", "vintage"):
        sound = value.is_between(*_YEARS)
    else:
        sound = pl.lit(True)
    return pl.when(value.is_null()).then(pl.lit(column.nullable)).otherwise(sound)


def _written(name: str, kind: pl.DataType, found: pl.DataType) -> pl.Expr:
    """A typed column in the form of the file."""
    value = pl.col(name)
    if isinstance(kind, pl.String) and isinstance(found, pl.Datetime):
        value = value.dt.strftime(_ISO)
    if isinstance(kind, pl.Datetime) and kind.time_zone is None and isinstance(found, pl.Datetime):
        value = value.dt.replace_time_zone(None)
    return value.cast(kind).alias(name)


def _typed(name: str, kind: pl.DataType, found: pl.DataType | None, given: str | None) -> pl.Expr:
    """A delivered column in the contract's type; null where it cannot be read so."""
    value = pl.lit(given, dtype=pl.String) if found is None else pl.col(name)
    found = found or pl.String()
    if isinstance(kind, pl.Datetime):
        if isinstance(found, pl.String):
            moment = value.str.to_datetime("%+", time_unit="us", time_zone="UTC", strict=False)
            return moment.alias(name)
        if isinstance(found, pl.Datetime) and found.time_zone is None:
            return value.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias(name)
        return value.cast(kind, strict=False).alias(name)
    if isinstance(kind, pl.Date) and isinstance(found, pl.String):
        return value.str.to_date(strict=False).alias(name)
    return value.cast(kind, strict=False).alias(name)
