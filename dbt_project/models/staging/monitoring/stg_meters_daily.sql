-- Written by `make generate` from pipelines/contract; edit the contract instead.
select unit_id, date, meter, value, period from {{ source("lake", "meters_daily") }}
