with
    deliveries as (select * from {{ ref("stg_deliveries") }}),

    due_dates as (select * from {{ ref("int_due_dates_resolved") }}),

    calendar as (
        select
            case when duty = 'annual_report' then 'emission_reports' else 'compliance' end as table_name,
            year,
            max(due_on) as due_on
        from due_dates
        where duty in ('annual_report', 'surrender')
        group by case when duty = 'annual_report' then 'emission_reports' else 'compliance' end, year
    ),

    timed as (
        select
            *,
            min(received_on) over (partition by table_name) as first_received_on,
            {{ days_between("period_end", "received_on") }} as days_after_end
        from deliveries
    ),

    routine as (
        select *, case when received_on > first_received_on then days_after_end end as routine_days from timed
    ),

    rhythm as (
        select
            *,
            max(routine_days) over (
                partition by table_name
                order by received_on, delivery_id
                rows between unbounded preceding and 1 preceding
            ) as longest_days,
            count(routine_days) over (
                partition by table_name
                order by received_on, delivery_id
                rows between unbounded preceding and 1 preceding
            ) as earlier_deliveries
        from routine
    ),

    expected as (
        select
            rhythm.*,
            case
                when calendar.due_on is not null
                then calendar.due_on
                when rhythm.earlier_deliveries >= 3
                then {{ add_days("rhythm.period_end", "rhythm.longest_days") }}
            end as expected_on,
            case
                when calendar.due_on is not null
                then 'calendar'
                when rhythm.earlier_deliveries >= 3
                then 'rhythm'
                else 'none'
            end as expectation
        from rhythm
        left join
            calendar
            on rhythm.table_name = calendar.table_name
            and substr(rhythm.last_period, 1, 4) = cast(calendar.year as {{ dbt.type_string() }})
    )

select
    delivery_id,
    table_name,
    file,
    status,
    copy_of,
    row_count,
    blank_lines,
    period_count,
    first_period,
    last_period,
    received_on,
    expectation,
    case when received_on > first_received_on then expected_on end as expected_on,
    case
        when received_on > first_received_on then {{ days_between("expected_on", "received_on") }}
    end as days_late,
    case
        when received_on = first_received_on
        then 'first'
        when expected_on is null
        then 'no_expectation'
        when received_on > expected_on
        then 'late'
        else 'on_time'
    end as state
from expected
