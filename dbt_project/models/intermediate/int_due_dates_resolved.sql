with
    calendar as (select * from {{ ref("rule_compliance_calendar") }}),

    entities as (select * from {{ ref("stg_entities") }}),

    entity_years as (
        select entity_id, year
        from {{ ref("stg_compliance") }}
        union
        select entity_id, year
        from {{ ref("stg_emission_reports") }}
    ),

    sector_years as (
        select distinct entities.sector, entity_years.year
        from entity_years
        inner join entities on entity_years.entity_id = entities.entity_id
    ),

    candidates as (
        select
            sector_years.sector,
            sector_years.year,
            calendar.duty,
            calendar.rule_id,
            {{ date_of("sector_years.year + calendar.years_after", "calendar.month_day") }} as due_on,
            row_number() over (
                partition by sector_years.sector, sector_years.year, calendar.duty
                order by
                    case when calendar.sector = sector_years.sector then 0 else 1 end, calendar.year_from desc
            ) as preference
        from sector_years
        inner join
            calendar
            on calendar.market = '{{ var("market_id") }}'
            and calendar.sector in ('all', sector_years.sector)
            and calendar.month_day is not null
            and sector_years.year >= calendar.year_from
            and sector_years.year <= coalesce(calendar.year_to, sector_years.year)
    )

select sector, year, duty, rule_id, due_on
from candidates
where preference = 1
