{{
    config(
        materialized=growing(),
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ drop_periods(this, 'trades', whole=['instruments'], since=['market_days'], parties=trade_parties()) }}",
    )
}}

with
    trades as (
        select *, {{ local_date("traded_at") }} as trade_date
        from {{ ref("stg_trades") }}
        where
            {{
                in_changed_periods(
                    "trades", whole=["instruments"], since=["market_days"], parties=trade_parties()
                )
            }}
    ),

    accounts as (select * from {{ ref("dim_control") }} where subject_type = 'account'),

    market_days as (select * from {{ ref("fct_market_days") }}),

    reference_prices as (select * from {{ ref("int_reference_prices") }}),

    ranges as (select * from {{ ref("reading_ranges") }}),

    bounds as ({{ price_bounds("ranges") }}),

    volume_limits as (
        select minimum as volume_minimum, maximum as volume_maximum
        from ranges
        where source_table = 'trading' and quantity = 'volume' and applies_to = 'trade'
    ),

    placeholders as ({{ placeholder_quantities("trades") }}),

    -- The reference where the source has no market days of the month.
    trade_medians as (
        select trades.instrument_id, trades.period, median(cast(trades.price as double)) as median_price
        from trades
        cross join bounds
        left join
            reference_prices
            on trades.instrument_id = reference_prices.instrument_id
            and trades.period = reference_prices.month
        where
            reference_prices.instrument_id is null
            and trades.price between bounds.price_minimum and bounds.price_maximum
        group by trades.instrument_id, trades.period
    ),

    joined as (
        select
            trades.trade_id,
            trades.period,
            trades.traded_at,
            trades.trade_date,
            trades.instrument_id,
            trades.mode,
            trades.price as stated_price,
            coalesce(reference_prices.reference_price, trade_medians.median_price) as reference_price,
            bounds.price_minimum,
            bounds.price_maximum,
            trades.quantity_tco2e as stated_quantity,
            {{
                quantity_fault(
                    "trades.quantity_tco2e",
                    "placeholders.quantity_tco2e",
                    "volume_limits.volume_minimum",
                    "volume_limits.volume_maximum",
                )
            }} as quantity_fault,
            trades.buy_account_id,
            trades.sell_account_id,
            coalesce(buyers.party_id, trades.buy_account_id) as buy_party_id,
            coalesce(sellers.party_id, trades.sell_account_id) as sell_party_id,
            trades.buy_order_id,
            trades.sell_order_id,
            trades.aggressor,
            market_days.previous_close
        from trades
        cross join bounds
        cross join volume_limits
        left join
            placeholders
            on trades.period = placeholders.period
            and trades.quantity_tco2e = placeholders.quantity_tco2e
        left join
            reference_prices
            on trades.instrument_id = reference_prices.instrument_id
            and {{ month_text("trades.trade_date") }} = reference_prices.month
        left join
            trade_medians
            on trades.instrument_id = trade_medians.instrument_id
            and trades.period = trade_medians.period
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
    ),

    judged as (
        select
            *,
            {{ price_fault("stated_price", "reference_price", "price_minimum", "price_maximum") }}
            as price_fault
        from joined
    ),

    usable as (
        select
            *,
            case when price_fault is null then stated_price end as price,
            case when quantity_fault is null then stated_quantity end as quantity_tco2e
        from judged
    )

select
    trade_id,
    period,
    traded_at,
    trade_date,
    instrument_id,
    mode,
    price,
    quantity_tco2e,
    cast(price * cast(quantity_tco2e as decimal(18, 0)) as decimal(20, 2)) as value,
    price_fault,
    case when price_fault is not null then stated_price end as stated_price,
    case when price_fault is not null then reference_price end as reference_price,
    quantity_fault,
    case when quantity_fault is not null then stated_quantity end as stated_quantity_tco2e,
    buy_account_id,
    sell_account_id,
    buy_party_id,
    sell_party_id,
    buy_order_id,
    sell_order_id,
    aggressor,
    previous_close,
    buy_party_id = sell_party_id as is_same_party
from usable
