"""Completeness compared with the last publication: tables, rows and columns that are missing now."""

from __future__ import annotations

from pipelines.contract.tables import TABLES
from pipelines.core.sql import literal
from pipelines.lake.checks.gap import ALL, figures
from pipelines.lake.completeness_policy import Policy, Rule


def table_withdrawn(rule: Rule, policy: Policy) -> str:
    """Tables that the last publication had rows of and that have none now."""
    return f"""
        select table_name, 'all' as period, {ALL}, {figures("0", "sum(row_count)")}
        from before where table_name not in (select table_name from by_period) group by table_name
    """


def table_absent(rule: Rule, policy: Policy) -> str:
    """Tables of the contract without any row, now or in the last publication."""
    return f"""
        select table_name, 'all' as period, {ALL}, {figures("0", "1")}
        from (select unnest([{", ".join(literal(name) for name in TABLES)}]) as table_name)
        where table_name not in (select table_name from by_period union select table_name from before)
    """


def _rows_against_publication(rule: Rule, most: float, least: float) -> str:
    share = "coalesce(n.row_count, 0) / b.row_count"
    return f"""
        select b.table_name, b.period, b.province_code, 'all' as column_name, {figures(share, rule.value)}
        from before b left join by_province n using (table_name, period, province_code)
        where b.row_count >= {rule.rows} and {share} < {most} and {share} >= {least}
            and b.table_name in (select table_name from by_period)
    """


def rows_lost(rule: Rule, policy: Policy) -> str:
    """A published period and province that lost most of its rows, or all."""
    return _rows_against_publication(rule, rule.value, 0)


def rows_fewer(rule: Rule, policy: Policy) -> str:
    """A published period and province that lost some of its rows."""
    return _rows_against_publication(rule, rule.value, policy.checks.rows_lost.value)


def column_lost(rule: Rule, policy: Policy) -> str:
    """Columns that had values in a published period and province and have none there now."""
    return f"""
        select b.table_name, b.period, b.province_code, b.column_name, {figures("0", "1")}
        from (
            select *, unnest(string_split(filled_columns, ',')) as column_name from before
            where row_count >= {rule.rows}
        ) b
        join by_province n using (table_name, period, province_code)
        where b.column_name <> '' and not list_contains(n.filled, b.column_name)
    """
