with
    accounts as (select * from {{ ref("stg_accounts") }}),

    entities as (select * from {{ ref("stg_entities") }}),

    control as (
        select subject_id, party_id
        from {{ ref("dim_control") }}
        where subject_type = 'account' and valid_to is null
    )

select
    accounts.account_id,
    accounts.holder_id,
    coalesce(accounts.holder_name, entities.entity_name) as holder_name,
    accounts.holder_type,
    accounts.controller_id,
    control.party_id,
    entities.entity_id,
    entities.province_code,
    accounts.opened_on,
    accounts.closed_on
from accounts
left join entities on accounts.holder_id = entities.entity_id
left join control on accounts.account_id = control.subject_id
