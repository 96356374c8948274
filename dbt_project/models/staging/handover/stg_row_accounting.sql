-- Written by `make generate` from pipelines/contract; edit the contract instead.
select table_name, files, rows_in, rows_kept, rows_superseded, rows_quarantined
from {{ source("handover", "row_accounting") }}
