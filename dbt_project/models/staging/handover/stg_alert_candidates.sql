-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    alert_id,
    kind,
    family,
    subject_type,
    subject_ids,
    province_code,
    window_start,
    window_end,
    score,
    p_value,
    level,
    title_zh,
    title_en,
    measures,
    evidence,
    rule_refs,
    detector,
    detector_version,
    snapshot_id
from {{ source("handover", "alert_candidates") }}
