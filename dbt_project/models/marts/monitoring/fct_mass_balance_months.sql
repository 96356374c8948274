with months as (select * from {{ ref("int_emission_months_compared") }})

-- A figure that differs by a unit of measure says nothing about the emissions; see fct_reading_faults.
select
    unit_id,
    month,
    period,
    entity_id,
    entity_name,
    sector,
    province_code,
    revision,
    reported_emissions_tco2,
    case when fuel_unit_factor is null then fuel_emissions_tco2 end as fuel_emissions_tco2,
    fuel_consumption_t,
    metered_fuel_t,
    case when metered_unit_factor is null then metered_emissions_tco2 end as metered_emissions_tco2,
    case when cems_unit_factor is null then cems_emissions_tco2 end as cems_emissions_tco2,
    cems_valid_hours,
    cems_hours,
    case when lab_unit_factor is null then lab_emissions_tco2 end as lab_emissions_tco2,
    sample_ids_json,
    electricity_generated_mwh,
    metered_electricity_mwh,
    heat_supplied_gj,
    fuel_energy_gj,
    fuel_energy_gj / nullif(electricity_generated_mwh, 0) as heat_rate_gj_per_mwh,
    uses_unverified_default,
    submitted_at,
    due_on,
    is_due_on_verified
from months
