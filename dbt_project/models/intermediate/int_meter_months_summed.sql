{{
    config(
        materialized=growing(),
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ drop_periods(this, 'meters_daily') }}",
    )
}}

with
    days as (
        select unit_id, period, {{ month_start("date") }} as month, meter, value
        from {{ ref("stg_meters_daily") }}
        where {{ in_changed_periods("meters_daily") }}
    ),

    by_meter as (
        select
            unit_id,
            period,
            month,
            meter,
            sum(value) as total,
            -- A day without a reading gave at most what the month's highest day gave.
            sum(value)
            + ({{ days_between("month", next_month("month")) }} - count(value)) * max(value) as at_most
        from days
        group by unit_id, period, month, meter
    )

select
    unit_id,
    period,
    month,
    round(sum(case when meter = 'coal_feed' then total end), 6) as coal_feed_t,
    round(sum(case when meter = 'coal_feed' then at_most end), 6) as coal_feed_at_most_t,
    round(sum(case when meter = 'electricity_out' then total end), 6) as electricity_out_mwh,
    round(sum(case when meter = 'electricity_out' then at_most end), 6) as electricity_out_at_most_mwh,
    round(sum(case when meter = 'heat_out' then at_most end), 6) as heat_out_at_most_gj,
    round(sum(case when meter = 'product' then at_most end), 6) as product_at_most_t
from by_meter
group by unit_id, period, month
