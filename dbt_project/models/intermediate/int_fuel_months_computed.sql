with
    reports as (select * from {{ ref("int_activity_reports_latest") }}),

    units as (select * from {{ ref("stg_units") }}),

    entities as (select * from {{ ref("stg_entities") }}),

    fuels as (select * from {{ ref("rule_fuels") }}),

    defaults as (select * from {{ ref("int_emission_defaults_resolved") }}),

    ranges as (select * from {{ ref("reading_ranges") }} where source_table = 'activity_reports'),

    judged as (
        select
            reports.*,
            fuels.state = 'solid' as is_solid,
            coalesce(fuels.is_counted, false) as is_counted,
            {{ is_plausible("reports.ncv", "ncvs.minimum", "ncvs.maximum") }} as is_ncv_plausible,
            {{ is_plausible("reports.carbon_content", "carbons.minimum", "carbons.maximum") }}
            as is_carbon_plausible,
            {{ is_plausible("reports.oxidation_factor", "oxidations.minimum", "oxidations.maximum") }}
            as is_oxidation_plausible
        from reports
        left join fuels on reports.fuel = fuels.fuel
        left join ranges as ncvs on ncvs.quantity = 'ncv' and fuels.state = ncvs.applies_to
        left join
            ranges as carbons on carbons.quantity = 'carbon_content' and fuels.state = carbons.applies_to
        left join ranges as oxidations on oxidations.quantity = 'oxidation_factor'
    ),

    -- With an impossible factor nothing follows from the fuel; a default does not take its place.
    completed as (
        select
            reports.*,
            case when reports.is_ncv_plausible then coalesce(reports.ncv, defaults.ncv) end as ncv_used,
            case
                when reports.is_oxidation_plausible
                then coalesce(reports.oxidation_factor, defaults.oxidation_factor)
            end as oxidation_used,
            case
                when reports.is_carbon_plausible and reports.carbon_content is not null
                then reports.carbon_content
                when reports.is_carbon_plausible and reports.is_ncv_plausible
                then coalesce(reports.ncv, defaults.ncv) * defaults.carbon_per_heat_tc_per_gj
            end as carbon_used,
            coalesce(reports.ncv is null and not defaults.is_ncv_verified, false)
            or coalesce(reports.carbon_content is null and not defaults.is_carbon_per_heat_verified, false)
            or coalesce(
                reports.oxidation_factor is null and not defaults.is_oxidation_factor_verified, false
            ) as uses_unverified_default
        from judged as reports
        left join units on reports.unit_id = units.unit_id
        left join entities on reports.entity_id = entities.entity_id
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
    ncv,
    carbon_content,
    oxidation_factor,
    fuel_consumption * ncv_used as fuel_energy_gj,
    case
        when is_counted then {{ carbon_to_co2("fuel_consumption * carbon_used * oxidation_used") }}
    end as combustion_tco2,
    is_ncv_plausible,
    is_carbon_plausible,
    is_oxidation_plausible,
    uses_unverified_default,
    process_emissions_tco2,
    reported_emissions_tco2,
    electricity_generated_mwh,
    heat_supplied_gj,
    first_submitted_at
from completed
