{{
    config(
        materialized=growing(),
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ drop_periods(this, 'trades', whole=['instruments'], parties=trade_parties()) }}",
    )
}}

with
    trades as (
        select *, {{ local_date("traded_at") }} as trade_date
        from {{ ref("stg_trades") }}
        where {{ in_changed_periods("trades", whole=["instruments"], parties=trade_parties()) }}
    ),

    accounts as (select * from {{ ref("dim_control") }} where subject_type = 'account'),

    market_days as (select * from {{ ref("fct_market_days") }}),

    joined as (
        select
            trades.trade_id,
            trades.period,
            trades.traded_at,
            trades.trade_date,
            trades.instrument_id,
            trades.mode,
            trades.price,
            trades.quantity_tco2e,
            cast(trades.price * cast(trades.quantity_tco2e as decimal(18, 0)) as decimal(20, 2)) as value,
            trades.buy_account_id,
            trades.sell_account_id,
            coalesce(buyers.party_id, trades.buy_account_id) as buy_party_id,
            coalesce(sellers.party_id, trades.sell_account_id) as sell_party_id,
            trades.buy_order_id,
            trades.sell_order_id,
            trades.aggressor,
            market_days.previous_close
        from trades
        left join
            accounts as buyers
            on trades.buy_account_id = buyers.subject_id
            and {{ holds_on("buyers", "trades.trade_date") }}
        left join
            accounts as sellers
            on trades.sell_account_id = sellers.subject_id
            and {{ holds_on("sellers", "trades.trade_date") }}
        left join
            market_days
            on trades.instrument_id = market_days.instrument_id
            and trades.trade_date = market_days.date
    )

select *, buy_party_id = sell_party_id as is_same_party
from joined
