with
    trades as (select * from {{ ref("fct_trades") }} where mode in ('listed', 'block')),

    placed as (
        select
            *,
            row_number() over (
                partition by trade_date, instrument_id, mode order by traded_at, trade_id
            ) as place_in_day
        from trades
    ),

    summed as (
        select
            trade_date as date,
            instrument_id,
            cast(
                sum(case when mode = 'listed' then quantity_tco2e else 0 end) as bigint
            ) as listed_volume_tco2e,
            sum(case when mode = 'listed' then value end) as listed_value,
            cast(
                sum(case when mode = 'block' then quantity_tco2e else 0 end) as bigint
            ) as block_volume_tco2e,
            sum(case when mode = 'block' then value end) as block_value,
            max(case when mode = 'listed' and place_in_day = 1 then price end) as open,
            max(case when mode = 'listed' then price end) as high,
            min(case when mode = 'listed' then price end) as low
        from placed
        group by trade_date, instrument_id
    )

select *, {{ month_text("date") }} as period
from summed
