-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    entity_id,
    entity_name,
    sector,
    province_code,
    city_code,
    park_id,
    group_id,
    status,
    listed_on,
    exited_on,
    period
from {{ source("lake", "entities") }}
