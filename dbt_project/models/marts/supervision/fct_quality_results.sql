-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    gate,
    table_name,
    expectation,
    column_name,
    severity,
    success,
    observed,
    expected,
    unexpected_count,
    element_count,
    rule_ref,
    description_zh,
    description_en,
    why_zh,
    why_en,
    position
from {{ ref("stg_quality_results") }}
