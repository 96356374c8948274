-- Written by `make generate` from pipelines/contract; edit the contract instead.
select kind, version, state, reason, is_critical, candidates, alerts, undated, seconds
from {{ source("handover", "detector_runs") }}
