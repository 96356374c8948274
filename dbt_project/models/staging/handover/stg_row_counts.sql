-- Written by `make generate` from pipelines/contract; edit the contract instead.
select table_name, period, province_code, row_count, subject_count, filled_columns
from {{ source("handover", "row_counts") }}
