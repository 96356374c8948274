"""Emitters that are the sum of others: totals of a country, a region or the market with ids of their own.

A total that is called one is quarantined by its name when it is received (`pipelines.contract.checks`). One
with the name of a country or a province shows only in its figures: its verified emissions are, in every year,
those of all other emitters of its province code together, or of all emitters.

Two totals of one group, such as those of 27 and of 28 countries, hide each other: each is among the other's
others. Without provinces only a total of all emitters is found.

Belongs here: finding them. Does not belong here: leaving them out of sums (dbt, `int_compliance_usable`).
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb

from pipelines.lake.identifier_rows import ENTITY_ID, identifier_row

LEAST_OTHERS = 5
"""A sum of fewer emitters may be equal to a further one by chance or by ownership of a common plant."""

LEAST_TONNES = 10_000
"""A sum of smaller figures may be equal to a further one by chance."""

OTHERS_OF_ONE_YEAR = 20
"""A single year proves a total only with so many other emitters; two years do with the least number."""

_FIGURES = "totals_figures"


def totals(
    con: duckdb.DuckDBPyConnection, compliance: str, entities: str | None
) -> Iterator[dict[str, object]]:
    """One row an emitter that is the sum of others, of relations of kept rows.

    Totals of provinces are found first, so that a total of all emitters is compared with the emitters alone.
    """
    located = f"left join {entities} as e using (entity_id)" if entities else ""
    province = "coalesce(e.province_code, '')" if entities else "''"
    con.execute(
        f"create or replace temp table {_FIGURES} as "
        f"select c.entity_id, c.year, c.verified_emissions as tonnes, {province} as province_code "
        f"from {compliance} as c {located} where c.verified_emissions > 0"
    )
    for group in ("province_code", "'all'"):
        for entity_id, years, others in con.execute(_sums(group)).fetchall():
            con.execute(f"delete from {_FIGURES} where entity_id = ?", [entity_id])
            yield identifier_row(
                ENTITY_ID, "sum_of_others", entity_id, [entity_id], f"{others} emitters, {years} years"
            )
    con.execute(f"drop table {_FIGURES}")


def _sums(group: str) -> str:
    """Query of the emitters whose figure is that of all others of their group in each year that can show it.

    Published totals are rounded, by half a tonne an emitter at most.
    """
    return f"""
        with figures as (
            select entity_id, tonnes,
                sum(tonnes) over same_group - tonnes as other_tonnes, count(*) over same_group - 1 as others
            from {_FIGURES} window same_group as (partition by {group}, year)
        ),
        years as (
            select entity_id, others,
                abs(tonnes - other_tonnes) <= least(0.5 * others, 1e-4 * other_tonnes) as is_sum
            from figures where others >= {LEAST_OTHERS} and tonnes >= {LEAST_TONNES}
        )
        select entity_id, count(*), max(others) from years group by entity_id
        having bool_and(is_sum) and (count(*) > 1 or max(others) >= {OTHERS_OF_ONE_YEAR})
        order by entity_id
    """
