with
    market_days as (
        select
            date,
            instrument_id,
            period,
            log_return,
            coalesce(listed_volume_tco2e, 0) + coalesce(block_volume_tco2e, 0) as volume_tco2e
        from {{ ref("fct_market_days") }}
    ),

    rolling as (
        select
            date,
            instrument_id,
            period,
            log_return,
            volume_tco2e,
            count(log_return) over last_20 as return_count,
            stddev_samp(log_return) over last_20 as daily_volatility,
            sum(volume_tco2e) over last_20 as volume_20d_tco2e,
            max(case when volume_tco2e > 0 then date end) over so_far as last_traded_on
        from market_days
        window
            last_20 as (partition by instrument_id order by date rows between 19 preceding and current row),
            so_far as (
                partition by instrument_id order by date rows between unbounded preceding and current row
            )
    ),

    annualised as (
        select
            *,
            case
                when return_count = 20 then daily_volatility * sqrt({{ var("trading_days") }})
            end as realised_volatility_20d
        from rolling
    ),

    -- Rounded, so that windows of equal returns are equal however their sums were formed.
    volatile_days as (
        select date, instrument_id, round(realised_volatility_20d, 9) as volatility
        from annualised
        where realised_volatility_20d is not null
    ),

    ranked as (
        select
            date,
            instrument_id,
            row_number() over (partition by instrument_id order by date) - 1 as earlier_days,
            {{ earlier_not_above("volatility", "instrument_id", "date") }} as earlier_days_not_above
        from volatile_days
    ),

    history as (
        select
            date,
            instrument_id,
            cast(earlier_days_not_above as double)
            / nullif(cast(earlier_days as double), 0) as volatility_history_percentile
        from ranked
    )

select
    annualised.date,
    annualised.instrument_id,
    annualised.period,
    annualised.log_return,
    annualised.volume_tco2e,
    cast(annualised.volume_20d_tco2e as bigint) as volume_20d_tco2e,
    annualised.realised_volatility_20d,
    history.volatility_history_percentile,
    {{ days_between("annualised.last_traded_on", "annualised.date") }} as days_since_trade
from annualised
left join history on annualised.date = history.date and annualised.instrument_id = history.instrument_id
