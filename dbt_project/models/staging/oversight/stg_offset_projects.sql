-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    project_id,
    project_name,
    methodology,
    owner_id,
    province_code,
    latitude,
    longitude,
    area_ha,
    expected_annual as expected_annual_tco2e,
    status,
    registered_on,
    crediting_start,
    crediting_end,
    period
from {{ source("lake", "offset_projects") }}
