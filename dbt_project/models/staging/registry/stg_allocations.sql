-- Written by `make generate` from pipelines/contract; edit the contract instead.
select entity_id, year, method, stage, quantity as quantity_tco2e, decided_on, document_no, period
from {{ source("lake", "allocations") }}
