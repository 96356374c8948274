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

    moments as (select distinct hour_started_at from cems_hourly),

    -- Many units share an hour, and its day in the market's time zone is costly to find.
    dated as (select hour_started_at, {{ month_start(local_date("hour_started_at")) }} as month from moments),

    hours as (
        select
            cems_hourly.unit_id,
            cems_hourly.period,
            dated.month,
            cems_hourly.quality,
            cems_hourly.co2_mass_tco2,
            cems_hourly.heat_input_gj,
            cems_hourly.gross_load_mwh,
            coalesce(cems_hourly.operating, 1) as operating
        from cems_hourly
        inner join dated on cems_hourly.hour_started_at = dated.hour_started_at
    )

-- Sums are rounded to a gram, so that the result does not depend on the order in which rows are added.
select
    unit_id,
    period,
    month,
    sum(case when operating > 0 then 1 else 0 end) as hours,
    sum(case when operating > 0 and quality = 'valid' then 1 else 0 end) as valid_hours,
    round(sum(operating), 6) as operating_hours,
    round(sum(case when quality in ('valid', 'substituted') then co2_mass_tco2 end), 6) as co2_mass_tco2,
    round(sum(heat_input_gj), 6) as heat_input_gj,
    round(sum(gross_load_mwh), 6) as gross_load_mwh
from hours
group by unit_id, period, month
