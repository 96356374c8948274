-- Written by `make generate` from pipelines/contract; edit the contract instead.
select instrument_id, unit_type, vintage, tick, lot, period from {{ source("lake", "instruments") }}
