with
    reports as (select * from {{ ref("int_activity_reports_latest") }}),

    units as (select * from {{ ref("stg_units") }}),

    entities as (select * from {{ ref("stg_entities") }}),

    fuels as (select * from {{ ref("rule_fuels") }}),

    defaults as (select * from {{ ref("int_emission_defaults_resolved") }}),

    completed as (
        select
            reports.*,
            fuels.state = 'solid' as is_solid,
            coalesce(fuels.is_counted, false) as is_counted,
            coalesce(reports.ncv, defaults.ncv) as ncv_used,
            coalesce(reports.oxidation_factor, defaults.oxidation_factor) as oxidation_used,
            coalesce(
                reports.carbon_content,
                coalesce(reports.ncv, defaults.ncv) * defaults.carbon_per_heat_tc_per_gj
            ) as carbon_used,
            coalesce(reports.ncv is null and not defaults.is_ncv_verified, false)
            or coalesce(reports.carbon_content is null and not defaults.is_carbon_per_heat_verified, false)
            or coalesce(
                reports.oxidation_factor is null and not defaults.is_oxidation_factor_verified, false
            ) as uses_unverified_default
        from reports
        left join units on reports.unit_id = units.unit_id
        left join entities on reports.entity_id = entities.entity_id
        left join fuels on reports.fuel = fuels.fuel
        left join
            defaults
            on entities.sector = defaults.sector
            and units.unit_class = defaults.unit_class
            and reports.fuel = defaults.fuel
            and reports.month = defaults.month
    )

select
    unit_id,
    month,
    period,
    entity_id,
    fuel,
    revision,
    coalesce(is_solid, false) as is_solid,
    fuel_consumption,
    fuel_consumption * ncv_used as fuel_energy_gj,
    case
        when is_counted then {{ carbon_to_co2("fuel_consumption * carbon_used * oxidation_used") }}
    end as combustion_tco2,
    uses_unverified_default,
    process_emissions_tco2,
    reported_emissions_tco2,
    electricity_generated_mwh,
    heat_supplied_gj,
    first_submitted_at
from completed
