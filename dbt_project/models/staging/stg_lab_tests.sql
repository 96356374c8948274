-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    sample_id,
    report_no,
    entity_id,
    unit_id,
    lab_id,
    fuel,
    sampled_on,
    received_on,
    tested_on,
    reported_on,
    total_moisture,
    moisture,
    ash,
    volatile,
    sulphur,
    hydrogen,
    carbon,
    ncv,
    period
from {{ source("lake", "lab_tests") }}
