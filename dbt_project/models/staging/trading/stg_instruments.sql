-- Written by `make generate` from pipelines/contract; edit the contract instead.
select instrument_id, unit_type, vintage, tick, lot as lot_tco2e, period
from {{ source("lake", "instruments") }}
