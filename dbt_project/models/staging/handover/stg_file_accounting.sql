-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    stage,
    table_name,
    file,
    rows_in,
    rows_kept,
    rows_superseded,
    rows_quarantined,
    rows_without_data,
    rows_repeated,
    tonnes_in,
    tonnes_quarantined
from {{ source("handover", "file_accounting") }}
