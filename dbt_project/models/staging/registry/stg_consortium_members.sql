-- Written by `make generate` from pipelines/contract; edit the contract instead.
select consortium_id, entity_id, share, period from {{ source("lake", "consortium_members") }}
