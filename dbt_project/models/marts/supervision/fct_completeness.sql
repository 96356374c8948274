-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    check_name,
    severity,
    state,
    table_name,
    period,
    province_code,
    column_name,
    observed,
    expected,
    unit,
    why_zh,
    why_en
from {{ ref("stg_completeness") }}
