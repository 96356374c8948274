-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    penalty_id,
    subject_id,
    violation,
    fine_cny,
    allowance_deduction as allowance_deduction_tco2e,
    decided_on,
    authority,
    status,
    period
from {{ source("lake", "penalties") }}
