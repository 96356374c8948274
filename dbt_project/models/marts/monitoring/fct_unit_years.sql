with
    unit_years as (select * from {{ ref("int_unit_years_combined") }}),

    units as (select * from {{ ref("dim_units") }}),

    -- Ratios of sums, so that a nearly idle unit weighs little.
    peers as (
        select
            fuel,
            year,
            sum(case when heat_input_gj > 0 then co2_mass_tco2 end)
            / nullif(sum(case when co2_mass_tco2 > 0 then heat_input_gj end), 0) as co2_tco2_per_gj,
            sum(case when gross_load_mwh > 0 then co2_mass_tco2 end)
            / nullif(sum(case when co2_mass_tco2 > 0 then gross_load_mwh end), 0) as co2_tco2_per_mwh
        from unit_years
        where co2_mass_tco2 > 0
        group by fuel, year
    )

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
    unit_years.co2_mass_tco2 / nullif(unit_years.gross_load_mwh, 0) as co2_tco2_per_mwh,
    unit_years.month_count >= 12
    and {{ date_of("unit_years.year", "'12-31'") }} < {{ as_of() }} as is_whole_year,
    unit_years.blank_share,
    case
        when unit_years.blank_share < 1
        then unit_years.co2_mass_tco2 * unit_years.blank_share / (1 - unit_years.blank_share)
        when unit_years.blank_share = 1
        then
            coalesce(
                nullif(unit_years.heat_input_gj, 0) * peers.co2_tco2_per_gj,
                nullif(unit_years.gross_load_mwh, 0) * peers.co2_tco2_per_mwh
            )
    end as blank_co2_tco2
from unit_years
left join units on unit_years.unit_id = units.unit_id
left join peers on unit_years.fuel is not distinct from peers.fuel and unit_years.year = peers.year
