-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    trade_id,
    ts as traded_at,
    instrument_id,
    mode,
    price,
    quantity as quantity_tco2e,
    buy_account_id,
    sell_account_id,
    buy_order_id,
    sell_order_id,
    aggressor,
    period
from {{ source("lake", "trades") }}
