with
    unit_years as (select * from {{ ref("int_unit_years_combined") }}),

    units as (select * from {{ ref("dim_units") }})

select
    unit_years.unit_id,
    unit_years.year,
    unit_years.period,
    units.entity_id,
    units.entity_name,
    units.province_code,
    units.unit_class,
    units.capacity,
    units.capacity_unit,
    units.commissioned_on,
    unit_years.fuel,
    unit_years.operating_hours,
    unit_years.heat_input_gj,
    unit_years.gross_load_mwh,
    unit_years.co2_mass_tco2,
    case
        when units.capacity_unit = 'MW'
        then unit_years.gross_load_mwh / nullif(units.capacity * unit_years.operating_hours, 0)
    end as load_factor,
    unit_years.heat_input_gj / nullif(unit_years.gross_load_mwh, 0) as heat_rate_gj_per_mwh,
    unit_years.co2_mass_tco2 / nullif(unit_years.heat_input_gj, 0) as co2_tco2_per_gj,
    unit_years.co2_mass_tco2 / nullif(unit_years.gross_load_mwh, 0) as co2_tco2_per_mwh
from unit_years
left join units on unit_years.unit_id = units.unit_id
