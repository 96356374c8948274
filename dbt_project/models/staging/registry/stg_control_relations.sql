-- Written by `make generate` from pipelines/contract; edit the contract instead.
select subject_type, subject_id, controller_id, relation, share, valid_from, valid_to, period
from {{ source("lake", "control_relations") }}
