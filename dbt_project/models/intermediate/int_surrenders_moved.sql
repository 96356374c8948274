with
    transfers as (select * from {{ ref("fct_transfers") }} where kind = 'surrender'),

    accounts as (select account_id, entity_id from {{ ref("dim_accounts") }} where entity_id is not null)

select
    accounts.entity_id,
    cast(
        sum(case when transfers.unit_type <> 'CCER' then transfers.quantity_tco2e else 0 end) as bigint
    ) as surrendered_tco2e,
    cast(
        sum(case when transfers.unit_type = 'CCER' then transfers.quantity_tco2e else 0 end) as bigint
    ) as offsets_surrendered_tco2e
from transfers
inner join accounts on transfers.from_account_id = accounts.account_id
group by accounts.entity_id
