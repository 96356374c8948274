-- Written by `make generate` from pipelines/contract; edit the contract instead.
select unit_id, entity_id, unit_class, capacity, capacity_unit, cooling, commissioned_on, retired_on, period
from {{ source("lake", "units") }}
