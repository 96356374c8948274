-- Written by `make generate` from pipelines/contract; edit the contract instead.
select penalty_id, subject_id, violation, fine_cny, allowance_deduction, decided_on, authority, status, period
from {{ source("lake", "penalties") }}
