"""What the kept rows of each table amount to: one line a period and subject, counted when a period changes.

The profile of a table is one file, `profiles/<table>-<hash>.parquet`, rewritten with the lines of the changed
periods alone. Completeness is judged from profiles; kept rows are not read again for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import duckdb

from pipelines.contract.schema import Table
from pipelines.contract.tables import TABLES
from pipelines.core.sql import literal, path_literal, quoted
from pipelines.lake.parts import PARQUET, kept_paths, read_files, read_parts
from pipelines.lake.state import LakeState
from pipelines.lake.zone import local_time

COLUMNS = (
    "table_name varchar, period varchar, subject_id varchar, province_code varchar, row_count bigint, "
    "day_count bigint, days date[], filled varchar[]"
)
"""A profile's line: a subject is a unit or an entity; null where the table has none, and then `days` lists
the days that occur. `filled` names the optional columns with at least one value."""


def subject_column(table: Table) -> str | None:
    """Column that names the unit or entity of a row, by which its province is found."""
    if "province_code" in table.names:
        return None
    names = ("unit_id", "entity_id")
    return next((name for name in names if name in table.names and not table.column(name).nullable), None)


def _day(table: Table, periods: Iterable[str], zone: str) -> str:
    """SQL of a row's day in the market; null for a table by year."""
    column = table.period_column
    kind = table.column(column).type if column else None
    months = sorted(period for period in periods if period != "unknown")
    if column is None or kind not in {"date", "timestamp"}:
        return "cast(null as date)"
    if kind == "timestamp" and months:
        first, last = (date.fromisoformat(f"{month}-01") for month in (months[0], months[-1]))
        span = first - timedelta(days=1), last + timedelta(days=32)
        return f"cast({local_time(quoted(column), zone, *span)} as date)"
    return f"cast({quoted(column)} as date)"


def _lines(table: Table, rows: str, day: str) -> str:
    """Query of a table's lines over a relation of kept rows."""
    subject = subject_column(table)
    province = "province_code" if "province_code" in table.names else "cast(null as varchar)"
    days = f"list_sort(list(distinct {day}))" if subject is None else "cast(null as date[])"
    filled = ", ".join(
        f"case when count({quoted(c.name)}) > 0 then {literal(c.name)} end"
        for c in table.columns
        if c.nullable
    )
    present = f"list_filter([{filled}], lambda name: name is not null)" if filled else "cast([] as varchar[])"
    return f"""
        select {literal(table.name)} as table_name, period,
            {subject or "cast(null as varchar)"} as subject_id, {province} as province_code,
            count(*) as row_count, count(distinct {day}) as day_count,
            {days} as days, {present} as filled
        from {rows} group by all
    """


def update_profile(
    con: duckdb.DuckDBPyConnection,
    lake: Path,
    table: Table,
    state: LakeState,
    changed: Iterable[str],
    zone: str,
) -> None:
    """Count the changed periods of a table anew, by days of the zone, and note the file in the state."""
    periods = state.tables.get(table.name, {})
    before = state.profiles.get(table.name)
    counted = set(changed) if before else set(periods)
    kept = kept_paths(lake, table.name, (periods[period] for period in counted & periods.keys()))
    queries = [f"select * from ({_empty()}) where false"]
    if before:
        names = ", ".join(literal(period) for period in sorted(counted)) or "''"
        queries.append(
            f"select * from read_parquet({path_literal(lake / 'profiles' / before)}) "
            f"where period not in ({names})"
        )
    rows = read_parts(lake, table, kept)
    if rows:
        queries.append(
            _lines(table, rows, _day(table, [p for p in counted & periods.keys() if periods[p].kept], zone))
        )
    content = json.dumps({period: one.fingerprint for period, one in periods.items()}, sort_keys=True)
    name = f"{table.name}-{hashlib.sha256(content.encode()).hexdigest()[:16]}.parquet"
    target = lake / "profiles" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    written = target.with_suffix(".part")
    query = f"select * from ({' union all '.join(queries)}) order by period, subject_id, province_code"
    con.execute(f"copy ({query}) to {literal(str(written))} ({PARQUET})")
    written.replace(target)
    state.profiles[table.name] = name


def _empty() -> str:
    columns = (definition.split(" ", 1) for definition in COLUMNS.split(", "))
    return "select " + ", ".join(f"cast(null as {kind}) as {name}" for name, kind in columns)


def open_profiles(con: duckdb.DuckDBPyConnection, lake: Path, state: LakeState) -> None:
    """Make the temporary view `profiles` of all tables, each line with its subject's province."""
    files = [lake / "profiles" / name for name in state.profiles.values()]
    lines = read_files(files) or f"({_empty()} where false)"

    def known(table: str, columns: str) -> str:
        periods = state.tables.get(table, {})
        paths = kept_paths(lake, table, periods.values())
        nothing = ", ".join(f"cast(null as varchar) as {name}" for name in columns.split(", "))
        return (
            f"select {columns} from {read_parts(lake, TABLES[table], paths)}"
            if paths
            else f"select {nothing} where false"
        )

    con.execute(f"""
        create or replace temp table profiles as
        with entities as ({known("entities", "entity_id, province_code")}),
        units as ({known("units", "unit_id, entity_id")})
        select l.* replace (coalesce(l.province_code, e.province_code, u.province_code) as province_code)
        from {lines} l
        left join entities e on l.subject_id = e.entity_id
        left join (
            select unit_id, any_value(entities.province_code) as province_code
            from units join entities using (entity_id) group by unit_id
        ) u on l.subject_id = u.unit_id
        where l.period <> 'unknown'
    """)
