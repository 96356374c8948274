-- Written by `make generate` from pipelines/contract; edit the contract instead.
select entity_id, year, version, unit_id, parameter, basis, instrument_no, frequency, submitted_on, period
from {{ source("lake", "quality_plans") }}
