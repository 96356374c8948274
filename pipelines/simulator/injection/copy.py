"""A source directory's tables as rows that can be changed, and the way back into files.

Rows carry where they come from in columns that begin with `_`. Files in which nothing changes are handed on
byte for byte.
"""

from __future__ import annotations

import gzip
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import polars as pl

from pipelines.contract.schema import Table
from pipelines.contract.tables import TABLES

_SUFFIXES = (".parquet", ".csv.gz", ".csv")
_ISO = "%Y-%m-%dT%H:%M:%S%.6f%:z"
_TIMES = ("ts", "date", "received_at")
Key = list[str | int]


@dataclass
class Changes:
    """Keys of the rows of one table that were changed, added or removed."""

    changed: list[Key] = field(default_factory=list)
    added: list[Key] = field(default_factory=list)
    removed: list[Key] = field(default_factory=list)

    def keys(self) -> list[Key]:
        """All of them, each once, as they are (for removed rows: were) published."""
        return [list(key) for key in dict.fromkeys(map(tuple, (*self.changed, *self.added, *self.removed)))]


@dataclass
class _File:
    """One file of a table; `text` are a CSV file's rows as they stand in it."""

    table: Table
    path: Path
    name: str
    number: int
    frame: pl.DataFrame | None = None
    added: tuple[pl.DataFrame, ...] = ()
    text: pl.DataFrame | None = None
    schema: dict[str, pl.DataType] = field(default_factory=dict)
    _begins: np.ndarray | None = None

    @property
    def is_parquet(self) -> bool:
        return self.name.endswith(".parquet")

    def load(self) -> pl.DataFrame:
        """Its rows in the contract's types, with columns that the contract does not know as they are."""
        if self.frame is not None:
            return self.frame
        if self.is_parquet:
            frame = pl.read_parquet(self.path, hive_partitioning=False)
            self.schema = dict(frame.schema)
        else:
            self.text = pl.read_csv(self.path, infer_schema=False)
            self.schema = dict(self.text.schema)
            frame = self.text
        given = self._partition_values()
        columns = [
            _typed(name, kind, frame.schema.get(name), given.get(name))
            for name, kind in self.table.polars_schema.items()
        ]
        extra = [name for name in frame.columns if name not in self.table.names]
        count = pl.int_range(frame.height, dtype=pl.Int64)
        self.frame = frame.select(
            *columns,
            *extra,
            pl.lit(self.number, dtype=pl.Int32).alias("_file"),
            count.alias("_id"),
            count.cast(pl.Float64).alias("_order"),
        )
        return self.frame

    def _partition_values(self) -> dict[str, str]:
        parts = [part.partition("=") for part in self.name.split("/")[1:-1]]
        return {name: unquote(value) for name, sign, value in parts if sign and name in self.table.names}

    def write(self, target: Path, changed: set[int]) -> None:
        """Write the rows in their order, untouched ones as they stood."""
        assert self.frame is not None  # noqa: S101 - only loaded files are written
        self.settle()
        rows = self.frame.sort("_order", self.placed_by, maintain_order=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        if self.is_parquet:
            written = rows.select(pl.col(name).cast(kind) for name, kind in self.schema.items())
            written.write_parquet(target, compression="zstd", compression_level=3)
            return
        text = self._as_text(rows, changed).write_csv()
        if self.name.endswith(".gz"):
            target.write_bytes(gzip.compress(text.encode(), mtime=0))
        else:
            target.write_text(text, encoding="utf-8")

    @property
    def placed_by(self) -> str:
        """The column that says where in the file a new row belongs."""
        return self.table.period_column if self.table.period_column in _TIMES else self.table.key[0]

    def settle(self) -> None:
        """Put added rows among the others, so that they can be changed like them."""
        if self.added:
            self.frame = pl.concat([self.load(), *self.added], how="diagonal")
            self.added = ()

    def begins(self) -> np.ndarray:
        """That column's values; times and days as whole numbers."""
        if self._begins is None:
            values = self.load()[self.placed_by]
            self._begins = (values.to_physical() if values.dtype.is_temporal() else values).to_numpy()
        return self._begins

    def place(self, row: pl.DataFrame) -> float:
        """Just behind the last row that comes before the new one; at the end of a file without order."""
        values = self.begins()
        if not len(values) or self.placed_by not in _TIMES:
            return len(values) - 0.5
        new = row[self.placed_by].to_physical()[0]
        behind = np.flatnonzero(values <= new)
        return float(behind[-1]) + 0.5 if len(behind) else -0.5

    def _as_text(self, rows: pl.DataFrame, changed: set[int]) -> pl.DataFrame:
        assert self.text is not None  # noqa: S101
        stands = self.text.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("_id"))
        fresh = rows.select(
            *(
                (pl.col(n).dt.strftime(_ISO) if isinstance(rows.schema[n], pl.Datetime) else pl.col(n)).cast(
                    pl.String
                )
                for n in self.schema
            ),
            "_id",
        )
        moved = pl.Series(sorted(changed), dtype=pl.Int64)
        kept = stands.filter(~pl.col("_id").is_in(moved.implode()))
        new = fresh.filter(~pl.col("_id").is_in(kept["_id"].implode()))
        return (
            rows.select("_id")
            .join(pl.concat([kept, new.select(kept.columns)]), on="_id", how="inner", maintain_order="left")
            .drop("_id")
        )


def _typed(name: str, kind: pl.DataType, found: pl.DataType | None, given: str | None) -> pl.Expr:
    if found is None:
        value = pl.lit(given, dtype=pl.String)
        found = pl.String()
    else:
        value = pl.col(name)
    if isinstance(kind, pl.Datetime):
        if isinstance(found, pl.String):
            return value.str.to_datetime("%+", time_unit="us", time_zone="UTC").alias(name)
        if isinstance(found, pl.Datetime) and found.time_zone is None:
            return value.cast(pl.Datetime("us")).dt.replace_time_zone("UTC").alias(name)
        return value.cast(kind).alias(name)
    if isinstance(kind, pl.Date) and isinstance(found, pl.String):
        return value.str.to_date().alias(name)
    return value.cast(kind).alias(name)


@dataclass(frozen=True)
class _State:
    """Rows of every file, and which of them differ from the source."""

    frames: dict[tuple[str, int], tuple[pl.DataFrame | None, tuple[pl.DataFrame, ...]]]
    changed: dict[tuple[str, int], set[int]]


class SourceCopy:
    """The tables of a source directory; `changes` holds what was done since the last `begin`."""

    def __init__(self, source: Path) -> None:
        """List the files.

        Raises:
            FileNotFoundError: there is no such directory, or it has no file of a table.
        """
        if not source.is_dir():
            raise FileNotFoundError(f"{source}: expected a source directory, found none; check the path")
        self.source = source
        self._files: dict[str, list[_File]] = {name: list(found) for name, found in _listed(source)}
        if not any(self._files.values()):
            raise FileNotFoundError(f"{source}: expected files of the contract's tables, found none")
        self._changed: dict[tuple[str, int], set[int]] = {}
        self._next = -1
        self.changes: dict[str, Changes] = {}

    def has(self, name: str) -> bool:
        """Whether the table was delivered with any row."""
        return any(file.load().height for file in self._files[name])

    def rows(self, name: str, where: pl.Expr | None = None) -> pl.DataFrame:
        """The table's rows, or those of a condition, with their marks."""
        parts = [self._part(file, where) for file in self._files[name]]
        empty = pl.DataFrame(
            schema={**TABLES[name].polars_schema, "_file": pl.Int32, "_id": pl.Int64, "_order": pl.Float64}
        )
        names = empty.columns
        for file in self._files[name]:
            if file.added:
                fresh = pl.concat(file.added)
                parts.append(fresh if where is None else fresh.filter(where))
        shown = [part.select(names) for part in parts if part.height]
        return pl.concat(shown) if shown else empty

    def _part(self, file: _File, where: pl.Expr | None) -> pl.DataFrame:
        if where is None:
            return file.load()
        if file.frame is None and file.is_parquet and file.path.stat().st_size > 1 << 22:
            # A large file is opened only if something in it is asked for.
            schema = pl.scan_parquet(file.path, hive_partitioning=False)
            if not schema.filter(where).limit(1).collect().height:
                return file.load().head(0) if file.frame is not None else _nothing(file)
        return file.load().filter(where)

    def begin(self) -> None:
        """Forget what was done so far; a new case begins."""
        self.changes = {}

    def checkpoint(self) -> _State:
        """What `restore` needs to undo everything done from here on."""
        frames = {
            (name, file.number): (file.frame, file.added)
            for name, files in self._files.items()
            for file in files
        }
        return _State(frames, {place: set(ids) for place, ids in self._changed.items()})

    def restore(self, state: _State) -> None:
        """Undo everything since that checkpoint."""
        for name, files in self._files.items():
            for file in files:
                place = name, file.number
                frame, added = state.frames[place]
                # What was not loaded then may stay loaded, unless it was changed since.
                if frame is not None or place in self._changed:
                    file.frame, file.added = frame, added
        self._changed = state.changed
        self.changes = {}

    def change(self, name: str, rows: pl.DataFrame, *columns: str) -> None:
        """Put new values of these columns in place; `rows` carry the marks.

        Rows that already have these values are left alone.
        """
        if not rows.height or not columns:
            return
        table = TABLES[name]
        for part in rows.partition_by("_file"):
            file = self._files[name][int(part["_file"][0])]
            file.settle()
            frame = file.load()
            fresh = part.select("_id", *(pl.col(c).cast(frame.schema[c]) for c in columns))
            before = frame.join(fresh, on="_id", how="inner", maintain_order="left", suffix=" new")
            before = before.filter(
                pl.any_horizontal(pl.col(c).ne_missing(pl.col(f"{c} new")) for c in columns)
            )
            fresh = fresh.join(before.select("_id"), on="_id", how="semi")
            if not fresh.height:
                continue
            self._log(name).changed.extend(_keys(before, table))
            file.frame = frame.update(fresh, on="_id", how="left", include_nulls=True)
            self._changed.setdefault((name, file.number), set()).update(fresh["_id"].to_list())
            if set(columns) & set(table.key):
                moved = part.join(fresh.select("_id"), on="_id", how="semi")
                self._log(name).added.extend(_keys(moved, table))

    def remove(self, name: str, rows: pl.DataFrame) -> None:
        """Take rows out."""
        for part in rows.partition_by("_file") if rows.height else []:
            file = self._files[name][int(part["_file"][0])]
            file.settle()
            frame = file.load()
            self._log(name).removed.extend(_keys(part, TABLES[name]))
            file.frame = frame.join(part.select("_id"), on="_id", how="anti", maintain_order="left")
            self._changed.setdefault((name, file.number), set()).update(part["_id"].to_list())

    def add(self, name: str, rows: pl.DataFrame) -> None:
        """Put rows where they belong in time (else at a place by their key) in the file that fits them best.

        Columns that are not given are null.
        """
        table = TABLES[name]
        full = rows.select(
            (pl.col(c) if c in rows.columns else pl.lit(None)).cast(kind).alias(c)
            for c, kind in table.polars_schema.items()
        )
        for row in full.iter_slices(1):
            file = self._best_file(name, row)
            marked = row.with_columns(
                pl.lit(file.number, dtype=pl.Int32).alias("_file"),
                pl.lit(self._next, dtype=pl.Int64).alias("_id"),
                pl.lit(file.place(row), dtype=pl.Float64).alias("_order"),
            )
            file.added = (*file.added, marked)
            self._changed.setdefault((name, file.number), set()).add(self._next)
            self._next -= 1
            self._log(name).added.extend(_keys(row, table))

    def _best_file(self, name: str, row: pl.DataFrame) -> _File:
        """The file that the new row belongs to: the last that begins before it."""
        files = self._files[name]
        if not files:
            raise LookupError(f"table {name} was not delivered")
        if len(files) == 1 or files[0].placed_by not in _TIMES:
            return files[-1]
        new = row[files[0].placed_by].to_physical()[0]
        begun = [(file.begins().min(), -file.number) for file in files if len(file.begins())]
        before = [one for one in begun if one[0] <= new]
        return files[-max(before)[1]] if before else files[0]

    def _log(self, name: str) -> Changes:
        return self.changes.setdefault(name, Changes())

    def touched(self) -> dict[str, list[Key]]:
        """Keys of all rows that were changed, added or removed since `begin`, by table."""
        return {name: log.keys() for name, log in sorted(self.changes.items()) if log.keys()}

    def write(self, out: Path) -> None:
        """Write the directory; what is unchanged is copied byte for byte."""
        out.mkdir(parents=True, exist_ok=True)
        known = {file.path: (name, file) for name, files in self._files.items() for file in files}
        for path in sorted(self.source.rglob("*")):
            if not path.is_file():
                continue
            target = out / path.relative_to(self.source)
            name, file = known.get(path, ("", None))
            changed = self._changed.get((name, file.number)) if file else None
            if file is not None and changed:
                file.write(target, changed)
                continue
            # No link: whoever writes to the copy must not reach the source.
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)


def _listed(source: Path) -> Iterator[tuple[str, Iterator[_File]]]:
    for name, table in TABLES.items():
        singles = [source / f"{name}{suffix}" for suffix in _SUFFIXES]
        inside = sorted((source / name).rglob("*")) if (source / name).is_dir() else []
        paths = [path for path in (*singles, *inside) if path.is_file() and path.name.endswith(_SUFFIXES)]
        seen = [path for path in paths if not path.name.startswith(("_", "."))]
        yield (
            name,
            (
                _File(table, path, path.relative_to(source).as_posix(), number)
                for number, path in enumerate(seen)
            ),
        )


def _nothing(file: _File) -> pl.DataFrame:
    schema = {**file.table.polars_schema, "_file": pl.Int32(), "_id": pl.Int64(), "_order": pl.Float64()}
    return pl.DataFrame(schema=schema)


def _keys(rows: pl.DataFrame, table: Table) -> list[Key]:
    return [
        [value if isinstance(value, int) else str(value) for value in row]
        for row in rows.select(table.key).iter_rows()
    ]
