with
    reports as (select * from {{ ref("int_activity_reports_latest") }}),

    units as (select * from {{ ref("stg_units") }}),

    entities as (select * from {{ ref("stg_entities") }}),

    defaults as (select * from {{ ref("rule_emission_defaults") }}),

    cases as (
        select distinct entities.sector, units.unit_class, reports.fuel, reports.month
        from reports
        inner join units on reports.unit_id = units.unit_id
        inner join entities on reports.entity_id = entities.entity_id
    ),

    resolved as (
        {{
            rule_in_force(
                "cases",
                ["sector", "unit_class", "fuel", "month"],
                "defaults",
                on_date="month",
                applies_by="report_year",
                keys=["fuel"],
                general_keys=["unit_class", "sector"],
                per=["parameter"],
                values=["value"],
            )
        }}
    )

select
    sector,
    unit_class,
    fuel,
    month,
    max(case when parameter = 'oxidation_factor' then value end) as oxidation_factor,
    max(case when parameter = 'carbon_per_heat' then value end) as carbon_per_heat_tc_per_gj,
    max(case when parameter = 'ncv' then value end) as ncv,
    max(case when parameter = 'oxidation_factor' then is_rule_verified end) as is_oxidation_factor_verified,
    max(case when parameter = 'carbon_per_heat' then is_rule_verified end) as is_carbon_per_heat_verified,
    max(case when parameter = 'ncv' then is_rule_verified end) as is_ncv_verified
from resolved
group by sector, unit_class, fuel, month
