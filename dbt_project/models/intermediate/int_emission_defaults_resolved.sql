with
    reports as (select * from {{ ref("int_activity_reports_latest") }}),

    units as (select * from {{ ref("stg_units") }}),

    entities as (select * from {{ ref("stg_entities") }}),

    defaults as (select * from {{ ref("rule_emission_defaults") }} where market = '{{ var("market_id") }}'),

    cases as (
        select distinct entities.sector, units.unit_class, reports.fuel, reports.month
        from reports
        inner join units on reports.unit_id = units.unit_id
        inner join entities on reports.entity_id = entities.entity_id
    ),

    candidates as (
        select
            cases.sector,
            cases.unit_class,
            cases.fuel,
            cases.month,
            defaults.parameter,
            defaults.value,
            row_number() over (
                partition by cases.sector, cases.unit_class, cases.fuel, cases.month, defaults.parameter
                order by
                    case when defaults.unit_class = cases.unit_class then 0 else 1 end,
                    case when defaults.sector = cases.sector then 0 else 1 end,
                    defaults.valid_from desc
            ) as preference
        from cases
        inner join
            defaults
            on cases.fuel = defaults.fuel
            and defaults.sector in ('all', cases.sector)
            and defaults.unit_class in ('all', cases.unit_class)
            and cases.month >= defaults.valid_from
            and cases.month <= coalesce(defaults.valid_to, cases.month)
    )

select
    sector,
    unit_class,
    fuel,
    month,
    max(case when parameter = 'oxidation_factor' then value end) as oxidation_factor,
    max(case when parameter = 'carbon_per_heat' then value end) as carbon_per_heat_tc_per_gj,
    max(case when parameter = 'ncv' then value end) as ncv
from candidates
where preference = 1
group by sector, unit_class, fuel, month
