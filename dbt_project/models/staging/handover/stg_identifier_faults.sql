-- Written by `make generate` from pipelines/contract; edit the contract instead.
select table_name, column_name, fault, normal_form, id_count, ids_json, expected
from {{ source("handover", "identifier_faults") }}
