-- Written by `make generate` from pipelines/contract; edit the contract instead.
select park_id, park_name, province_code, period from {{ source("lake", "parks") }}
