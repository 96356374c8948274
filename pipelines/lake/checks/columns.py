"""Completeness of columns: optional ones without values, in a period or at all."""

from __future__ import annotations

from pipelines.contract.tables import TABLES
from pipelines.core.sql import literal
from pipelines.lake.checks.gap import figures
from pipelines.lake.completeness_policy import Policy, Rule


def column_empty_in_period(rule: Rule, policy: Policy) -> str:
    """Columns without a value in a period, overall or in one province, that usually have values."""
    return f"""
        with complete as (
            select table_name, period from by_period
            where place between first_place and last_place and (place > first_place or length(period) = 4)
        ),
        with_values as (
            select table_name, period, province_code, column_name, count(*) as subjects
            from (
                select table_name, period, column_name, unnest([province_code, 'all']) as province_code
                from (select *, unnest(filled) as column_name from profiles)
            )
            where province_code is not null group by all
        ),
        lines as (
            select distinct table_name, period, province_code
            from (
                select table_name, period, unnest([province_code, 'all']) as province_code from profiles
            ) join complete using (table_name, period)
            where province_code is not null
        ),
        spans as (select table_name, province_code, count(*) as periods from lines group by all),
        usual as (
            select table_name, province_code, column_name, count(*) as periods_with,
                median(subjects) as subjects
            from with_values join complete using (table_name, period) group by all
        )
        select l.table_name, l.period, l.province_code, u.column_name, {figures("0", "u.subjects")}
        from lines l
        join spans s using (table_name, province_code)
        join usual u using (table_name, province_code)
        left join with_values w on w.table_name = l.table_name and w.period = l.period
            and w.province_code = l.province_code and w.column_name = u.column_name
        where w.column_name is null and u.periods_with >= {rule.periods} - 1
            and (u.subjects >= 3 or l.province_code = 'all')
            and (u.periods_with >= s.periods - 1 or u.periods_with / s.periods >= {rule.value})
    """


def column_empty(rule: Rule, policy: Policy) -> str:
    """Optional columns of delivered tables that have no value at all."""
    optional = [
        f"({literal(table.name)}, {literal(column.name)})"
        for table in TABLES.values()
        for column in table.columns
        if column.nullable
    ]
    return f"""
        select o.table_name, 'all' as period, 'all' as province_code, o.column_name, {figures("0", "1")}
        from (values {", ".join(optional)}) as o(table_name, column_name)
        where o.table_name in (select table_name from by_period)
            and (o.table_name, o.column_name) not in
                (select table_name, unnest(filled) from by_period)
    """
