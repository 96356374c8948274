-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    quarantine_id,
    table_name,
    record_key,
    reason,
    column_name,
    value,
    file,
    row_number,
    period,
    ids_json,
    tonnes
from {{ ref("stg_quarantine") }}
