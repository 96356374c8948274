-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    entity_id,
    year,
    verified_emissions,
    obligation,
    due_on,
    surrendered,
    offsets_surrendered,
    cumulative_verified,
    cumulative_surrendered,
    completed_on,
    registry_status,
    period
from {{ source("lake", "compliance") }}
