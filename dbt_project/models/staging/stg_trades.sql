-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    trade_id,
    ts,
    instrument_id,
    mode,
    price,
    quantity,
    buy_account_id,
    sell_account_id,
    buy_order_id,
    sell_order_id,
    aggressor,
    period
from {{ source("lake", "trades") }}
