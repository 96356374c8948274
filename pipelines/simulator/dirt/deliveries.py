"""The files of one table in a source directory, read and written in their own form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.contract.schema import Table
from pipelines.simulator.dirt.faults import ISO, as_text

_SUFFIXES = (".parquet", ".csv")
TEXT, LATER = "b", "c"
"""Marks in the names of a file of text columns and of a later delivery."""

_PARSED = "%Y-%m-%dT%H:%M:%S%.f%:z"


@dataclass(frozen=True)
class Delivered:
    """One file of a table."""

    table: Table
    path: Path
    name: str

    @property
    def is_csv(self) -> bool:
        """Whether it is CSV; otherwise it is Parquet."""
        return self.path.suffix == ".csv"

    def read(self) -> pl.DataFrame:
        """Its rows in the contract's types."""
        if not self.is_csv:
            return pl.read_parquet(self.path)
        text = pl.read_csv(self.path, infer_schema=False)
        return text.select(_parsed(name, kind) for name, kind in self.table.polars_schema.items())

    def beside(self, mark: str) -> str:
        """Name of a further file of the same table: `orders/2025-03.b.parquet`, or in a folder of its own."""
        path = Path(self.name)
        if len(path.parts) > 1:
            return path.with_name(f"{path.stem}.{mark}{path.suffix}").as_posix()
        return f"{path.stem}/{mark}{path.suffix}"


def _parsed(name: str, kind: pl.DataType) -> pl.Expr:
    value = pl.col(name)
    if isinstance(kind, pl.Datetime):
        return value.str.to_datetime(_PARSED, time_unit="us", time_zone="UTC")
    return value.str.to_date() if isinstance(kind, pl.Date) else value.cast(kind)


def files_of(out: Path, table: Table) -> Iterator[Delivered]:
    """The files of a table, by name."""
    for suffix in _SUFFIXES:
        if (single := out / f"{table.name}{suffix}").is_file():
            yield Delivered(table, single, single.name)
    for path in sorted((out / table.name).glob("*")):
        if path.suffix in _SUFFIXES:
            yield Delivered(table, path, path.relative_to(out).as_posix())


def write(path: Path, frame: pl.DataFrame) -> None:
    """Write rows in the form that the name asks for; text stays text."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        frame.write_csv(path, datetime_format=ISO)
    else:
        frame.write_parquet(path, compression="zstd", compression_level=3)


def write_broken_lines(path: Path, rows: pl.DataFrame, table: Table, rng: np.random.Generator) -> None:
    """Add these rows to a CSV file as lines that are no rows: a field too few or too many, a broken quote."""
    text = as_text(rows, table).write_csv(include_header=False).splitlines()
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for line in text:
        style = int(rng.integers(3))
        if style == 0 and "," in line and not line.endswith('"'):
            broken = line.rsplit(",", 1)[0]
        elif style == 1:
            broken = f"{line},1"
        else:
            broken = f'"{line.split(",", 1)[0].strip(chr(34))}"?,' + line.split(",", 1)[-1]
        # The header stays first.
        lines.insert(int(rng.integers(1, len(lines) + 1)), f"{broken}\n")
    path.write_text("".join(lines), encoding="utf-8")
