{{
    config(
        materialized=growing(),
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ drop_periods(this, 'lab_tests', whole=['entities', 'service_bodies']) }}",
    )
}}

with
    lab_tests as (
        select *
        from {{ ref("stg_lab_tests") }}
        where {{ in_changed_periods("lab_tests", whole=["entities", "service_bodies"]) }}
    ),

    entities as (select * from {{ ref("stg_entities") }}),

    service_bodies as (select * from {{ ref("stg_service_bodies") }})

select
    lab_tests.sample_id,
    lab_tests.period,
    lab_tests.report_no,
    lab_tests.entity_id,
    entities.entity_name,
    entities.province_code,
    lab_tests.unit_id,
    lab_tests.lab_id,
    service_bodies.body_name as lab_name,
    lab_tests.fuel,
    lab_tests.sampled_on,
    lab_tests.received_on,
    lab_tests.tested_on,
    lab_tests.reported_on,
    lab_tests.total_moisture_pct,
    lab_tests.moisture_pct,
    lab_tests.ash_pct,
    lab_tests.volatile_pct,
    lab_tests.sulphur_pct,
    lab_tests.hydrogen_pct,
    lab_tests.carbon_pct,
    lab_tests.ncv_gj_per_t,
    lab_tests.carbon_pct
    * 100.0
    / nullif(100.0 - lab_tests.moisture_pct - lab_tests.ash_pct, 0) as carbon_daf_pct,
    coalesce(lab_tests.tested_on < lab_tests.sampled_on, false) as tested_before_sampled,
    coalesce(lab_tests.tested_on < lab_tests.received_on, false) as tested_before_received,
    coalesce(lab_tests.reported_on < lab_tests.tested_on, false) as reported_before_tested,
    coalesce(lab_tests.received_on < lab_tests.sampled_on, false) as received_before_sampled,
    {{ days_between("lab_tests.sampled_on", "lab_tests.reported_on") }} as days_to_report
from lab_tests
left join entities on lab_tests.entity_id = entities.entity_id
left join service_bodies on lab_tests.lab_id = service_bodies.body_id
