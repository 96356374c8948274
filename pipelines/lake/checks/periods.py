"""Completeness of periods: those without rows, with few rows, and those that were not to be expected."""

from __future__ import annotations

from pipelines.core.sql import literal
from pipelines.lake.checks.gap import ALL, figures
from pipelines.lake.completeness_policy import Policy, Rule


def period_missing(rule: Rule, policy: Policy) -> str:
    """Gaps between the first and the last period of a table that is delivered for nearly all of them."""
    period = (
        "case when is_month then printf('%04d-%02d', cast((place - 1) // 12 as integer), "
        "cast((place - 1) % 12 + 1 as integer)) else cast(place as varchar) end"
    )
    return f"""
        select table_name, {period} as period, {ALL}, {figures("present", rule.value)}
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
        select implied as table_name, p.period, {ALL}, {figures("0", "p.row_count")}
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


def beside_other_periods(rule: Rule, figure: str, condition: str = "true") -> str:
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
        select table_name, period, {ALL}, {figures("figure / usual", rule.value)}
        from usual
        where usual > 0 and figure < {rule.value} * usual and {condition}
    """


def subjects_few(rule: Rule, policy: Policy) -> str:
    """Periods with far fewer units or entities than the table's other periods."""
    return beside_other_periods(rule, "subject_count", "usual >= 5")


def rows_few(rule: Rule, policy: Policy) -> str:
    """Periods with far fewer rows than others, by the scatter of the table and by the season."""
    unusual = f"figure < usual - {rule.scaled_mad} * spread"
    return beside_other_periods(rule, "row_count", f"{unusual} and figure < coalesce(same_season, usual)")


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
        select table_name, period, {ALL},
            {figures(away, rule.value)}
        from neighbours
        where place > now_place or (period_count > {rule.periods} and distance * step > {rule.value})
    """
