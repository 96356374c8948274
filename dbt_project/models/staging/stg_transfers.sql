-- Written by `make generate` from pipelines/contract; edit the contract instead.
select transfer_id, ts, from_account, to_account, unit_type, vintage, quantity, kind, trade_id, period
from {{ source("lake", "transfers") }}
