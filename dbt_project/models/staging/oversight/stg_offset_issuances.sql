-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    issuance_id,
    project_id,
    period_start,
    period_end,
    quantity as quantity_tco2e,
    verifier_id,
    issued_on,
    period
from {{ source("lake", "offset_issuances") }}
