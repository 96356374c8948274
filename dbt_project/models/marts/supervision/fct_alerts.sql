with
    alerts as (select * from {{ ref("stg_alerts") }}),

    subjects as (select * from {{ ref("fct_alert_subjects") }}),

    names as (
        select entity_id as subject_id, entity_name, province_code
        from {{ ref("dim_entities") }}
        union all
        select unit_id as subject_id, entity_name, province_code
        from {{ ref("dim_units") }}
        union all
        select account_id as subject_id, holder_name as entity_name, province_code
        from {{ ref("dim_accounts") }}
    ),

    -- An alert may name several subjects. The first name in alphabetical order stands for them, among those
    -- of
    -- the alert's province where there are any, so that name and province belong together.
    named as (
        select
            alerts.alert_id,
            coalesce(
                min(case when names.province_code = alerts.province_code then names.entity_name end),
                min(names.entity_name)
            ) as entity_name
        from alerts
        inner join subjects on alerts.alert_id = subjects.alert_id
        inner join names on subjects.subject_id = names.subject_id
        group by alerts.alert_id
    )

select
    alerts.alert_id,
    alerts.kind,
    alerts.family,
    alerts.subject_type,
    {{ list_to_json("alerts.subject_ids") }} as subject_ids_json,
    named.entity_name,
    alerts.province_code,
    alerts.window_start,
    alerts.window_end,
    {{ month_text("alerts.window_start") }} as period,
    alerts.score,
    alerts.p_value,
    alerts.level,
    alerts.title_zh,
    alerts.title_en,
    alerts.measures,
    alerts.evidence,
    {{ list_to_json("alerts.rule_refs") }} as rule_refs_json,
    alerts.detector,
    alerts.detector_version,
    alerts.snapshot_id
from alerts
left join named on alerts.alert_id = named.alert_id
