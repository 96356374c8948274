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

    history as (
        select
            today.date,
            today.instrument_id,
            avg(
                -- Rounded, so that windows of equal returns are equal however their sums were formed.
                case
                    when round(earlier.realised_volatility_20d, 9) <= round(today.realised_volatility_20d, 9)
                    then 1.0e0
                    else 0.0e0
                end
            ) as volatility_history_percentile
        from annualised as today
        inner join
            annualised as earlier on today.instrument_id = earlier.instrument_id and earlier.date < today.date
        where today.realised_volatility_20d is not null and earlier.realised_volatility_20d is not null
        group by today.date, today.instrument_id
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
