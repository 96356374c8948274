with
    rolled as (select * from {{ ref("int_market_days_rolled") }}),

    ranked as (select * from {{ ref("int_volatilities_ranked") }})

select
    rolled.date,
    rolled.instrument_id,
    rolled.period,
    rolled.log_return,
    rolled.volume_tco2e,
    cast(rolled.volume_20d_tco2e as bigint) as volume_20d_tco2e,
    rolled.realised_volatility_20d,
    ranked.volatility_history_percentile,
    {{ days_between("rolled.last_traded_on", "rolled.date") }} as days_since_trade
from rolled
left join ranked on rolled.date = ranked.date and rolled.instrument_id = ranked.instrument_id
