{# A table, since two marts read it whole. #}
{{ config(materialized="table") }}

with
    fuel_months as (select * from {{ ref("int_fuel_months_computed") }}),

    cems_months as (select * from {{ ref("int_cems_months_summed") }}),

    meter_months as (select * from {{ ref("int_meter_months_summed") }}),

    lab_months as (select * from {{ ref("int_lab_months_averaged") }}),

    units as (select * from {{ ref("dim_units") }}),

    filing_rules as (select * from {{ ref("int_filing_days_resolved") }}),

    reported as (
        select
            unit_id,
            month,
            period,
            max(entity_id) as entity_id,
            max(revision) as revision,
            sum(reported_emissions_tco2) as reported_emissions_tco2,
            sum(combustion_tco2) as combustion_tco2,
            sum(case when is_solid then combustion_tco2 end) as solid_combustion_tco2,
            sum(process_emissions_tco2) as process_tco2,
            sum(case when is_solid then fuel_consumption end) as fuel_consumption_t,
            sum(electricity_generated_mwh) as electricity_generated_mwh,
            sum(heat_supplied_gj) as heat_supplied_gj,
            sum(fuel_energy_gj) as fuel_energy_gj,
            max(uses_unverified_default) as uses_unverified_default,
            min(first_submitted_at) as submitted_at
        from fuel_months
        group by unit_id, month, period
    ),

    cems as (
        select
            unit_id,
            month,
            sum(co2_mass_tco2) as cems_emissions_tco2,
            cast(sum(valid_hours) as bigint) as cems_valid_hours,
            -- An hour that is absent counts as one in which the unit ran and nothing was measured.
            cast({{ month_hours("month") }} - sum(idle_hours) as bigint) as cems_hours
        from cems_months
        group by unit_id, month
    ),

    metered as (
        select
            unit_id,
            month,
            sum(coal_feed_t) as metered_fuel_t,
            sum(electricity_out_mwh) as metered_electricity_mwh
        from meter_months
        group by unit_id, month
    ),

    joined as (
        select
            reported.*,
            units.entity_name,
            units.sector,
            units.province_code,
            metered.metered_fuel_t,
            metered.metered_electricity_mwh,
            cems.cems_emissions_tco2,
            cems.cems_valid_hours,
            cems.cems_hours,
            {{ carbon_to_co2("reported.fuel_consumption_t * lab_months.carbon_tc_per_t") }}
            as lab_emissions_tco2,
            lab_months.sample_ids_json,
            case
                when reported.combustion_tco2 is not null or reported.process_tco2 is not null
                then coalesce(reported.combustion_tco2, 0) + coalesce(reported.process_tco2, 0)
            end as fuel_emissions_tco2,
            filing_rules.due_on,
            filing_rules.is_rule_verified as is_due_on_verified
        from reported
        left join units on reported.unit_id = units.unit_id
        left join metered on reported.unit_id = metered.unit_id and reported.month = metered.month
        left join cems on reported.unit_id = cems.unit_id and reported.month = cems.month
        left join lab_months on reported.unit_id = lab_months.unit_id and reported.month = lab_months.month
        left join
            filing_rules
            on units.sector is not distinct from filing_rules.sector
            and reported.month = filing_rules.month
    ),

    compared as (
        select
            *,
            fuel_emissions_tco2
            + solid_combustion_tco2
            * (metered_fuel_t / nullif(fuel_consumption_t, 0) - 1) as metered_emissions_tco2
        from joined
    )

select
    *,
    {{ unit_factor("fuel_emissions_tco2", "reported_emissions_tco2") }} as fuel_unit_factor,
    {{ unit_factor("metered_emissions_tco2", "reported_emissions_tco2") }} as metered_unit_factor,
    {{ unit_factor("lab_emissions_tco2", "reported_emissions_tco2") }} as lab_unit_factor,
    {{ unit_factor("cems_emissions_tco2", "reported_emissions_tco2") }} as cems_unit_factor
from compared
