-- Written by `make generate` from pipelines/contract; edit the contract instead.
select event_id, order_id, ts, event, account_id, instrument_id, side, mode, price, quantity, period
from {{ source("lake", "orders") }}
