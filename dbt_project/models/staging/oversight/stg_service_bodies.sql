-- Written by `make generate` from pipelines/contract; edit the contract instead.
select body_id, body_name, kind, accredited_on, revoked_on, period from {{ source("lake", "service_bodies") }}
