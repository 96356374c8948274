select alert_id, evidence_no, table_name, record_key from {{ source("handover", "alert_evidence") }}
