"""Writes what `resolve` decided: the kept and the excluded files of each changed period."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import duckdb

from pipelines.contract.schema import Table
from pipelines.core.sql import literal
from pipelines.lake.parts import (
    PARQUET,
    ROW_NUMBER,
    Part,
    faults_file,
    period_folder,
    read_files,
    read_parts,
    received_folder,
)
from pipelines.lake.state import FileState, LakeState, PeriodState

Losers = dict[tuple[str, str], tuple[int, int]]
"""By delivered file and period: how many of the sound rows are not kept, and the sum of their hashes."""


class Keeper:
    """Writes the kept and excluded files from the temporary table `decided` of `Resolver.decide`."""

    def __init__(self, con: duckdb.DuckDBPyConnection, lake: Path, table: Table, state: LakeState) -> None:
        self.con, self.lake, self.table, self.state = con, lake, table, state

    def store(self, parts: list[Part], periods: set[str]) -> dict[str, PeriodState]:
        """Keep these periods' parts without excluded rows; returns the periods that have any row."""
        losers = self._losers()
        counted = self.state.counted(self.table.name)
        filled = {period for file in counted.values() for period in file.periods if period in periods}
        return {
            period: self._store_period(period, [p for p in parts if p.period == period], counted, losers)
            for period in sorted(filled)
        }

    def _losers(self) -> Losers:
        rows = self.con.execute("""
            select _file, period, count(*), cast(sum(cast(_fingerprint as hugeint)) as varchar)
            from decided where _fate <> 'kept' group by all
        """).fetchall()
        return {(file, period): (count, int(fingerprint_)) for file, period, count, fingerprint_ in rows}

    def _store_period(
        self, period: str, parts: list[Part], counted: dict[str, FileState], losers: Losers
    ) -> PeriodState:
        lost = {part.file: losers.get((part.file, period), (0, 0)) for part in parts}
        kept = sum(part.rows - lost[part.file][0] for part in parts)
        fingerprint_ = sum(part.fingerprint - lost[part.file][1] for part in parts)
        faulty = {
            name: file
            for name, file in counted.items()
            if period in file.periods and file.periods[period].faulty
        }
        state = PeriodState(
            fingerprint=f"{kept}:{fingerprint_}",
            rows_in=sum(part.rows for part in parts) + sum(f.periods[period].faulty for f in faulty.values()),
            kept=kept,
            superseded=0,
            quarantined=0,
            kept_files=[
                self._keep(part, lost[part.file]) for part in parts if part.rows > lost[part.file][0]
            ],
        )
        if faulty or any(count for count, _ in lost.values()):
            self._excluded(period, state, faulty)
        return state

    def _keep(self, part: Part, lost: tuple[int, int]) -> str:
        """Name of the kept file of a part: the part itself where all of its rows are kept."""
        count, fingerprint_ = lost
        whole = f"{period_folder(part.period)}/{part.state.received[:16]}"
        if not count:
            return self._place(f"{whole}.parquet", part)
        name = f"{whole}-{_short(f'{count}:{fingerprint_}')}.parquet"
        target = self._target("kept", name)
        if not target.exists():
            lost_rows = (
                f"select {ROW_NUMBER} from decided where _fate <> 'kept' "
                f"and _file = {literal(part.file)} and period = {literal(part.period)}"
            )
            rows = read_parts(self.lake, self.table, [part.path])
            self._copy(
                f"select * exclude (period, filename) from {rows} where {ROW_NUMBER} not in ({lost_rows})",
                target,
            )
        return name

    def _place(self, name: str, part: Part) -> str:
        """Add a part to the kept files, by a hard link where the file system supports it."""
        target = self._target("kept", name)
        if not target.exists():
            written = target.with_suffix(".part")
            written.unlink(missing_ok=True)
            try:
                os.link(part.path, written)
            except OSError:
                shutil.copyfile(part.path, written)
            written.replace(target)
        return name

    def _excluded(self, period: str, state: PeriodState, faulty: dict[str, FileState]) -> None:
        """Write what was superseded or quarantined in a period and count it in its state."""
        self.con.execute(f"create or replace temp table aside as {self._aside(period, faulty)}")
        content = "hash(file, row_number, record_key, fate, value, all_reasons, tonnes, _fingerprint)"
        superseded, count, fingerprint_ = self.con.execute(f"""
            select count(*) filter (fate = 'superseded'), count(*),
                cast(sum(cast({content} as hugeint)) as varchar)
            from aside
        """).fetchall()[0]
        state.superseded, state.quarantined = superseded, count - superseded
        state.excluded_file = f"{period}-{_short(f'{count}:{fingerprint_}')}.parquet"
        target = self._target("excluded", state.excluded_file)
        if not target.exists():
            self._copy("select * exclude (_fingerprint) from aside order by file, row_number", target)

    def _aside(self, period: str, faulty: dict[str, FileState]) -> str:
        chosen = f"period = {literal(period)}"
        columns = f"_file, {ROW_NUMBER}, _key, _ids, _tonnes, _fate, _faults"
        queries = [f"select {columns}, _fingerprint from decided where {chosen} and _fate <> 'kept'"]
        for name, file in faulty.items():
            path = faults_file(received_folder(self.lake, self.table.name, file.received))
            queries.append(
                f"select {literal(name)} as _file, {ROW_NUMBER}, _key, _ids, _tonnes, 'quarantined', "
                f"_faults, cast(0 as ubigint) as _fingerprint from {read_files([path])} where {chosen}"
            )
        return f"""
            select {literal(self.table.name)} as table_name, {literal(period)} as period, _key as record_key,
                _ids as ids_json,
                _fate as fate, coalesce(_faults[1].reason, 'superseded') as reason,
                _faults[1].column_name as column_name, _faults[1].value as value,
                array_to_string(list_transform(_faults, lambda fault:
                    fault.reason || coalesce(':' || fault.column_name, '')), '; ') as all_reasons,
                _file as file, {ROW_NUMBER} as row_number, cast(_tonnes as double) as tonnes, _fingerprint
            from ({" union all ".join(queries)})
        """

    def _target(self, folder: str, name: str) -> Path:
        target = self.lake / folder / self.table.name / name
        target.parent.mkdir(parents=True, exist_ok=True)
        return target

    def _copy(self, query: str, target: Path) -> None:
        part = target.with_suffix(".part")
        self.con.execute(f"copy ({query}) to {literal(str(part))} ({PARQUET})")
        part.replace(target)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
