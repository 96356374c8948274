"""A source directory's tables as rows that can be changed, and the way back into files.

Rows carry where they come from in columns that begin with `_`. Files in which nothing changes are handed on
byte for byte.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pipelines.contract.schema import Table
from pipelines.contract.tables import TABLES
from pipelines.simulator.injection.errors import UnplantableError
from pipelines.simulator.injection.files import TIMES, TableFile

_SUFFIXES = (".parquet", ".csv.gz", ".csv")
_LARGE = 1 << 22  # bytes; a file so large is loaded only if something in it is asked for
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
        self._files: dict[str, list[TableFile]] = {name: list(found) for name, found in _listed(source)}
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

    def _part(self, file: TableFile, where: pl.Expr | None) -> pl.DataFrame:
        if where is None:
            return file.load()
        if (
            file.frame is None
            and file.is_parquet
            and file.path.stat().st_size > _LARGE
            and not file.may(where)
        ):
            return _nothing(file)
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

    def _best_file(self, name: str, row: pl.DataFrame) -> TableFile:
        """The file that the new row belongs to: the last that begins before it."""
        files = self._files[name]
        if not files:
            raise UnplantableError(f"needs table {name}, which was not delivered")
        if len(files) == 1 or files[0].placed_by not in TIMES:
            return files[-1]
        new = row[files[0].placed_by].to_physical()[0]
        begun = [(file.begins().min(), -file.number) for file in files if len(file.begins())]
        before = [one for one in begun if one[0] <= new]
        return files[-max(before)[1]] if before else files[0]

    def _log(self, name: str) -> Changes:
        return self.changes.setdefault(name, Changes())

    def affected(self) -> dict[str, list[Key]]:
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


def _listed(source: Path) -> Iterator[tuple[str, Iterator[TableFile]]]:
    for name, table in TABLES.items():
        singles = [source / f"{name}{suffix}" for suffix in _SUFFIXES]
        inside = sorted((source / name).rglob("*")) if (source / name).is_dir() else []
        paths = [path for path in (*singles, *inside) if path.is_file() and path.name.endswith(_SUFFIXES)]
        seen = [path for path in paths if not path.name.startswith(("_", "."))]
        yield (
            name,
            (
                TableFile(table, path, path.relative_to(source).as_posix(), number)
                for number, path in enumerate(seen)
            ),
        )


def _nothing(file: TableFile) -> pl.DataFrame:
    schema = {**file.table.polars_schema, "_file": pl.Int32(), "_id": pl.Int64(), "_order": pl.Float64()}
    return pl.DataFrame(schema=schema)


def _keys(rows: pl.DataFrame, table: Table) -> list[Key]:
    return [
        [value if isinstance(value, int) else str(value) for value in row]
        for row in rows.select(table.key).iter_rows()
    ]
