with
    accounts as (select * from {{ ref("stg_accounts") }}),

    entities as (select * from {{ ref("stg_entities") }})

select
    accounts.account_id,
    accounts.holder_id,
    coalesce(accounts.holder_name, entities.entity_name) as holder_name,
    accounts.holder_type,
    accounts.controller_id,
    coalesce(accounts.controller_id, entities.group_id, accounts.holder_id) as party_id,
    entities.entity_id,
    entities.province_code,
    accounts.opened_on,
    accounts.closed_on
from accounts
left join entities on accounts.holder_id = entities.entity_id
