-- Written by `make generate` from pipelines/contract; edit the contract instead.
select tip_id, received_at, subject_id, category, text, period from {{ source("lake", "tips") }}
