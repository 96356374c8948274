with
    calendar as (select * from {{ ref("rule_compliance_calendar") }} where duty = 'monthly_filing'),

    reports as (select * from {{ ref("int_activity_reports_latest") }}),

    units as (select * from {{ ref("dim_units") }}),

    sectors as (select distinct sector from units),

    months as (select distinct month from reports),

    sector_months as (select sectors.sector, months.month from sectors cross join months),

    resolved as (
        {{
            rule_in_force(
                "sector_months",
                ["sector", "month"],
                "calendar",
                on_date="month",
                applies_by="report_year",
                general_keys=["sector"],
                values=["days_after_month_end"],
            )
        }}
    )

select
    sector,
    month,
    rule_id,
    rule_status,
    is_rule_verified,
    {{ add_days(next_month("month"), "days_after_month_end - 1") }} as due_on
from resolved
