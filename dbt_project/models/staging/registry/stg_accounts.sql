-- Written by `make generate` from pipelines/contract; edit the contract instead.
select account_id, holder_id, holder_name, holder_type, controller_id, opened_on, closed_on, period
from {{ source("lake", "accounts") }}
