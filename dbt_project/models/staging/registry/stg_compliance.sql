-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    entity_id,
    year,
    verified_emissions as verified_emissions_tco2e,
    obligation as obligation_tco2e,
    due_on,
    surrendered as surrendered_tco2e,
    offsets_surrendered as offsets_surrendered_tco2e,
    cumulative_verified as cumulative_verified_tco2e,
    cumulative_surrendered as cumulative_surrendered_tco2e,
    completed_on,
    registry_status,
    period
from {{ source("lake", "compliance") }}
