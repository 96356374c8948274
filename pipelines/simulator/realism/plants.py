"""Measures of plants, laboratories and monitors; one value for the whole span."""

from __future__ import annotations

import duckdb

from pipelines.simulator.realism.market import Measures

_SPAN = "all years"
# Reported and monitored CO2 of a unit's month, where at least nine tenths of the hours were valid.
_MONITORED = """
    with hours as (
        select
            unit_id,
            date_trunc('month', ts + interval 8 hour) as month,
            sum(co2_mass) as monitored,
            count(*) as hours,
            count(co2_mass) as seen
        from cems_hourly
        group by all
    ),
    ratios as (
        select monitored * hours / seen / reported_emissions as ratio
        from hours
        join activity_reports
            on activity_reports.unit_id = hours.unit_id and activity_reports.month = hours.month
        where seen > 0.9 * hours and reported_emissions > 0
    )
"""
_ANALYSES = """
    with analyses as (
        select
            fuel,
            10 * carbon * (100 - total_moisture) / (100 - moisture) / ncv as carbon_per_heat,
            100 * carbon / (100 - moisture - ash) as carbon_daf
        from lab_tests
        where ncv > 0 and carbon is not null and moisture + ash < 95
    )
"""
_BY_SECTOR = """
    with totals as (
        select entities.sector, compliance.verified_emissions as emissions
        from compliance join entities using (entity_id)
        where compliance.year = (select max(year) from compliance)
    )
"""
_QUERIES = {
    "power_share": f"""{_BY_SECTOR}
        select sum(emissions) filter (where sector = 'power') / sum(emissions) from totals""",
    "entity_emissions_median": f"""{_BY_SECTOR}
        select median(emissions) / 1e6 from totals where sector = 'power'""",
    "cems_to_report": f"{_MONITORED} select median(ratio) from ratios",
    "cems_to_report_spread": f"""{_MONITORED}
        select (quantile_cont(ratio, 0.95) - quantile_cont(ratio, 0.05)) / 2 from ratios""",
    **{
        f"carbon_per_heat_{fuel}": f"""{_ANALYSES}
            select avg(carbon_per_heat) from analyses where fuel = '{fuel}'"""
        for fuel in ("coal", "lignite", "anthracite")
    },
    "carbon_daf_inside": f"""{_ANALYSES}
        select avg(case fuel
            when 'lignite' then carbon_daf between 60 and 77
            when 'anthracite' then carbon_daf between 90 and 98
            else carbon_daf between 74 and 92
        end::int) from analyses where fuel in ('coal', 'lignite', 'anthracite')""",
    "default_carbon_share": """
        select avg((carbon_basis = 'default')::int)
        from activity_reports join units using (unit_id)
        where fuel in ('coal', 'lignite', 'anthracite') and starts_with(unit_class, 'coal')
    """,
}


def plant_measures(con: duckdb.DuckDBPyConnection) -> Measures:
    """Every measure of the plants by name; the only key is the whole span."""
    out: Measures = {}
    for name, query in _QUERIES.items():
        row = con.execute(query).fetchone()
        if row is not None and row[0] is not None:
            out[name] = {_SPAN: float(row[0])}
    return out
