-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    date,
    instrument_id,
    previous_close,
    limit_down,
    limit_up,
    open,
    high,
    low,
    close,
    listed_volume as listed_volume_tco2e,
    listed_value,
    block_volume as block_volume_tco2e,
    block_value,
    period
from {{ source("lake", "market_days") }}
