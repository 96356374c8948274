{% set quantities = {
    "operating_hours": "operating_hours",
    "heat_input": "heat_input_gj",
    "gross_load": "gross_load_mwh",
    "co2_mass": "co2_mass_tco2",
} %}

with
    unit_years as (select * from {{ ref("stg_unit_years") }}),

    ranges as (select * from {{ ref("reading_ranges") }}),

    bounds as ({{ reading_bounds("ranges", "unit_years", quantities) }}),

    -- An impossible figure counts as none.
    stated_years as (
        select
            unit_years.unit_id,
            unit_years.year,
            unit_years.period,
            unit_years.fuel,
            cast(12 as bigint) as month_count,
            case
                when
                    unit_years.heat_input_gj > 0
                    or unit_years.gross_load_mwh > 0
                    or unit_years.operating_hours > 0
                then case when coalesce(unit_years.co2_mass_tco2, 0) = 0 then 1e0 else 0e0 end
            end as blank_share,
            {% for quantity, column in quantities.items() %}
                case
                    when
                        {{
                            is_plausible(
                                "unit_years." ~ column,
                                "bounds." ~ quantity ~ "_minimum",
                                "bounds." ~ quantity ~ "_maximum",
                            )
                        }}
                    then unit_years.{{ column }}
                end as {{ column }}{{ "," if not loop.last }}
            {% endfor %}
        from unit_years
        cross join bounds
    ),

    cems_months as (select * from {{ ref("int_cems_months_summed") }}),

    fuel_months as (select * from {{ ref("int_fuel_months_computed") }}),

    fuel_energy as (
        select
            unit_id, cast(extract(year from month) as bigint) as year, fuel, sum(fuel_energy_gj) as energy_gj
        from fuel_months
        where fuel_energy_gj is not null
        group by unit_id, cast(extract(year from month) as bigint), fuel
    ),

    main_fuels as (
        select
            unit_id,
            year,
            fuel,
            row_number() over (partition by unit_id, year order by energy_gj desc, fuel) as preference
        from fuel_energy
    ),

    cems_years as (
        select
            unit_id,
            cast(extract(year from month) as bigint) as year,
            -- Rounded like the months, so that the result does not depend on the order in which they are
            -- added.
            round(sum(operating_hours), 6) as operating_hours,
            round(sum(heat_input_gj), 6) as heat_input_gj,
            round(sum(gross_load_mwh), 6) as gross_load_mwh,
            round(sum(co2_mass_tco2), 6) as co2_mass_tco2,
            count(distinct month) as month_count,
            sum(blank_hours) as blank_hours,
            sum(valid_hours) as valid_hours
        from cems_months
        group by unit_id, cast(extract(year from month) as bigint)
    ),

    measured_years as (
        select
            cems_years.unit_id,
            cems_years.year,
            cast(cems_years.year as {{ dbt.type_string() }}) as period,
            cems_years.operating_hours,
            cems_years.heat_input_gj,
            cems_years.gross_load_mwh,
            cems_years.co2_mass_tco2,
            main_fuels.fuel,
            cems_years.month_count,
            cast(cems_years.blank_hours as double)
            / nullif(cems_years.blank_hours + cems_years.valid_hours, 0) as blank_share
        from cems_years
        left join unit_years on cems_years.unit_id = unit_years.unit_id and cems_years.year = unit_years.year
        left join
            main_fuels
            on cems_years.unit_id = main_fuels.unit_id
            and cems_years.year = main_fuels.year
            and main_fuels.preference = 1
        where unit_years.unit_id is null
    )

select
    unit_id,
    year,
    period,
    operating_hours,
    heat_input_gj,
    gross_load_mwh,
    co2_mass_tco2,
    fuel,
    blank_share,
    month_count
from stated_years
union all
select
    unit_id,
    year,
    period,
    operating_hours,
    heat_input_gj,
    gross_load_mwh,
    co2_mass_tco2,
    fuel,
    blank_share,
    month_count
from measured_years
