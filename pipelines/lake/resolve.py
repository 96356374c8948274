"""Which of a table's received rows count: references first, then one row for each key.

A row of a file that came in a later run supersedes the row of the same key that came earlier. Rows of one key
that came in the same run and differ contradict each other: none can be preferred, so all are quarantined.
Equal rows are kept once.

Nearly all rows have a key of their own and refer to rows that exist. A query over keys and references finds
them, and their parts are kept unchanged, by a link. Only rows with a duplicate key or an orphan reference are
decided one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import duckdb

from pipelines.contract.schema import Table
from pipelines.core.sql import literal, quoted
from pipelines.lake.parts import (
    ROW_NUMBER,
    TONNES,
    Part,
    as_tonnes,
    ids_text,
    key_text,
    part_file,
    parts_of,
    read_parts,
    received_folder,
)
from pipelines.lake.receive import row_fingerprint
from pipelines.lake.state import FileState, LakeState


class Resolver:
    """Resolves one table's changed periods against the tables it refers to.

    `parents` holds, for each table that was delivered, a SQL relation with its kept rows; a reference
    to a table that was not delivered at all cannot be checked and is accepted.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, lake: Path, table: Table, state: LakeState) -> None:
        self.con, self.lake, self.table, self.state = con, lake, table, state
        self.parts = parts_of(lake, table, state)
        self.keys = ", ".join(quoted(name) for name in table.key)

    @property
    def _keys_stay_in_their_period(self) -> bool:
        period = self.table.period_column
        return period is None or period in self.table.key

    def _read(self, paths: Iterable[Path]) -> str | None:
        return read_parts(self.lake, self.table, paths)

    def _inside(self, periods: set[str]) -> list[Part]:
        return [part for part in self.parts if part.period in periods]

    def widen(self, changed: set[str], retired: Iterable[FileState]) -> set[str]:
        """Add the periods that also hold a key of a changed period, in its present or previous state."""
        changed = set(changed)
        if self._keys_stay_in_their_period:
            return changed
        while True:
            outside = self._read(part.path for part in self.parts if part.period not in changed)
            before = [
                part_file(received_folder(self.lake, self.table.name, file.received), period)
                for file in retired
                for period, content in file.periods.items()
                if content.rows and period in changed
            ]
            inside = self._read([*(part.path for part in self._inside(changed)), *before])
            if outside is None or inside is None:
                return changed
            more = self.con.execute(
                f"select distinct period from {outside} "
                f"where ({self.keys}) in (select {self.keys} from {inside})"
            ).fetchall()
            if not more:
                return changed
            changed |= {row[0] for row in more}

    def groups(self, changed: set[str]) -> Iterator[set[str]]:
        """Changed periods that must be decided together, because a key may occur in several of them."""
        if self._keys_stay_in_their_period:
            yield from ({period} for period in sorted(changed))
        elif changed:
            yield changed

    def _faults(self, parents: dict[str, str]) -> str:
        """SQL list of faults for orphan references."""
        items = [
            f"struct_pack(reason := case when {self._leads_nowhere(name, found)} then 'orphan' end, "
            f"column_name := {literal(name)}, value := left(cast({quoted(name)} as varchar), 200))"
            for name, found in self._references(parents)
        ]
        if not items:
            return "[]"
        return f"list_filter([{', '.join(items)}], lambda fault: fault.reason is not null)"

    def _references(self, parents: dict[str, str]) -> list[tuple[str, str]]:
        """Referring columns, each with a query of what it may refer to."""
        return [
            (column.name, f"select {quoted(target)} from {parents[table]}")
            for column in self.table.references
            for table, target in [column.reference or ("", "")]
            if table in parents
        ]

    @staticmethod
    def _leads_nowhere(name: str, known: str) -> str:
        return f"({quoted(name)} is not null and {quoted(name)} not in ({known}))"

    def decide(self, periods: set[str], parents: dict[str, str]) -> None:
        """Fill the temporary table `decided`: doubtful rows of these periods and the decision on each.

        Rows that are not in it are kept.
        """
        parts = self._inside(periods)
        rows = self._read(part.path for part in parts)
        doubtful = []
        if rows:
            self.con.execute(
                f"create or replace temp table duplicates as "
                f"select {self.keys} from {rows} group by {self.keys} having count(*) > 1"
            )
            if self._exists("from duplicates"):
                doubtful.append(f"({self.keys}) in (select {self.keys} from duplicates)")
            nowhere = " or ".join(self._leads_nowhere(*item) for item in self._references(parents))
            if nowhere and self._exists(f"from {rows} where {nowhere}"):
                doubtful.append(nowhere)
        self.con.execute("drop table if exists decided")
        if not doubtful:
            self.con.execute(
                f"create temp table decided (_file varchar, {ROW_NUMBER} bigint, period varchar, "
                f"_fingerprint ubigint, _key varchar, _ids varchar, _tonnes {TONNES}, _fate varchar, "
                "_faults struct(reason varchar, column_name varchar, value varchar)[])"
            )
            return
        self.con.execute(f"create temp table decided as {self._decision(parts, doubtful, parents)}")

    def _exists(self, query: str) -> bool:
        return bool(self.con.execute(f"select exists (select 1 {query})").fetchall()[0][0])

    def _decision(self, parts: list[Part], doubtful: list[str], parents: dict[str, str]) -> str:
        deliveries = ", ".join(
            f"({literal(str(part.path))}, {literal(part.file)}, {part.state.sequence})" for part in parts
        )
        rows = self._read(part.path for part in parts)
        contract = ", ".join(quoted(name) for name in self.table.names)
        columns = literal(", ".join(self.table.key))
        tonnes = as_tonnes(quoted(self.table.tonnes)) if self.table.tonnes else f"cast(null as {TONNES})"
        return f"""
            with deliveries(filename, _file, _sequence) as (values {deliveries}),
            checked as (
                select r.* exclude (filename), d._file, d._sequence,
                    {row_fingerprint(self.table)} as _fingerprint,
                    md5(cast(row({contract}) as varchar)) as _content,
                    {key_text(self.table)} as _key, {ids_text(self.table)} as _ids, {tonnes} as _tonnes,
                    {self._faults(parents)} as _faults
                from {rows} r join deliveries d using (filename)
                where {" or ".join(doubtful)}
            ),
            competing as (
                select *, case when len(_faults) = 0 then
                    min(_content) over same_delivery <> max(_content) over same_delivery end as _contradicted
                from checked
                window same_delivery as (partition by {self.keys}, _sequence, len(_faults) = 0)
            ),
            ranked as (
                select *, case when not _contradicted then
                    row_number() over (partition by {self.keys}, _contradicted is false
                                       order by _sequence desc, _file, {ROW_NUMBER}) end as _rank,
                    case when not _contradicted then
                    max(_sequence) over (partition by {self.keys}, _contradicted is false) end as _latest
                from competing
            )
            select _file, {ROW_NUMBER}, period, _fingerprint, _key, _ids, _tonnes,
                case when len(_faults) > 0 then 'quarantined'
                     when _contradicted then 'quarantined'
                     when _rank = 1 then 'kept'
                     when _sequence < _latest then 'superseded'
                     else 'quarantined' end as _fate,
                case when len(_faults) > 0 then _faults
                     when _contradicted then [struct_pack(reason := 'contradiction',
                        column_name := {columns}, value := _key)]
                     when _rank > 1 and _sequence = _latest then [struct_pack(reason := 'duplicate_row',
                        column_name := {columns}, value := _key)]
                     else [] end as _faults
            from ranked
        """
