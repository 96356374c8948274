with
    reports as (select * from {{ ref("fct_emission_reports") }}),

    entities as (select * from {{ ref("dim_entities") }}),

    due_dates as (select * from {{ ref("int_due_dates_resolved") }} where duty = 'annual_report'),

    years as (select distinct year from reports),

    last_reports as (select entity_id, max(year) as year from reports group by entity_id),

    listed as (
        select entities.entity_id, years.year
        from entities
        inner join
            years
            on entities.listed_on <= {{ date_of("years.year", "'01-01'") }}
            and (entities.exited_on is null or entities.exited_on > {{ date_of("years.year", "'12-31'") }})
        left join last_reports on entities.entity_id = last_reports.entity_id
        where not {{ left_on_unknown_day("entities") }} or years.year <= coalesce(last_reports.year, 0)
    ),

    shares as (
        select
            listed.year,
            cast(count(reports.entity_id) as double) / nullif(cast(count(*) as double), 0) as submitted_share
        from listed
        left join reports on listed.entity_id = reports.entity_id and listed.year = reports.year
        group by listed.year
    ),

    expected as (
        select entity_id, year
        from listed
        union
        select entity_id, year
        from reports
    )

select
    expected.entity_id,
    expected.year,
    {{ date_of("expected.year", "'01-01'") }} as period_start,
    reports.entity_id is not null as is_submitted,
    reports.first_submitted_at as submitted_at,
    reports.revision_count,
    due_dates.due_on,
    due_dates.rule_id as due_rule_id,
    due_dates.is_rule_verified as is_due_on_verified,
    shares.submitted_share
from expected
left join entities on expected.entity_id = entities.entity_id
left join reports on expected.entity_id = reports.entity_id and expected.year = reports.year
left join due_dates on entities.sector = due_dates.sector and expected.year = due_dates.year
left join shares on expected.year = shares.year
