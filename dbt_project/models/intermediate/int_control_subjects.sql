with
    accounts as (select * from {{ ref("stg_accounts") }}),

    entities as (select * from {{ ref("stg_entities") }}),

    relations as (select * from {{ ref("stg_control_relations") }}),

    others as (
        select holder_id as subject_id
        from accounts
        union
        select subject_id
        from relations
        where subject_type <> 'account'
    ),

    unlisted_accounts as (
        select distinct relations.subject_id
        from relations
        left join accounts on relations.subject_id = accounts.account_id
        where relations.subject_type = 'account' and accounts.account_id is null
    )

select
    'account' as subject_type, account_id as subject_id, holder_id, controller_id as directory_controller_id
from accounts
union all
select
    'account' as subject_type,
    subject_id,
    cast(null as {{ dbt.type_string() }}) as holder_id,
    cast(null as {{ dbt.type_string() }}) as directory_controller_id
from unlisted_accounts
union all
select
    'entity' as subject_type,
    entity_id as subject_id,
    entity_id as holder_id,
    group_id as directory_controller_id
from entities
union all
select
    'holder' as subject_type,
    others.subject_id,
    others.subject_id as holder_id,
    cast(null as {{ dbt.type_string() }}) as directory_controller_id
from others
left join entities on others.subject_id = entities.entity_id
where entities.entity_id is null
