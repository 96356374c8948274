-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    entity_id,
    year,
    revision,
    combustion as combustion_tco2,
    process as process_tco2,
    waste as waste_tco2e,
    purchased_energy as purchased_energy_tco2,
    total as total_tco2e,
    submitted_at,
    verifier_id,
    verified_total as verified_total_tco2e,
    verified_at,
    conclusion,
    period
from {{ source("lake", "emission_reports") }}
