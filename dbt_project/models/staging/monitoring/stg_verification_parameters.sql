-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    entity_id, year, unit_id, parameter, stated_period, reported, verified, unit, reason, verifier_id, period
from {{ source("lake", "verification_parameters") }}
