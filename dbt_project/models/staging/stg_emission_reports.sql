-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    entity_id,
    year,
    revision,
    combustion,
    process,
    waste,
    purchased_energy,
    total,
    submitted_at,
    verifier_id,
    verified_total,
    verified_at,
    conclusion,
    period
from {{ source("lake", "emission_reports") }}
