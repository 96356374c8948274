"""Each completeness check as SQL over the relations of `completeness_views`.

A check gives one row a gap: table_name, period, province_code, column_name (`all` where it concerns all of
them), what was observed and what was expected at least, in the unit of its policy entry.
"""

from __future__ import annotations

from collections.abc import Callable

from pipelines.contract.tables import TABLES
from pipelines.core.sql import literal
from pipelines.lake.completeness_policy import Policy, Rule
from pipelines.lake.completeness_views import names

Query = Callable[[Rule, Policy], str]

_ALL = "'all' as province_code, 'all' as column_name"
_FIGURES = "cast({} as double) as observed, cast({} as double) as expected"


def _figures(observed: str, expected: str | float) -> str:
    return _FIGURES.format(observed, expected)


def table_withdrawn(rule: Rule, policy: Policy) -> str:
    """Tables that the last publication had rows of and that have none now."""
    return f"""
        select table_name, 'all' as period, {_ALL}, {_figures("0", "sum(row_count)")}
        from before where table_name not in (select table_name from by_period) group by table_name
    """


def table_absent(rule: Rule, policy: Policy) -> str:
    """Tables of the contract without any row, now or in the last publication."""
    return f"""
        select table_name, 'all' as period, {_ALL}, {_figures("0", "1")}
        from (select unnest([{", ".join(literal(name) for name in TABLES)}]) as table_name)
        where table_name not in (select table_name from by_period union select table_name from before)
    """


def _rows_against_publication(rule: Rule, most: float, least: float) -> str:
    share = "coalesce(n.row_count, 0) / b.row_count"
    return f"""
        select b.table_name, b.period, b.province_code, 'all' as column_name, {_figures(share, rule.value)}
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
        select b.table_name, b.period, b.province_code, b.column_name, {_figures("0", "1")}
        from (
            select *, unnest(string_split(filled_columns, ',')) as column_name from before
            where row_count >= {rule.rows}
        ) b
        join by_province n using (table_name, period, province_code)
        where b.column_name <> '' and not list_contains(n.filled, b.column_name)
    """


def period_missing(rule: Rule, policy: Policy) -> str:
    """Gaps between the first and the last period of a table that is delivered for nearly all of them."""
    period = (
        "case when is_month then printf('%04d-%02d', cast((place - 1) // 12 as integer), "
        "cast((place - 1) % 12 + 1 as integer)) else cast(place as varchar) end"
    )
    return f"""
        select table_name, {period} as period, {_ALL}, {_figures("present", rule.value)}
        from (
            select table_name, bool_or(length(period) = 7) as is_month, list(place) as places,
                count(*) / (max(place) - min(place) + 1) as present,
                unnest(range(min(place), max(place) + 1)) as place
            from by_period where place between first_place and last_place
            group by table_name having count(*) >= {rule.periods}
        ) where not list_contains(places, place) and present >= {rule.value}
    """


def period_missing_beside(rule: Rule, policy: Policy) -> str:
    """Periods without rows in a table, after its first one, although a related table has rows."""
    pairs = ", ".join(f"({literal(b.table)}, {literal(b.implied)})" for b in policy.beside)
    return f"""
        select implied as table_name, p.period, {_ALL}, {_figures("0", "p.row_count")}
        from (values {pairs}) as pairs(table_name, implied)
        join by_period p using (table_name)
        join (
            select table_name as implied, min(first_place) as first_place, max(last_place) as last_place,
                max(length(period)) as width
            from by_period group by all
        ) other using (implied)
        where p.row_count >= {rule.value} * p.usual_rows and length(p.period) = other.width
            and p.place >= other.first_place and p.place < p.now_place - 2
            and (implied, p.period) not in (select table_name, period from by_period)
    """


def province_missing(rule: Rule, policy: Policy) -> str:
    """Provinces that have rows in nearly all periods of a table and none in one of them."""
    return f"""
        with extent as (
            select distinct table_name, period, place from by_period
            where place between first_place and last_place and period_count >= {rule.periods}
        ),
        present as (
            select c.table_name, c.province_code, count(*) as periods, min(place) as since,
                max(place) as until, median(subject_count) as subjects
            from by_province c join extent using (table_name, period) group by all
        ),
        usual as (
            select p.*, count(*) as possible
            from present p join extent e on e.table_name = p.table_name and e.place >= p.since group by all
        )
        select e.table_name, e.period, u.province_code, 'all' as column_name,
            {_figures("0", "u.subjects")}
        from usual u join extent e on e.table_name = u.table_name and e.place > u.since
        where u.province_code <> 'none' and u.subjects >= {rule.subjects} and u.periods >= {rule.periods} - 1
            and (u.periods / u.possible >= {rule.value} or u.periods >= u.possible - 1)
            and (e.table_name, e.period, u.province_code)
                not in (select table_name, period, province_code from by_province)
    """


def province_missing_beside(rule: Rule, policy: Policy) -> str:
    """Provinces with registered units, or rows in a related table, that have no row in this one."""
    return f"""
        with registered as (
            select province_code, count(*) as subjects from profiles
            where table_name = 'units' and province_code is not null group by all
            having count(*) >= {rule.value}
        ),
        found as (
            select distinct table_name, province_code from by_province
            where table_name in {names(policy.registered)}
        ),
        covered as (
            select table_name, count(*) as provinces from found
            where province_code in (select province_code from registered) group by all
        )
        select table_name, 'all' as period, r.province_code, 'all' as column_name,
            {_figures("0", "r.subjects")}
        from covered, registered r
        where provinces >= 0.95 * (select count(*) from registered)
            and (table_name, r.province_code) not in (select table_name, province_code from found)
        union all
        select b.implied, p.period, p.province_code, 'all', 0, p.subject_count
        from (values {", ".join(f"({literal(b.table)}, {literal(b.implied)})" for b in policy.beside)})
            as b(table_name, implied)
        join by_province p using (table_name)
        join by_period w on w.table_name = p.table_name and w.period = p.period
        join by_period o on o.table_name = b.implied and o.period = p.period
        where p.subject_count >= {rule.value} and w.row_count >= 0.1 * w.usual_rows
            and o.row_count >= 0.1 * o.usual_rows
            and (b.implied, p.period, p.province_code)
                not in (select table_name, period, province_code from by_province)
            and exists (
                select 1 from by_province e join by_period w using (table_name, period)
                where e.table_name = b.implied and e.province_code = p.province_code and w.place < o.place
            )
    """


def _beside_other_periods(rule: Rule, figure: str, condition: str = "true") -> str:
    """A period's figure below a share of the median of the periods before it and of those after it."""
    return f"""
        with complete as (
            select *, {figure} as figure from by_period
            where place between first_place and least(last_place, now_place - 1)
                and (place > first_place or length(period) = 4) and period_count >= {rule.periods}
        ),
        spread as (
            select table_name, mad(figure) * 1.4826 as spread from complete group by all
        ),
        around as (
            select *, median(figure) over (partition by table_name order by place
                    rows between {rule.periods} preceding and 1 preceding) as earlier,
                median(figure) over (partition by table_name order by place
                    rows between 1 following and {rule.periods} following) as later
            from complete
        ),
        usual as (
            select a.table_name, a.period, a.figure, any_value(spread) as spread,
                least(coalesce(a.earlier, a.later), coalesce(a.later, a.earlier)) as usual,
                min(b.figure) as same_season
            from around a join spread using (table_name)
            left join complete b on a.table_name = b.table_name and a.period <> b.period
                and length(a.period) = 7 and a.place % 12 = b.place % 12
            group by a.table_name, a.period, a.figure, a.earlier, a.later
        )
        select table_name, period, {_ALL}, {_figures("figure / usual", rule.value)}
        from usual
        where usual > 0 and figure < {rule.value} * usual and {condition}
    """


def subjects_few(rule: Rule, policy: Policy) -> str:
    """Periods with far fewer units or entities than the table's other periods."""
    return _beside_other_periods(rule, "subject_count", "usual >= 5")


def rows_few(rule: Rule, policy: Policy) -> str:
    """Periods with far fewer rows than others, by the scatter of the table and by the season."""
    unusual = f"figure < usual - {rule.scaled_mad} * spread"
    return _beside_other_periods(rule, "row_count", f"{unusual} and figure < coalesce(same_season, usual)")


def days_few(rule: Rule, policy: Policy) -> str:
    """Periods of market tables in which far fewer days occur."""
    tables = f"table_name in {names(policy.trading_days)}"
    return _beside_other_periods(rule, "day_count", f"usual >= 10 and {tables}")


def calendar_incomplete(rule: Rule, policy: Policy) -> str:
    """Provinces whose instruments lack rows for a part of a period that has ended."""
    parts = []
    month = "date_trunc('month', cast(p.period || '-01' as date))"
    days = f"(date_diff('day', {month}, {month} + interval 1 month))"
    for entry in policy.calendar:
        made = f"row_count / {entry.rows_a_day}" if entry.rows_a_day else "day_count"
        parts.append(f"""
            select p.table_name, p.period, p.province_code, 'all' as column_name,
                {_figures(f"sum(p.{made}) / (count(*) * {days})", rule.value)}
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
        select b.implied as table_name, d.period, {_ALL},
            {_figures("count(*) filter (o.day is not null)", "count(*)")}
        from (values {listed}) as b(table_name, implied)
        join days d using (table_name)
        join (select table_name as implied, min(day) as first_day from days group by all) e using (implied)
        left join days o on o.table_name = b.implied and o.day = d.day
        where d.day >= e.first_day group by b.implied, b.table_name, d.period having count(*) > count(o.day)
    """


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
        select l.table_name, l.period, l.province_code, u.column_name, {_figures("0", "u.subjects")}
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
        select o.table_name, 'all' as period, 'all' as province_code, o.column_name, {_figures("0", "1")}
        from (values {", ".join(optional)}) as o(table_name, column_name)
        where o.table_name in (select table_name from by_period)
            and (o.table_name, o.column_name) not in
                (select table_name, unnest(filled) from by_period)
    """


def period_unexpected(rule: Rule, policy: Policy) -> str:
    """Periods in the future, or far from every other period of their table."""
    months = "case when length(period) = 7 then 1 else 12 end"
    away = "case when place > now_place then place - now_place else distance end * step"
    return f"""
        with neighbours as (
            select *, {months} as step, least(
                coalesce(place - lag(place) over same_table, 100000),
                coalesce(lead(place) over same_table - place, 100000)) as distance
            from by_period where place is not null
            window same_table as (partition by table_name order by place)
        )
        select table_name, period, {_ALL},
            {_figures(away, rule.value)}
        from neighbours
        where place > now_place or (period_count > {rule.periods} and distance * step > {rule.value})
    """


def province_unexpected(rule: Rule, policy: Policy) -> str:
    """Province codes of another form than nearly all others, or of no earlier publication."""
    form = "regexp_replace(regexp_replace(province_code, '[0-9]', '9', 'g'), '[A-Za-z]', 'A', 'g')"
    known = names((*policy.accepted_provinces, "none"))
    return f"""
        with forms as (
            select table_name, province_code, sum(row_count) as row_count, {form} as form
            from by_province where table_name in ('entities', 'parks') and province_code not in {known}
            group by all
        ),
        shares as (
            select *, sum(row_count) over (partition by table_name, form) as alike,
                sum(row_count) over (partition by table_name) as total
            from forms
        ),
        published as (select distinct table_name, province_code from before)
        select table_name, 'all' as period, province_code, 'all' as column_name,
            {_figures("alike / total", rule.value)}
        from shares
        where (alike / total < {rule.value} and total >= {rule.rows})
            or (table_name in (select table_name from published)
                and (table_name, province_code) not in (select table_name, province_code from published))
    """


QUERIES: dict[str, Query] = {
    check.__name__: check
    for check in (
        table_withdrawn,
        table_absent,
        rows_lost,
        rows_fewer,
        column_lost,
        period_missing,
        period_missing_beside,
        province_missing,
        province_missing_beside,
        subjects_few,
        rows_few,
        days_few,
        calendar_incomplete,
        days_missing_beside,
        column_empty_in_period,
        column_empty,
        period_unexpected,
        province_unexpected,
    )
}
"""The query of each check of the policy."""
