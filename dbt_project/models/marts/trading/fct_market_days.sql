with
    market_days as (select * from {{ ref("int_market_days_limited") }}),

    averaged as (
        select
            *,
            cast(listed_value as double)
            / nullif(cast(listed_volume_tco2e as double), 0) as listed_average_price,
            cast(block_value as double)
            / nullif(cast(block_volume_tco2e as double), 0) as block_average_price,
            cast(previous_close as double) as last_price,
            cast(close as double) as price
        from market_days
    )

select
    date,
    instrument_id,
    period,
    unit_type,
    vintage,
    previous_close,
    limit_down,
    limit_up,
    limit_basis,
    limit_rule_id,
    is_limit_verified,
    open,
    high,
    low,
    close,
    listed_volume_tco2e,
    listed_value,
    listed_average_price,
    block_volume_tco2e,
    block_value,
    block_average_price,
    is_volume_usable,
    block_limit_down,
    block_limit_up,
    1 - block_average_price / nullif(last_price, 0) as block_discount,
    case when price > 0 and last_price > 0 then ln(price / last_price) end as log_return,
    coalesce(close >= limit_up, false) as is_limit_up,
    coalesce(close <= limit_down, false) as is_limit_down
from averaged
