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
    total_moisture as total_moisture_pct,
    moisture as moisture_pct,
    ash as ash_pct,
    volatile as volatile_pct,
    sulphur as sulphur_pct,
    hydrogen as hydrogen_pct,
    carbon as carbon_pct,
    ncv as ncv_gj_per_t,
    period
from {{ source("lake", "lab_tests") }}
