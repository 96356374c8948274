"""Which of a table's received rows count: references first, then one row for each key.

A row of a file that came in an earlier run gives way to a row of the same key that came later
(superseded). Rows of one key that came in the same run and differ contradict each other: none can be
preferred, so all are quarantined. Equal ones are kept once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import duckdb

from pipelines.contract.schema import Table
from pipelines.lake.checks import literal, path_literal, quoted
from pipelines.lake.state import LakeState, PeriodState

_NO_ROWS_PRINT = "0:0"


def read_files(paths: Iterable[Path]) -> str | None:
    """SQL that reads these Parquet files, or None where there are none."""
    names = ", ".join(path_literal(path) for path in sorted(paths))
    return f"read_parquet([{names}], union_by_name=true, hive_partitioning=false)" if names else None


def _values(items: Iterable[str]) -> str:
    return ", ".join(literal(item) for item in sorted(items)) or "''"


class Resolver:
    """Resolves one table's touched periods against the tables it refers to.

    `parents` holds, for each table that was delivered, a SQL relation with its kept rows; a reference
    to a table that was not delivered at all cannot be checked and is let pass.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, lake: Path, table: Table, state: LakeState) -> None:
        self.con, self.lake, self.table, self.state = con, lake, table, state
        self.keys = ", ".join(quoted(name) for name in table.key)

    def received(self) -> str | None:
        """Relation over the rows of every file of the table that is in force."""
        return read_files(
            self.lake / "received" / self.table.name / f"{file.received}.parquet"
            for file in self.state.files.values()
            if file.table == self.table.name
        )

    def widen(self, touched: set[str], retired: Iterable[Path]) -> set[str]:
        """Add the periods in which a key of a touched period, now or before, stands as well."""
        received = self.received()
        if received is None or self.table.period_column is None or self.table.period_column in self.table.key:
            return touched
        before = read_files(retired)
        touched = set(touched)
        while True:
            inside = f"select {self.keys} from {received} where _period in ({_values(touched)})"
            if before:
                inside += f" union select {self.keys} from {before}"
            more = self.con.execute(
                f"select distinct _period from {received} where _period not in ({_values(touched)}) "
                f"and ({self.keys}) in ({inside})"
            ).fetchall()
            if not more:
                return touched
            touched |= {row[0] for row in more}

    def _orphans(self, parents: dict[str, str]) -> str:
        """SQL list of faults for references that lead nowhere."""
        items = []
        for column in self.table.references:
            table, target = column.reference or ("", "")
            if table not in parents:
                continue
            raw = quoted(column.name)
            items.append(
                f"struct_pack(reason := case when {raw} is not null and {raw} not in "
                f"(select {quoted(target)} from {parents[table]}) then 'orphan' end, "
                f"column_name := {literal(column.name)}, value := left(cast({raw} as varchar), 200))"
            )
        if not items:
            return "_faults"
        return (
            "case when len(_faults) > 0 then _faults "
            f"else list_filter([{', '.join(items)}], lambda fault: fault.reason is not null) end"
        )

    def decide(self, touched: set[str], parents: dict[str, str]) -> None:
        """Fill the temporary table `decided`: every received row of the touched periods with its fate."""
        received = self.received()
        if received is None:
            self.con.execute("drop table if exists decided")
            return
        sequences = ", ".join(
            f"({literal(name)}, {file.sequence})"
            for name, file in sorted(self.state.files.items())
            if file.table == self.table.name
        )
        contract = ", ".join(quoted(name) for name in self.table.names)
        self.con.execute(f"""
            create or replace temp table decided as
            with deliveries(_file, _sequence) as (values {sequences}),
            checked as (
                select r.* exclude (_faults), d._sequence, {self._orphans(parents)} as _faults
                from {received} r join deliveries d using (_file)
                where r._period in ({_values(touched)})
            ),
            competing as (
                select *, case when len(_faults) = 0 then
                    min(_print) over same_delivery <> max(_print) over same_delivery end as _contradicted
                from checked
                window same_delivery as (partition by {self.keys}, _sequence, len(_faults) = 0)
            ),
            ranked as (
                select *, case when not _contradicted then
                    row_number() over (partition by {self.keys}, _contradicted is false
                                       order by _sequence desc, _file, _row) end as _rank,
                    case when not _contradicted then
                    max(_sequence) over (partition by {self.keys}, _contradicted is false) end as _latest
                from competing
            )
            select _file, _row, _period, _print, _key,
                case when len(_faults) > 0 then 'quarantined'
                     when _contradicted then 'quarantined'
                     when _rank = 1 then 'kept'
                     when _sequence < _latest then 'superseded'
                     else 'quarantined' end as _fate,
                case when len(_faults) > 0 then _faults
                     when _contradicted then [struct_pack(reason := 'contradiction',
                        column_name := {literal(", ".join(self.table.key))}, value := _key)]
                     when _rank > 1 and _sequence = _latest then [struct_pack(reason := 'duplicate_row',
                        column_name := {literal(", ".join(self.table.key))}, value := _key)]
                     else [] end as _faults,
                {contract}
            from ranked
        """)

    def store(self, touched: set[str]) -> dict[str, PeriodState]:
        """Write the decided rows of each touched period whose content changed; returns all touched."""
        if self.received() is None:
            return {}
        rows = self.con.execute("""
            select _period, count(*), count(*) filter (_fate = 'kept'),
                count(*) filter (_fate = 'superseded'),
                count(*) filter (_fate = 'quarantined'),
                cast(coalesce(sum(cast(_print as hugeint)) filter (_fate = 'kept'), 0) as varchar),
                cast(coalesce(sum(cast(hash(_file, _row, _print, _fate, cast(_faults as varchar)) as hugeint))
                    filter (_fate <> 'kept'), 0) as varchar)
            from decided group by _period order by _period
        """).fetchall()
        return {
            period: self._store_period(
                period, rows_in, kept, superseded, quarantined, kept_print, aside_print
            )
            for period, rows_in, kept, superseded, quarantined, kept_print, aside_print in rows
        }

    def _store_period(
        self,
        period: str,
        rows_in: int,
        kept: int,
        superseded: int,
        quarantined: int,
        kept_print: str,
        aside: str,
    ) -> PeriodState:
        contract = ", ".join(quoted(name) for name in self.table.names)
        state = PeriodState(
            print=f"{kept}:{kept_print}",
            rows_in=rows_in,
            kept=kept,
            superseded=superseded,
            quarantined=quarantined,
        )
        before = self.state.tables.get(self.table.name, {}).get(period)
        where = f"_period = {literal(period)}"
        if kept:
            state.kept_file = self._name("kept", period, state.print)
            if before is None or before.kept_file != state.kept_file:
                query = f"select {contract}, _period as period from decided where {where} and _fate = 'kept'"
                self._copy(f"{query} order by {self.keys}", "kept", state.kept_file)
        if superseded or quarantined:
            state.set_aside_file = self._name("set_aside", period, f"{superseded + quarantined}:{aside}")
            if before is None or before.set_aside_file != state.set_aside_file:
                self._copy(self._set_aside_query(where), "set_aside", state.set_aside_file)
        return state

    def _set_aside_query(self, where: str) -> str:
        return f"""
            select {literal(self.table.name)} as table_name, _period as period, _key as record_key,
                _fate as fate, coalesce(_faults[1].reason, 'superseded') as reason,
                _faults[1].column_name as column_name, _faults[1].value as value,
                array_to_string(list_transform(_faults, lambda fault:
                    fault.reason || coalesce(':' || fault.column_name, '')), '; ') as all_reasons,
                _file as file, _row as row_number
            from decided where {where} and _fate <> 'kept' order by _file, _row
        """

    def _name(self, folder: str, period: str, print_: str) -> str:
        text = "|".join((folder, period, print_, *(repr(column) for column in self.table.columns)))
        return f"{period}-{hashlib.sha256(text.encode()).hexdigest()[:16]}.parquet"

    def _copy(self, query: str, folder: str, name: str) -> None:
        target = self.lake / folder / self.table.name / name
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        self.con.execute(f"copy ({query}) to {literal(str(part))} (format parquet, compression zstd)")
        part.replace(target)
