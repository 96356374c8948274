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

    judged as (
        select
            cems_hourly.*,
            {{ are_plausible("cems_hourly", "bounds", quantities) }} as is_plausible,
            coalesce(cems_hourly.operating, 1) <> 0 as is_running
        from cems_hourly
        cross join bounds
    ),

    hours as (
        select
            unit_id,
            period,
            {{ own_month("hour_started_at", "utc_offset_minutes", "period") }} as month,
            quality,
            co2_mass_tco2,
            heat_input_gj,
            gross_load_mwh,
            is_running,
            is_plausible,
            {{ is_usable_hour("quality", "co2_mass_tco2", "is_plausible") }} as is_usable,
            coalesce(operating, 1) as operating
        from judged
    )

-- Sums are rounded to a gram, so that the result does not depend on the order in which rows are added.
select
    unit_id,
    period,
    month,
    sum(case when is_running then 1 else 0 end) as hours,
    sum(case when is_running then 0 else 1 end) as idle_hours,
    sum(case when is_running and is_usable and quality = 'valid' then 1 else 0 end) as valid_hours,
    sum(case when is_plausible then 0 else 1 end) as implausible_hours,
    sum(
        case
            when
                is_plausible
                and co2_mass_tco2 is null
                and quality in ('valid', 'substituted')
                and (heat_input_gj > 0 or gross_load_mwh > 0)
            then 1
            else 0
        end
    ) as blank_hours,
    round(sum(case when is_usable then operating end), 6) as operating_hours,
    round(sum(case when is_usable then co2_mass_tco2 end), 6) as co2_mass_tco2,
    round(sum(case when is_usable then heat_input_gj end), 6) as heat_input_gj,
    round(sum(case when is_usable then gross_load_mwh end), 6) as gross_load_mwh
from hours
group by unit_id, period, month
