{% set unit_year_quantities = {
    "operating_hours": "operating_hours",
    "heat_input": "heat_input_gj",
    "gross_load": "gross_load_mwh",
    "co2_mass": "co2_mass_tco2",
} %}
{% set meters = ["coal_feed", "electricity_out", "heat_out", "product"] %}
{% set factors = {"ncv": "ncv", "carbon_content": "carbon", "oxidation_factor": "oxidation"} %}
{% set compared = {
    "fuel_emissions": ["activity_reports", "fuel_unit_factor"],
    "metered_emissions": ["meters_daily", "metered_unit_factor"],
    "lab_emissions": ["lab_tests", "lab_unit_factor"],
    "cems_emissions": ["cems_hourly", "cems_unit_factor"],
} %}

with
    impossible_readings as (select * from {{ ref("int_cems_impossible_readings") }}),

    meter_months as (select * from {{ ref("int_meter_months_summed") }}),

    fuel_months as (select * from {{ ref("int_fuel_months_computed") }}),

    emission_months as (select * from {{ ref("int_emission_months_compared") }}),

    unit_years as (select * from {{ ref("stg_unit_years") }}),

    ranges as (select * from {{ ref("reading_ranges") }}),

    units as (select * from {{ ref("dim_units") }}),

    unit_year_bounds as ({{ reading_bounds("ranges", "unit_years", unit_year_quantities) }}),

    cems as (
        select
            unit_id,
            month,
            quantity,
            sum(readings) as readings,
            min(lowest) as lowest,
            max(highest) as highest
        from impossible_readings
        group by unit_id, month, quantity
    ),

    faults as (
        select
            'cems_hourly' as source_table,
            cems.unit_id,
            cems.month as period_start,
            cems.quantity,
            'impossible_value' as fault,
            cast(cems.readings as bigint) as readings,
            cems.lowest,
            cems.highest,
            case
                when cems.quantity = 'co2_mass'
                then
                    {{
                        unit_factor(
                            "(cems.lowest + cems.highest) / 2",
                            "emission_months.reported_emissions_tco2 / nullif(emission_months.cems_hours, 0)",
                        )
                    }}
            end as unit_factor
        from cems
        left join
            emission_months on cems.unit_id = emission_months.unit_id and cems.month = emission_months.month
        {% for meter in meters %}
            union all
            select
                'meters_daily' as source_table,
                unit_id,
                month as period_start,
                '{{ meter }}' as quantity,
                'impossible_value' as fault,
                cast(sum({{ meter }}_implausible_days) as bigint) as readings,
                cast(null as double) as lowest,
                cast(null as double) as highest,
                cast(null as double) as unit_factor
            from meter_months
            where {{ meter }}_implausible_days > 0
            group by unit_id, month
        {% endfor %}
        {% for quantity, column in unit_year_quantities.items() %}
            union all
            select
                'unit_years' as source_table,
                unit_years.unit_id,
                {{ date_of("unit_years.year", "'01-01'") }} as period_start,
                '{{ quantity }}' as quantity,
                'impossible_value' as fault,
                cast(1 as bigint) as readings,
                unit_years.{{ column }} as lowest,
                unit_years.{{ column }} as highest,
                {% if quantity == "co2_mass" -%}
                    -- Fuels emit between 0.05 and 0.11 t/GJ.
                    {{ unit_factor("unit_years.co2_mass_tco2", "(0.075 * unit_years.heat_input_gj)", 1.6) }}
                {%- else -%} cast(null as double)
                {%- endif %} as unit_factor
            from unit_years
            cross join unit_year_bounds as bounds
            where
                not {{
                    is_plausible(
                        "unit_years." ~ column,
                        "bounds." ~ quantity ~ "_minimum",
                        "bounds." ~ quantity ~ "_maximum",
                    )
                }}
        {% endfor %}
        {% for quantity, name in factors.items() %}
            union all
            select
                'activity_reports' as source_table,
                unit_id,
                month as period_start,
                '{{ quantity }}' as quantity,
                'impossible_value' as fault,
                count(*) as readings,
                min({{ quantity }}) as lowest,
                max({{ quantity }}) as highest,
                {% if quantity == "ncv" -%} max({{ heat_unit_factor("ncv", "is_solid") }})
                {%- else -%} max(case when {{ quantity }} between 1 and 100 then cast(100 as double) end)
                {%- endif %} as unit_factor
            from fuel_months
            where not is_{{ name }}_plausible
            group by unit_id, month
        {% endfor %}
        {% for quantity, (source_table, factor) in compared.items() %}
            union all
            select
                '{{ source_table }}' as source_table,
                unit_id,
                month as period_start,
                '{{ quantity }}' as quantity,
                'unit_of_measure' as fault,
                cast(1 as bigint) as readings,
                {{ quantity }}_tco2 as lowest,
                {{ quantity }}_tco2 as highest,
                {{ factor }} as unit_factor
            from emission_months
            where {{ factor }} is not null
        {% endfor %}
    )

select
    faults.source_table,
    faults.unit_id,
    faults.period_start,
    {{ month_text("faults.period_start") }} as period,
    faults.quantity,
    faults.fault,
    units.entity_id,
    units.entity_name,
    units.province_code,
    faults.readings,
    faults.lowest,
    faults.highest,
    faults.unit_factor
from faults
left join units on faults.unit_id = units.unit_id
