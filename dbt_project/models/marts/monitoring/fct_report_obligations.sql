with
    annual_reports as (select * from {{ ref("int_annual_reports_expected") }}),

    monthly_filings as (select * from {{ ref("int_monthly_filings_expected") }}),

    compliance_years as (
        select * from {{ ref("fct_compliance_years") }} where coalesce(verdict, 'unknown') <> 'no_obligation'
    ),

    entities as (select * from {{ ref("dim_entities") }}),

    surrender_dates as (select * from {{ ref("int_due_dates_resolved") }} where duty = 'surrender'),

    obligations as (
        select
            'annual_report' as report_kind,
            'entity' as subject_type,
            entity_id as subject_id,
            entity_id,
            period_start,
            year,
            is_submitted,
            submitted_at,
            revision_count,
            due_on,
            due_rule_id,
            is_due_on_verified,
            submitted_share
        from annual_reports
        union all
        select
            'verified_emissions' as report_kind,
            'entity' as subject_type,
            entity_id as subject_id,
            entity_id,
            {{ date_of("year", "'01-01'") }} as period_start,
            year,
            verdict not in ('not_reported', 'not_due')
            or verified_emissions_tco2e is not null
            or has_unusable_emissions
            or cumulative_verified_tco2e is not null as is_submitted,
            cast(null as {{ dbt.type_timestamp() }}) as submitted_at,
            cast(null as bigint) as revision_count,
            due_on,
            due_rule_id,
            is_due_on_verified,
            reported_share as submitted_share
        from compliance_years
        union all
        select
            'monthly_filing' as report_kind,
            'unit' as subject_type,
            unit_id as subject_id,
            entity_id,
            period_start,
            cast(extract(year from period_start) as bigint) as year,
            is_submitted,
            submitted_at,
            cast(null as bigint) as revision_count,
            due_on,
            due_rule_id,
            is_due_on_verified,
            submitted_share
        from monthly_filings
    ),

    timed as (
        select
            obligations.*,
            entities.entity_name,
            entities.sector,
            entities.province_code,
            surrender_dates.due_on as surrender_due_on,
            coalesce(obligations.is_submitted, false) as has_report,
            case
                when obligations.due_on is not null and obligations.submitted_at is not null
                then
                    greatest(
                        {{ days_between("obligations.due_on", local_date("obligations.submitted_at")) }},
                        cast(0 as bigint)
                    )
            end as days_late
        from obligations
        left join entities on obligations.entity_id = entities.entity_id
        left join
            surrender_dates
            on entities.sector = surrender_dates.sector
            and obligations.year = surrender_dates.year
    )

select
    report_kind,
    subject_type,
    subject_id,
    period_start,
    cast(year as {{ dbt.type_string() }}) as period,
    year,
    entity_id,
    entity_name,
    sector,
    province_code,
    due_on,
    due_rule_id,
    is_due_on_verified,
    surrender_due_on,
    submitted_at,
    revision_count,
    days_late,
    submitted_share,
    case
        when has_report and days_late > 0
        then 'late'
        when has_report and days_late = 0
        then 'on_time'
        when has_report
        then 'submitted'
        when due_on is null or submitted_share < {{ var("report_quorum") }}
        then 'unknown'
        when due_on >= {{ as_of() }}
        then 'not_due'
        else 'missing'
    end as state
from timed
