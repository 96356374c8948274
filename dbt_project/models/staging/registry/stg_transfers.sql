-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    transfer_id,
    ts as transferred_at,
    from_account as from_account_id,
    to_account as to_account_id,
    unit_type,
    vintage,
    quantity as quantity_tco2e,
    kind,
    trade_id,
    period
from {{ source("lake", "transfers") }}
