"""Makes a written source directory dirty, and lists what was done to it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.contract.schema import Table
from pipelines.contract.tables import TABLES
from pipelines.core.progress import report
from pipelines.simulator.dirt.deliveries import (
    LATER,
    TEXT,
    Delivered,
    files_of,
    write,
    write_broken_lines,
)
from pipelines.simulator.dirt.faults import Fault, as_text, possible_faults
from pipelines.simulator.dirt.spoil import (
    KEPT,
    KINDS,
    QUARANTINED,
    Entry,
    Spoilt,
    assign,
    keys_of,
    spoil_file,
)
from pipelines.simulator.seeds import Streams

# These would take what refers to the record with them into quarantine.
_REMOVING = ("malformed", "contradiction", "late")
_SCHEMA = {
    "table": pl.String,
    "key": pl.String,
    "dirt": pl.String,
    "reason": pl.String,
    "column": pl.String,
    "fate_first": pl.String,
    "fate_later": pl.String,
    "file": pl.String,
}


@dataclass(frozen=True)
class DirtReport:
    """What one call of `add_dirt` did: the list, the later delivery, and how many records by kind of dirt."""

    listing: Path
    later: Path
    records: dict[str, int]


def dirt_path(out: Path) -> Path:
    """Where the list of a source directory's dirt is."""
    return out.with_name(f"{out.name}.dirt.parquet")


def later_path(out: Path) -> Path:
    """Where the later delivery is; its files are copied into the source directory for a second run."""
    return out.with_name(f"{out.name}.later")


def add_dirt(out: Path, share: float, streams: Streams) -> DirtReport:
    """Spoil about `share` of the records of every table of a source directory of the contract.

    Rows come malformed, twice, contradicting each other, only in a later delivery, or wrong and corrected
    by it. A record that others refer to is spoilt only in ways that leave it in force, except a trade: its
    settlement then refers to nothing and is listed too. `<out>.dirt.parquet` lists every record with its
    fate after each delivery.

    Raises:
        ValueError: the share is not from 0 to 0.5.
        FileExistsError: there is a later delivery already.
    """
    if not 0 <= share <= 0.5:
        raise ValueError(f"share of dirt is {share}, expected 0 to 0.5")
    later = later_path(out)
    if later.exists():
        raise FileExistsError(f"{later} exists already, expected none; choose another directory")
    entries: list[Entry] = []
    if share:
        later.mkdir(parents=True)
        entries = _Spoiler(out, later, share, streams).run()
    frame = pl.DataFrame(
        [(e.table, e.key, e.dirt, e.reason, e.column, e.first, e.later, e.file) for e in entries],
        schema=_SCHEMA,
        orient="row",
    )
    frame.sort("table", "file", "key", "dirt", "reason", nulls_last=True).write_parquet(dirt_path(out))
    return DirtReport(dirt_path(out), later, dict(sorted(Counter(e.dirt for e in entries).items())))


class _Spoiler:
    """Goes through the tables, parents first."""

    def __init__(self, out: Path, later: Path, share: float, streams: Streams) -> None:
        self.out, self.later, self.share, self.streams = out, later, share, streams
        self.delivered = {name for name, table in TABLES.items() if any(files_of(out, table))}
        self.lost: dict[str, pl.Series] = {
            name: pl.Series([], dtype=pl.String) for name in ("first", "later")
        }

    def run(self) -> list[Entry]:
        entries: list[Entry] = []
        for table in TABLES.values():
            files = list(files_of(self.out, table))
            if not files:
                continue
            report(f"dirt: {table.name}")
            referred = self._referred(table)
            faults = possible_faults(table, self.delivered)
            for file in files:
                entries += self._file(file, table, faults, referred)
        return entries

    def _referred(self, table: Table) -> pl.Series | None:
        """Keys of the table that other tables name; None where nothing needs to be spared."""
        if table.name == "trades" or len(table.key) > 1:
            return None
        named = [
            self._values(child, column.name)
            for child in TABLES.values()
            for column in child.references
            if column.reference and column.reference[0] == table.name
        ]
        return pl.concat(named).unique() if named else None

    def _values(self, table: Table, column: str) -> pl.Series:
        parts = [
            (pl.scan_csv(file.path, infer_schema=False) if file.is_csv else pl.scan_parquet(file.path))
            .select(pl.col(column).cast(pl.String).unique())
            .collect()[column]
            for file in files_of(self.out, table)
        ]
        return pl.concat([pl.Series(column, [], dtype=pl.String), *parts]).unique().alias("key")

    def _file(
        self, file: Delivered, table: Table, faults: list[Fault], referred: pl.Series | None
    ) -> list[Entry]:
        rng = self.streams.of("dirt", file.name)
        frame = file.read()
        assigned = assign(rng, frame.height, self.share)
        spared = np.zeros(frame.height, dtype=bool)
        if referred is not None:
            spared = frame[table.key[0]].is_in(referred.implode()).to_numpy()
        entries = []
        if table.name == "transfers":
            orphaned = frame["trade_id"].is_in(self.lost["first"].implode()).fill_null(value=False).to_numpy()
            for kind in KINDS:
                assigned[kind] = assigned[kind][~orphaned[assigned[kind]]]
            entries += self._dragged_along(frame.filter(pl.Series(orphaned)), table, file.name)
        for kind in _REMOVING:
            assigned[kind] = assigned[kind][~spared[assigned[kind]]]
        spoilt, found = spoil_file(frame, file, assigned, faults, rng)
        entries += found
        if table.name == "trades":
            for when, parts in spoilt.lost.items():
                ids = [part["trade_id"] for part in parts]
                self.lost[when] = pl.concat([self.lost[when], *ids])
        if not found:
            return entries
        self._write(file, spoilt, rng)
        return entries

    def _dragged_along(self, rows: pl.DataFrame, table: Table, name: str) -> list[Entry]:
        """Settlements of trades that are not in force."""
        healed = ~rows["trade_id"].is_in(self.lost["later"].implode())
        return [
            Entry(
                table.name,
                key,
                "dangling",
                "orphan",
                "trade_id",
                QUARANTINED,
                KEPT if ok else QUARANTINED,
                name,
            )
            for key, ok in zip(keys_of(rows, table), healed, strict=True)
        ]

    def _write(self, file: Delivered, spoilt: Spoilt, rng: np.random.Generator) -> None:
        table = file.table
        text = pl.concat(spoilt.text) if spoilt.text else None
        if file.is_csv:
            rows = as_text(spoilt.kept, table)
            write(file.path, rows if text is None else pl.concat([rows, text]))
            if spoilt.broken is not None:
                write_broken_lines(file.path, spoilt.broken, table, rng)
        else:
            write(file.path, spoilt.kept)
            if text is not None:
                write(self.out / file.beside(TEXT), text)
        if spoilt.later:
            write(self.later / file.beside(LATER), pl.concat(spoilt.later))
