with
    reports as (select * from {{ ref("int_emission_reports_latest") }}),

    entities as (select * from {{ ref("stg_entities") }}),

    due_dates as (select * from {{ ref("int_due_dates_resolved") }} where duty = 'annual_report')

select
    reports.entity_id,
    reports.year,
    reports.period,
    entities.entity_name,
    entities.sector,
    entities.province_code,
    reports.revision,
    reports.revision_count,
    reports.combustion_tco2,
    reports.process_tco2,
    reports.waste_tco2e,
    reports.purchased_energy_tco2,
    reports.total_tco2e,
    reports.submitted_at,
    reports.first_submitted_at,
    due_dates.due_on,
    due_dates.rule_id as due_rule_id,
    due_dates.is_rule_verified as is_due_on_verified,
    case
        when due_dates.due_on is not null and reports.first_submitted_at is not null
        then
            greatest(
                {{ days_between("due_dates.due_on", local_date("reports.first_submitted_at")) }},
                cast(0 as bigint)
            )
    end as days_late,
    reports.verifier_id,
    reports.verified_total_tco2e,
    reports.verified_at,
    reports.conclusion
from reports
left join entities on reports.entity_id = entities.entity_id
left join due_dates on entities.sector = due_dates.sector and reports.year = due_dates.year
