{{
    config(
        materialized=growing(),
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ drop_periods(this, 'trades', whole=['instruments'], shifted=settlement_reach()) }}",
    )
}}

with
    -- Trades of the month before, too: they may be settled in a changed month.
    trades as (
        select
            trade_id,
            period,
            {{ month_number("period") }} as trade_month,
            traded_at,
            trade_date,
            instrument_id,
            quantity_tco2e,
            sell_account_id,
            buy_account_id
        from {{ ref("fct_trades") }}
        where
            {{
                in_changed_periods(
                    "trades", whole=["instruments"], shifted={"trades": [-1, 1], "transfers": [-2, -1, 0]}
                )
            }}
    ),

    -- Settlements of the month after, too: they may settle a trade of a changed month.
    settlements as (
        select
            transfer_id,
            period,
            {{ month_number("period") }} as settlement_month,
            transfer_date,
            trade_id,
            from_account_id,
            to_account_id,
            unit_type,
            vintage,
            quantity_tco2e
        from {{ ref("fct_transfers") }}
        where
            kind = 'trade_settlement'
            and {{
                in_changed_periods(
                    "transfers", whole=["instruments"], shifted={"trades": [0, 1, 2], "transfers": [-1, 1]}
                )
            }}
    ),

    instruments as (select instrument_id, unit_type, vintage from {{ ref("stg_instruments") }}),

    matched as (
        select
            trades.trade_id,
            settlements.transfer_id,
            settlements.quantity_tco2e as moved_tco2e,
            case
                when
                    -- A side that one of the sources does not name agrees with any account.
                    coalesce(settlements.from_account_id = trades.sell_account_id, true)
                    and coalesce(settlements.to_account_id = trades.buy_account_id, true)
                    and settlements.unit_type = coalesce(instruments.unit_type, settlements.unit_type)
                    and coalesce(settlements.vintage, 0)
                    = coalesce(instruments.vintage, settlements.vintage, 0)
                then settlements.quantity_tco2e
                else 0
            end as settled_tco2e
        from trades
        inner join
            settlements
            on trades.trade_id = settlements.trade_id
            and settlements.settlement_month - trades.trade_month in (0, 1)
        left join instruments on trades.instrument_id = instruments.instrument_id
    ),

    settled as (
        select
            trade_id,
            sum(settled_tco2e) as settled_tco2e,
            sum(moved_tco2e) as moved_tco2e,
            count(*) - count(moved_tco2e) as unknown_movements
        from matched
        group by trade_id
    ),

    settled_months as (
        select settlement_month as trade_month, transfer_date
        from settlements
        union all
        select settlement_month - 1 as trade_month, transfer_date
        from settlements
    ),

    last_settlements as (
        select trade_month, max(transfer_date) as last_settled_on from settled_months group by trade_month
    ),

    compared as (
        select
            trades.*,
            last_settlements.last_settled_on,
            settled.trade_id is not null as is_settled,
            coalesce(settled.settled_tco2e, 0) as settled_tco2e,
            coalesce(settled.moved_tco2e, 0) as moved_tco2e,
            coalesce(settled.unknown_movements, 0) as unknown_movements
        from trades
        inner join last_settlements on trades.trade_month = last_settlements.trade_month
        left join settled on trades.trade_id = settled.trade_id
    ),

    shares as (
        select
            period,
            avg(case when is_settled then cast(1 as double) else cast(0 as double) end) as settled_share
        from compared
        group by period
    ),

    broken as (
        select compared.*, shares.settled_share
        from compared
        inner join shares on compared.period = shares.period
        where
            compared.unknown_movements = 0
            and (
                compared.settled_tco2e <> compared.quantity_tco2e
                or compared.moved_tco2e <> compared.quantity_tco2e
            )
    ),

    transfer_lists as (
        select broken.trade_id, {{ list_to_json(sorted_list("matched.transfer_id")) }} as transfer_ids_json
        from broken
        inner join matched on broken.trade_id = matched.trade_id
        group by broken.trade_id
    ),

    trade_breaks as (
        select
            'trade' as record_type,
            broken.trade_id as record_id,
            case
                when not broken.is_settled
                then 'not_settled'
                when broken.moved_tco2e = broken.quantity_tco2e
                then 'other_sides'
                else 'other_quantity'
            end as break_kind,
            broken.period,
            broken.trade_date as date,
            broken.trade_id,
            broken.instrument_id,
            broken.sell_account_id,
            broken.buy_account_id,
            broken.quantity_tco2e as traded_tco2e,
            broken.settled_tco2e,
            broken.moved_tco2e,
            transfer_lists.transfer_ids_json,
            {{ days_between("broken.trade_date", "broken.last_settled_on") }} as open_days,
            broken.settled_share
        from broken
        left join transfer_lists on broken.trade_id = transfer_lists.trade_id
    ),

    settlement_breaks as (
        select
            'transfer' as record_type,
            settlements.transfer_id as record_id,
            'no_trade' as break_kind,
            settlements.period,
            settlements.transfer_date as date,
            settlements.trade_id,
            cast(null as {{ dbt.type_string() }}) as instrument_id,
            settlements.from_account_id as sell_account_id,
            settlements.to_account_id as buy_account_id,
            0 as traded_tco2e,
            0 as settled_tco2e,
            settlements.quantity_tco2e as moved_tco2e,
            cast(null as {{ dbt.type_string() }}) as transfer_ids_json,
            cast(null as bigint) as open_days,
            cast(null as double) as settled_share
        from settlements
        left join matched on settlements.transfer_id = matched.transfer_id
        where matched.transfer_id is null
    ),

    breaks as (
        select *
        from trade_breaks
        union all
        select *
        from settlement_breaks
    )

select
    record_type,
    record_id,
    break_kind,
    period,
    date,
    trade_id,
    instrument_id,
    sell_account_id,
    buy_account_id,
    cast(traded_tco2e as bigint) as traded_tco2e,
    cast(settled_tco2e as bigint) as settled_tco2e,
    cast(moved_tco2e as bigint) as moved_tco2e,
    transfer_ids_json,
    open_days,
    settled_share
from breaks
where {{ in_changed_periods("trades", whole=["instruments"], shifted=settlement_reach()) }}
