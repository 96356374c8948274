with
    filings as (select * from {{ ref("fct_mass_balance_months") }}),

    units as (select * from {{ ref("dim_units") }}),

    entities as (select * from {{ ref("dim_entities") }}),

    due_dates as (select * from {{ ref("int_filing_days_resolved") }}),

    months as (select distinct month from filings),

    filed as (
        select unit_id, min(month) as first_month, max(month) as last_month from filings group by unit_id
    ),

    -- A unit is expected to file from its first filing to its retirement, while its entity is in the
    -- scheme; where the entity left on a day that the source does not state, to its last filing.
    running as (
        select filed.unit_id, months.month
        from filed
        inner join months on filed.first_month <= months.month
        left join units on filed.unit_id = units.unit_id
        left join entities on units.entity_id = entities.entity_id
        where
            (units.retired_on is null or months.month < units.retired_on)
            and (entities.listed_on is null or months.month >= {{ month_start("entities.listed_on") }})
            and (entities.exited_on is null or months.month < entities.exited_on)
            and (not {{ left_on_unknown_day("entities") }} or months.month <= filed.last_month)
    ),

    shares as (
        select
            running.month,
            cast(count(filings.unit_id) as double) / nullif(cast(count(*) as double), 0) as submitted_share
        from running
        left join filings on running.unit_id = filings.unit_id and running.month = filings.month
        group by running.month
    ),

    expected as (
        select unit_id, month
        from running
        union
        select unit_id, month
        from filings
    )

select
    expected.unit_id,
    coalesce(filings.entity_id, units.entity_id) as entity_id,
    expected.month as period_start,
    filings.unit_id is not null as is_submitted,
    filings.submitted_at,
    due_dates.due_on,
    due_dates.rule_id as due_rule_id,
    due_dates.is_rule_verified as is_due_on_verified,
    shares.submitted_share
from expected
left join units on expected.unit_id = units.unit_id
left join filings on expected.unit_id = filings.unit_id and expected.month = filings.month
left join due_dates on units.sector is not distinct from due_dates.sector and expected.month = due_dates.month
left join shares on expected.month = shares.month
