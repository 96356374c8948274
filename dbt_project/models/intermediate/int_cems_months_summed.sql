{{
    config(
        materialized=growing(),
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ drop_periods(this, 'cems_hourly') }}",
    )
}}

with
    hours as (
        select
            unit_id,
            period,
            {{ month_start(local_date("ts")) }} as month,
            quality,
            co2_mass,
            heat_input,
            gross_load,
            coalesce(operating, 1) as operating
        from {{ ref("stg_cems_hourly") }}
        where {{ in_touched_periods("cems_hourly") }}
    )

-- Sums are rounded to a gram, so that the order in which rows are added leaves no trace.
select
    unit_id,
    period,
    month,
    sum(case when operating > 0 then 1 else 0 end) as hours,
    sum(case when operating > 0 and quality = 'valid' then 1 else 0 end) as valid_hours,
    round(sum(operating), 6) as operating_hours,
    round(sum(case when quality in ('valid', 'substituted') then co2_mass end), 6) as co2_mass_tco2,
    round(sum(heat_input), 6) as heat_input_gj,
    round(sum(gross_load), 6) as gross_load_mwh
from hours
group by unit_id, period, month
