{{
    config(
        materialized=growing(),
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ drop_periods(this, 'cems_hourly') }}",
    )
}}

with
    cems_hourly as (select * from {{ ref("stg_cems_hourly") }} where {{ in_changed_periods("cems_hourly") }}),

    moments as (select distinct ts from cems_hourly),

    -- Many units share an hour, and its day in the market's time zone is costly to find.
    dated as (select ts, {{ month_start(local_date("ts")) }} as month from moments),

    hours as (
        select
            cems_hourly.unit_id,
            cems_hourly.period,
            dated.month,
            cems_hourly.quality,
            cems_hourly.co2_mass,
            cems_hourly.heat_input,
            cems_hourly.gross_load,
            coalesce(cems_hourly.operating, 1) as operating
        from cems_hourly
        inner join dated on cems_hourly.ts = dated.ts
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
