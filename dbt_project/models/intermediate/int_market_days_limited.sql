with
    market_days as (select * from {{ ref("int_market_days_judged") }}),

    instruments as (select * from {{ ref("stg_instruments") }}),

    limits as (select * from {{ ref("rule_price_limits") }}),

    dates as (
        select date, lag(date) over (order by date) as earlier_date
        from (select distinct date from market_days) as distinct_dates
    ),

    -- Days between which the source as a whole lacks none: a close is not carried over a gap.
    stretches as (
        select
            date,
            sum(
                case
                    when {{ days_between("earlier_date", "date") }} > {{ var("longest_closure_days") }}
                    then 1
                    else 0
                end
            ) over (order by date rows between unbounded preceding and current row) as stretch
        from dates
    ),

    -- A day without a close belongs to the run of days that the last close began.
    numbered as (
        select
            market_days.*,
            stretches.stretch,
            count(market_days.close) over (
                partition by market_days.instrument_id, stretches.stretch
                order by market_days.date
                rows between unbounded preceding and current row
            ) as closes_so_far
        from market_days
        inner join stretches on market_days.date = stretches.date
    ),

    carried as (
        select *, max(close) over (partition by instrument_id, stretch, closes_so_far) as known_close
        from numbered
    ),

    closed as (
        select
            carried.*,
            instruments.unit_type,
            instruments.vintage,
            coalesce(
                carried.previous_close,
                lag(carried.known_close) over (
                    partition by carried.instrument_id, carried.stretch order by carried.date
                )
            ) as last_close
        from carried
        left join instruments on carried.instrument_id = instruments.instrument_id
    ),

    unit_type_days as (select distinct unit_type, date from closed),

    resolved as (
        {{
            rule_in_force(
                "unit_type_days",
                ["unit_type", "date"],
                "limits",
                on_date="date",
                applies_by="act",
                keys=["unit_type"],
                per=["mode"],
                values=["value"],
            )
        }}
    ),

    ruled as (
        select
            closed.*,
            listed.rule_id as listed_rule_id,
            listed.is_rule_verified as is_listed_verified,
            cast(closed.last_close * (1 - listed.value) as decimal(12, 2)) as rule_limit_down,
            cast(closed.last_close * (1 + listed.value) as decimal(12, 2)) as rule_limit_up,
            cast(closed.last_close * (1 - block.value) as decimal(12, 2)) as block_limit_down,
            cast(closed.last_close * (1 + block.value) as decimal(12, 2)) as block_limit_up
        from closed
        left join
            resolved as listed
            on closed.unit_type = listed.unit_type
            and closed.date = listed.date
            and listed.mode = 'listed'
        left join
            resolved as block
            on closed.unit_type = block.unit_type
            and closed.date = block.date
            and block.mode = 'block'
    ),

    based as (
        select
            *,
            case
                when limit_down is not null or limit_up is not null
                then 'source'
                when rule_limit_down is not null
                then 'rule'
            end as limit_basis
        from ruled
    )

select
    date,
    instrument_id,
    period,
    unit_type,
    vintage,
    last_close as previous_close,
    case limit_basis when 'source' then limit_down when 'rule' then rule_limit_down end as limit_down,
    case limit_basis when 'source' then limit_up when 'rule' then rule_limit_up end as limit_up,
    limit_basis,
    case when limit_basis = 'rule' then listed_rule_id end as limit_rule_id,
    case when limit_basis = 'rule' then is_listed_verified end as is_limit_verified,
    open,
    high,
    low,
    close,
    listed_volume_tco2e,
    listed_value,
    block_volume_tco2e,
    block_value,
    is_volume_usable,
    block_limit_down,
    block_limit_up
from based
