"""Completeness of days and hours inside a period."""

from __future__ import annotations

from pipelines.core.sql import literal
from pipelines.lake.checks.gap import ALL, figures
from pipelines.lake.checks.periods import beside_other_periods
from pipelines.lake.completeness_policy import Policy, Rule
from pipelines.lake.completeness_views import names


def days_few(rule: Rule, policy: Policy) -> str:
    """Periods of market tables in which far fewer days occur."""
    tables = f"table_name in {names(policy.trading_days)}"
    return beside_other_periods(rule, "day_count", f"usual >= 10 and {tables}")


def calendar_incomplete(rule: Rule, policy: Policy) -> str:
    """Provinces whose instruments lack rows for a part of a period that has ended."""
    parts = []
    month = "date_trunc('month', cast(p.period || '-01' as date))"
    days = f"(date_diff('day', {month}, {month} + interval 1 month))"
    for entry in policy.calendar:
        made = f"row_count / {entry.rows_a_day}" if entry.rows_a_day else "day_count"
        parts.append(f"""
            select p.table_name, p.period, p.province_code, 'all' as column_name,
                {figures(f"sum(p.{made}) / (count(*) * {days})", rule.value)}
            from profiles p join by_period w on w.table_name = p.table_name and w.period = p.period
            where p.table_name = {literal(entry.table)} and p.province_code is not null
                and length(p.period) = 7 and w.row_count >= 0.2 * w.usual_rows and w.place < w.now_place
            group by p.table_name, p.period, p.province_code
            having sum(p.{made}) < {rule.value} * count(*) * {days}
        """)
    return " union all ".join(parts)


def days_missing_beside(rule: Rule, policy: Policy) -> str:
    """Days of a market table for which its related table has no row, by month."""
    pairs = [b for b in policy.beside if b.grain == "day"]
    listed = ", ".join(f"({literal(b.table)}, {literal(b.implied)})" for b in pairs)
    return f"""
        with days as (select distinct table_name, period, unnest(days) as day from profiles)
        select b.implied as table_name, d.period, {ALL},
            {figures("count(*) filter (o.day is not null)", "count(*)")}
        from (values {listed}) as b(table_name, implied)
        join days d using (table_name)
        join (select table_name as implied, min(day) as first_day from days group by all) e using (implied)
        left join days o on o.table_name = b.implied and o.day = d.day
        where d.day >= e.first_day group by b.implied, b.table_name, d.period having count(*) > count(o.day)
    """
