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
    )

select
    unit_id,
    period,
    month,
    round(sum(case when meter = 'coal_feed' then value end), 6) as coal_feed_t,
    round(sum(case when meter = 'electricity_out' then value end), 6) as electricity_out_mwh
from days
group by unit_id, period, month
