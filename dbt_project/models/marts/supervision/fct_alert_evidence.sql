-- Written by `make generate` from pipelines/contract; edit the contract instead.
select alert_id, evidence_no, table_name, record_key from {{ ref("stg_alert_evidence") }}
