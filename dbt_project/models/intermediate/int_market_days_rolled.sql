with
    market_days as (
        select
            date,
            instrument_id,
            period,
            log_return,
            case
                when listed_volume_tco2e is not null or block_volume_tco2e is not null
                then coalesce(listed_volume_tco2e, 0) + coalesce(block_volume_tco2e, 0)
            end as volume_tco2e
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
    )

select
    date,
    instrument_id,
    period,
    log_return,
    volume_tco2e,
    volume_20d_tco2e,
    last_traded_on,
    realised_volatility_20d
from annualised
