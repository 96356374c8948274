with
    entities as (select * from {{ ref("stg_entities") }}),

    units as (select * from {{ ref("stg_units") }}),

    unit_counts as (select entity_id, count(*) as unit_count from units group by entity_id),

    control as (
        select subject_id, party_id
        from {{ ref("dim_control") }}
        where subject_type = 'entity' and valid_to is null
    )

select
    entities.entity_id,
    entities.entity_name,
    entities.sector,
    entities.province_code,
    entities.city_code,
    entities.park_id,
    entities.group_id,
    control.party_id,
    entities.status,
    entities.listed_on,
    entities.exited_on,
    coalesce(unit_counts.unit_count, 0) as unit_count
from entities
left join unit_counts on entities.entity_id = unit_counts.entity_id
left join control on entities.entity_id = control.subject_id
