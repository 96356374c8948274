-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    event_id,
    order_id,
    ts as event_at,
    event,
    account_id,
    instrument_id,
    side,
    mode,
    price,
    quantity as quantity_tco2e,
    period
from {{ source("lake", "orders") }}
