"""Bring the lake up to a source directory: receive what is new, resolve what it changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from pipelines.contract.outputs.lake import ROW_ACCOUNTING
from pipelines.contract.schema import Table
from pipelines.contract.tables import TABLES
from pipelines.core.market import read_market
from pipelines.core.sql import quoted
from pipelines.lake.files import Listing, SourceFile, list_source
from pipelines.lake.keep import Keeper
from pipelines.lake.parts import empty_file, kept_paths, parts_of, read_parts
from pipelines.lake.profile import update_profile
from pipelines.lake.readings import digest, reader_files, take_over
from pipelines.lake.receive import receive, received_id
from pipelines.lake.resolve import Resolver
from pipelines.lake.state import Content, FileState, LakeState, PeriodState
from pipelines.lake.store import (
    hand_over,
    is_handed_over,
    sweep,
    write_empty_files,
)

Progress = Callable[[str], None]


@dataclass
class TableSummary:
    """What happened to one table: rows in = kept + superseded + quarantined."""

    table: str
    files: int = 0
    files_new: int = 0
    files_changed: int = 0
    files_withdrawn: int = 0
    rows_in: int = 0
    kept: int = 0
    superseded: int = 0
    quarantined: int = 0
    periods: int = 0
    periods_rewritten: int = 0
    unknown_columns: list[str] = field(default_factory=list)


@dataclass
class LakeSummary:
    """What one update did; `changed` is false where the source held nothing new."""

    tables: dict[str, TableSummary]
    unknown: list[str]
    changed: bool


@dataclass
class _Change:
    """Difference between the files in force and a listing."""

    new: list[SourceFile] = field(default_factory=list)
    changed: list[SourceFile] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.withdrawn)


def _compare(state: LakeState, listing: Listing, zone: str) -> _Change:
    change = _Change()
    for file in listing.files:
        before = state.files.get(file.name)
        if before is None:
            change.new.append(file)
        elif before.received != received_id(file, TABLES[file.table], zone):
            change.changed.append(file)
    present = {file.name for file in listing.files}
    change.withdrawn = [name for name in state.files if name not in present]
    return change


class _Update:
    """One update in progress."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, lake: Path, zone: str, state: LakeState, progress: Progress
    ) -> None:
        self.con, self.lake, self.zone, self.state, self.progress = con, lake, zone, state, progress
        self.changed: dict[str, set[str]] = {name: set() for name in TABLES}
        self.retired: dict[str, list[FileState]] = {name: [] for name in TABLES}
        self.rewritten: dict[str, set[str]] = {}

    def retire(self, name: str, reason: str) -> FileState:
        """Take a file out of force; its rows remain in `received/`."""
        before = self.state.files.pop(name)
        self.retired[before.table].append(before)
        self.state.retired.append(
            {
                "name": name,
                "table": before.table,
                "received": before.received,
                "sha256": before.sha256,
                "reason": reason,
                "rows": str(before.rows),
                "periods": " ".join(sorted(before.periods)),
                "run": str(self.state.sequence),
            }
        )
        return before

    def take_in(self, change: _Change) -> None:
        """Receive new and changed files and note which periods differ."""
        files = [*change.new, *change.changed]
        received = []
        copies = self._copies()
        for number, file in enumerate(files, start=1):
            self.progress(f"receiving {file.name} ({number} of {len(files)})")
            received.append((file, receive(self.con, file, TABLES[file.table], self.lake, self.zone)))
            file.check_unchanged()
        self.state.sequence += 1
        for name in change.withdrawn:
            before = self.retire(name, "withdrawn")
            self.changed[before.table] |= before.periods.keys()
        increment = min((file.increment for file in files), default=0)
        for file, content in sorted(received, key=lambda pair: (pair[0].increment, pair[0].name)):
            if file.increment > increment:
                increment = file.increment
                self.state.sequence += 1
            before_periods: dict[str, Content] = {}
            sequence = self.state.first_seen.setdefault(file.name, self.state.sequence)
            if file.name in self.state.files:
                before = self.retire(file.name, "replaced")
                before_periods = before.periods
            self.state.files[file.name] = FileState(
                table=file.table,
                received=content.id,
                sha256=file.sha256,
                sequence=sequence,
                rows=content.rows,
                tonnes=content.tonnes,
                periods=content.periods,
                unknown_columns=content.unknown_columns,
                blank_lines=content.blank_lines,
            )
            self.changed[file.table] |= {
                period
                for period in before_periods.keys() | content.periods.keys()
                if before_periods.get(period) != content.periods.get(period)
                or (before_periods and self._has_excluded_rows(file.table, period))
            }

        # A file that is no copy any more, or has become one, brings its rows or takes them along.
        for name in copies ^ self._copies():
            if (state := self.state.files.get(name)) is not None:
                self.changed[state.table] |= state.periods.keys()

    def _copies(self) -> set[str]:
        return {name for table in TABLES for name in self.state.copies(table)}

    def _has_excluded_rows(self, table: str, period: str) -> bool:
        """Whether rows of the period are named by their place in a file, which another version may change."""
        state = self.state.tables.get(table, {}).get(period)
        return state is not None and state.excluded_file is not None

    def kept(self, table: str) -> str:
        """Relation over the table's kept rows."""
        return self._kept_in(TABLES[table], self.state.tables.get(table, {}))

    def _kept_in(self, table: Table, periods: dict[str, PeriodState]) -> str:
        """Relation over the rows of a table that count in these periods, perhaps none."""
        paths = kept_paths(self.lake, table.name, periods.values())
        return read_parts(self.lake, table, paths or [empty_file(self.lake, table)]) or ""

    def resolve(self, delivered_before: set[str]) -> None:
        """Resolve every changed table, parents first; tables that refer to a changed key are resolved too."""
        delivered = {file.table for file in self.state.files.values()}
        parents = {name: self.kept(name) for name in delivered}
        for table in TABLES.values():
            for column in table.references:
                parent = (column.reference or ("", ""))[0]
                if (parent in delivered) != (parent in delivered_before):
                    self.changed[table.name] |= self._all_periods(table)
            if not self.changed[table.name]:
                continue
            self.progress(f"resolving {table.name}")
            changed = self._resolve_table(table, parents)
            self.rewritten[table.name] = changed
            if table.name in delivered:
                parents[table.name] = self.kept(table.name)

    def _resolve_table(self, table: Table, parents: dict[str, str]) -> set[str]:
        """Decide a table's changed periods and mark what refers to it; returns those that differ now."""
        resolver = Resolver(self.con, self.lake, table, self.state)
        keeper = Keeper(self.con, self.lake, table, self.state)
        changed = resolver.widen(self.changed[table.name], self.retired[table.name])
        before = dict(self.state.tables.get(table.name, {}))
        after: dict[str, PeriodState] = {}
        for periods in resolver.groups(changed):
            resolver.decide(periods, parents)
            after |= keeper.store(resolver.parts, periods)
        kept = {period: state for period, state in before.items() if period not in changed} | after
        self.state.tables[table.name] = dict(sorted(kept.items()))
        changed = {
            p
            for p in changed
            if (before[p].fingerprint if p in before else "0:0")
            != (after[p].fingerprint if p in after else "0:0")
        }
        if changed:
            self._mark_children(
                table,
                {p: s for p, s in before.items() if p in changed},
                {p: s for p, s in after.items() if p in changed},
            )
        return changed

    def _all_periods(self, table: Table) -> set[str]:
        return {period for file in self.state.counted(table.name).values() for period in file.periods}

    def _mark_children(
        self, parent: Table, before: dict[str, PeriodState], after: dict[str, PeriodState]
    ) -> None:
        """Periods of other tables whose rows refer to a key that was added or removed."""
        old = self._kept_in(parent, before)
        new = self._kept_in(parent, after)
        for child in TABLES.values():
            columns = [c for c in child.references if c.reference and c.reference[0] == parent.name]
            rows = read_parts(
                self.lake,
                child,
                (
                    part.path
                    for part in parts_of(self.lake, child, self.state)
                    if part.period not in self.changed[child.name]
                ),
            )
            if not columns or rows is None:
                continue
            for column in columns:
                key, value = quoted((column.reference or ("", ""))[1]), quoted(column.name)
                moved = (
                    f"(select {key} from {old} except select {key} from {new}) union all "
                    f"(select {key} from {new} except select {key} from {old})"
                )
                found = self.con.execute(f"select distinct period from {rows} where {value} in ({moved})")
                self.changed[child.name] |= {row[0] for row in found.fetchall()}


def _accounting(summary: dict[str, TableSummary]) -> pl.DataFrame:
    """One row a table: numbers of rows received, kept, superseded and quarantined."""
    return ROW_ACCOUNTING.frame(
        [
            {
                "table_name": s.table,
                "files": s.files,
                "rows_in": s.rows_in,
                "rows_kept": s.kept,
                "rows_superseded": s.superseded,
                "rows_quarantined": s.quarantined,
            }
            for s in sorted(summary.values(), key=lambda s: s.table)
        ]
    )


def _summarise(
    state: LakeState, change: _Change, retired: dict[str, int], rewritten: dict[str, set[str]]
) -> dict[str, TableSummary]:
    summary = {name: TableSummary(name) for name in TABLES}
    for file in state.files.values():
        entry = summary[file.table]
        entry.files += 1
        entry.unknown_columns = sorted({*entry.unknown_columns, *file.unknown_columns})
    for source_file in change.new:
        summary[source_file.table].files_new += 1
    for source_file in change.changed:
        summary[source_file.table].files_changed += 1
    for table, count in retired.items():
        summary[table].files_withdrawn = count
    for table, count in state.reader_quarantined.items():
        summary[table].rows_in += count
        summary[table].quarantined += count
    for table, periods in state.tables.items():
        entry = summary[table]
        entry.periods = len(periods)
        entry.periods_rewritten = len(rewritten.get(table, ()))
        for period in periods.values():
            entry.rows_in += period.rows_in
            entry.kept += period.kept
            entry.superseded += period.superseded
            entry.quarantined += period.quarantined
    return summary


def update_lake(con: duckdb.DuckDBPyConnection, source: Path, lake: Path, progress: Progress) -> LakeSummary:
    """Make the lake hold what the source directory holds now.

    Nothing is put in force before every file was received and resolved.

    Raises:
        SourceError: a file cannot be read; the lake stays as it was.
    """
    state = LakeState.read(lake)
    listing = list_source(source)
    zone = read_market(source).timezone
    change = _compare(state, listing, zone)
    withdrawn: dict[str, int] = {}
    for name in change.withdrawn:
        table = state.files[name].table
        withdrawn[table] = withdrawn.get(table, 0) + 1
    read = digest(reader_files(source))
    changed = bool(change) or state.reader_digest != read or not (lake / "state.json").is_file()
    rewritten: dict[str, set[str]] = {}
    # A run that was cut off may have left files that no state names.
    sweep(lake, state)
    write_empty_files(con, lake)
    if changed:
        delivered_before = {file.table for file in state.files.values()}
        update = _Update(con, lake, zone, state, progress)
        update.take_in(change)
        update.resolve(delivered_before)
        rewritten = update.rewritten
        for name, periods in rewritten.items():
            if periods or name not in state.profiles:
                update_profile(con, lake, TABLES[name], state, periods, zone)
        state.reader_quarantined = take_over(con, source, lake)
        state.reader_digest = read
        state.write(lake)
        sweep(lake, state)
    summary = _summarise(state, change, withdrawn, rewritten)
    if changed or not is_handed_over(lake, state):
        hand_over(con, lake, _accounting(summary), state)
    return LakeSummary(summary, listing.unknown, changed)
