"""Relations that the completeness checks compare, made of the tables' profiles and the last publication.

    profiles     one row a table, period and subject (`pipelines.lake.profile`)
    by_province  one row a table, period and province: rows, subjects, optional columns with values
    by_period    the same over all provinces, with the period's place in time and the table's extent
    before       `by_province` as it was published last; empty before the first publication

`place` counts months, or years for tables by year, so that neighbours differ by one; it is null for a table
that has a single period.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb

from pipelines.contract.outputs.lake import ROW_COUNTS
from pipelines.core.sql import literal, path_literal

PLACE = (
    "case when length(period) = 7 then 12 * cast(left(period, 4) as integer) "
    "+ cast(right(period, 2) as integer) when length(period) = 4 then cast(period as integer) end"
)
COUNTS = ", ".join(ROW_COUNTS.table.names)


def row_counts_query() -> str:
    """The relation that is published as `fct_row_counts`."""
    return f"""
        select {COUNTS} from (
            select table_name, period, province_code, row_count, subject_count,
                array_to_string(list_sort(filled), ',') as filled_columns
            from by_province
        ) order by table_name, period, province_code
    """


def open_views(con: duckdb.DuckDBPyConnection, as_of: date, published: Path | None) -> None:
    """Make the relations as temporary tables over `profiles`; `published` is the last publication's mart."""
    con.execute("""
        create or replace temp table by_province as
        with counted as (
            select table_name, period, coalesce(province_code, 'none') as province_code,
                cast(sum(row_count) as bigint) as row_count, count(distinct subject_id) as subject_count
            from profiles group by all
        ),
        columns as (
            select table_name, period, province_code, list(distinct name) as filled
            from (
                select table_name, period, coalesce(province_code, 'none') as province_code,
                    unnest(filled) as name
                from profiles
            ) group by all
        )
        select counted.*, coalesce(columns.filled, []) as filled
        from counted left join columns using (table_name, period, province_code)
    """)
    con.execute(f"""
        create or replace temp table by_period as
        with days as (
            select table_name, period, count(distinct day) as day_count
            from (select table_name, period, unnest(days) as day from profiles) group by all
        ),
        counted as (
            select table_name, period, {PLACE} as place, cast(sum(row_count) as bigint) as row_count,
                cast(sum(subject_count) as bigint) as subject_count,
                list_distinct(flatten(list(filled))) as filled
            from by_province group by table_name, period
        )
        select counted.*, coalesce(day_count, 0) as day_count,
            count(*) over same_table as period_count, median(row_count) over same_table as usual_rows,
            -- A few rows before or after the table proper, such as the hours by which time zones differ,
            -- are no part of its extent.
            min(case when row_count >= 0.2 * median_rows then place end) over same_table as first_place,
            max(case when row_count >= 0.2 * median_rows then place end) over same_table as last_place,
            case when length(period) = 7 then {12 * as_of.year + as_of.month}
                else {as_of.year} end as now_place
        from (select *, median(row_count) over (partition by table_name) as median_rows from counted) counted
        left join days using (table_name, period)
        window same_table as (partition by table_name)
    """)
    nothing = ", ".join(f"cast(null as {c.duckdb_type}) as {c.name}" for c in ROW_COUNTS.table.columns)
    read = f"select {COUNTS} from read_parquet({path_literal(published)})" if published else None
    con.execute(f"create or replace temp table before as {read or f'select {nothing} where false'}")


def names(values: tuple[str, ...]) -> str:
    """SQL list of texts for `in`; never empty."""
    return "(" + ", ".join(literal(value) for value in values or ("",)) + ")"
