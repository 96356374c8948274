-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    delivery_id,
    table_name,
    file,
    status,
    copy_of,
    row_count,
    blank_lines,
    period_count,
    first_period,
    last_period,
    period_end,
    received_on
from {{ source("handover", "deliveries") }}
