-- Written by `make generate` from pipelines/contract; edit the contract instead.
select entity_id, year, kind, permitted, reported, traded, period from {{ source("lake", "other_rights") }}
