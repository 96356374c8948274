-- Written by `make generate` from pipelines/contract; edit the contract instead.
select kind, mart, table_name, period, province_code, rows_seen, subjects_seen, state, reason, detail
from {{ ref("stg_detection_coverage") }}
