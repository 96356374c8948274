with units as (select * from {{ ref("stg_units") }}), entities as (select * from {{ ref("stg_entities") }})

select
    units.unit_id,
    units.entity_id,
    entities.entity_name,
    entities.sector,
    entities.province_code,
    units.unit_class,
    units.capacity,
    units.capacity_unit,
    units.cooling,
    units.commissioned_on,
    units.retired_on
from units
left join entities on units.entity_id = entities.entity_id
