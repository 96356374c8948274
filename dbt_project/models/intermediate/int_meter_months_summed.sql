{{
    config(
        materialized=growing(),
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ drop_periods(this, 'meters_daily') }}",
    )
}}
{% set meters = ["coal_feed", "electricity_out", "heat_out", "product"] %}

with
    days as (
        select unit_id, period, {{ month_start("date") }} as month, meter, value
        from {{ ref("stg_meters_daily") }}
        where {{ in_changed_periods("meters_daily") }}
    ),

    ranges as (select * from {{ ref("reading_ranges") }} where source_table = 'meters_daily'),

    judged as (
        select days.*, {{ is_plausible("days.value", "ranges.minimum", "ranges.maximum") }} as is_plausible
        from days
        left join ranges on days.meter = ranges.applies_to
    ),

    -- An impossible reading counts as none.
    readings as (select *, case when is_plausible then value end as reading from judged),

    by_meter as (
        select
            unit_id,
            period,
            month,
            meter,
            sum(case when is_plausible then 0 else 1 end) as implausible_days,
            sum(reading) as total,
            -- A day without a reading gave at most what the month's highest day gave, if most days have one.
            case
                when
                    count(reading)
                    >= {{ var("meter_quorum") }} * {{ days_between("month", next_month("month")) }}
                then
                    sum(reading)
                    + ({{ days_between("month", next_month("month")) }} - count(reading)) * max(reading)
            end as at_most
        from readings
        group by unit_id, period, month, meter
    )

select
    unit_id,
    period,
    month,
    {% for meter in meters %}
        sum(case when meter = '{{ meter }}' then implausible_days else 0 end) as {{ meter }}_implausible_days,
    {% endfor %}
    round(sum(case when meter = 'coal_feed' then total end), 6) as coal_feed_t,
    round(sum(case when meter = 'coal_feed' then at_most end), 6) as coal_feed_at_most_t,
    round(sum(case when meter = 'electricity_out' then total end), 6) as electricity_out_mwh,
    round(sum(case when meter = 'electricity_out' then at_most end), 6) as electricity_out_at_most_mwh,
    round(sum(case when meter = 'heat_out' then at_most end), 6) as heat_out_at_most_gj,
    round(sum(case when meter = 'product' then at_most end), 6) as product_at_most_t
from by_meter
group by unit_id, period, month
