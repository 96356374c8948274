-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    nonconformity_id,
    entity_id,
    year,
    found_on,
    found_by,
    check_code,
    severity,
    description,
    due_on,
    closed_on,
    outcome,
    period
from {{ source("lake", "nonconformities") }}
