with
    calendar as (select * from {{ ref("rule_compliance_calendar") }} where month_day is not null),

    entities as (select * from {{ ref("stg_entities") }}),

    sectors as (select distinct sector from entities),

    years as (
        select year
        from {{ ref("stg_compliance") }}
        union
        select year
        from {{ ref("stg_emission_reports") }}
    ),

    sector_years as (
        select sectors.sector, years.year, {{ date_of("years.year", "'01-01'") }} as year_start
        from sectors
        cross join years
    ),

    resolved as (
        {{
            rule_in_force(
                "sector_years",
                ["sector", "year", "year_start"],
                "calendar",
                on_date="year_start",
                applies_by="report_year",
                general_keys=["sector"],
                per=["duty"],
                values=["years_after", "month_day"],
            )
        }}
    )

select
    sector,
    year,
    duty,
    rule_id,
    rule_status,
    is_rule_verified,
    {{ date_of("year + years_after", "month_day") }} as due_on
from resolved
