{{
    config(
        materialized=growing(),
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ drop_periods(this, 'cems_hourly') }}",
    )
}}
{% set quantities = cems_quantities() %}

with
    cems_hourly as (select * from {{ ref("stg_cems_hourly") }} where {{ in_changed_periods("cems_hourly") }}),

    ranges as (select * from {{ ref("reading_ranges") }}),

    bounds as ({{ reading_bounds("ranges", "cems_hourly", quantities) }}),

    impossible_hours as (
        select
            cems_hourly.*,
            {{
                own_month(
                    "cems_hourly.hour_started_at", "cems_hourly.utc_offset_minutes", "cems_hourly.period"
                )
            }} as month,
            {% for quantity in quantities %}
                bounds.{{ quantity }}_minimum, bounds.{{ quantity }}_maximum {{- "," if not loop.last }}
            {% endfor %}
        from cems_hourly
        cross join bounds
        where not {{ are_plausible("cems_hourly", "bounds", quantities) }}
    ),

    impossible_readings as (
        {% for quantity, column in quantities.items() %}
            select unit_id, period, month, '{{ quantity }}' as quantity, cast({{ column }} as double) as value
            from impossible_hours
            where not {{ is_plausible(column, quantity ~ "_minimum", quantity ~ "_maximum") }}
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    )

select unit_id, period, month, quantity, count(*) as readings, min(value) as lowest, max(value) as highest
from impossible_readings
group by unit_id, period, month, quantity
