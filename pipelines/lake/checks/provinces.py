"""Completeness of provinces: those without rows, and codes that were not to be expected."""

from __future__ import annotations

from pipelines.core.sql import literal
from pipelines.lake.checks.gap import figures
from pipelines.lake.completeness_policy import Policy, Rule
from pipelines.lake.completeness_views import names


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
            {figures("0", "u.subjects")}
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
            {figures("0", "r.subjects")}
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
            {figures("alike / total", rule.value)}
        from shares
        where (alike / total < {rule.value} and total >= {rule.rows})
            or (table_name in (select table_name from published)
                and (table_name, province_code) not in (select table_name, province_code from published))
    """
