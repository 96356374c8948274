-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    instrument_no,
    unit_id,
    measures,
    required_accuracy_pct,
    found_accuracy_pct,
    due_on,
    calibrated_on,
    result,
    body_id,
    period
from {{ source("lake", "instrument_calibrations") }}
