with
    transfers as (select * from {{ ref("fct_transfers") }}),

    legs as (
        select
            to_account_id as account_id,
            unit_type,
            coalesce(vintage, 0) as vintage,
            {{ local_date("transferred_at") }} as date,
            quantity_tco2e as inflow_tco2e,
            cast(0 as bigint) as outflow_tco2e
        from transfers
        where to_account_id is not null
        union all
        select
            from_account_id as account_id,
            unit_type,
            coalesce(vintage, 0) as vintage,
            {{ local_date("transferred_at") }} as date,
            cast(0 as bigint) as inflow_tco2e,
            quantity_tco2e as outflow_tco2e
        from transfers
        where from_account_id is not null
    ),

    days as (
        select
            account_id,
            unit_type,
            vintage,
            date,
            cast(sum(inflow_tco2e) as bigint) as inflow_tco2e,
            cast(sum(outflow_tco2e) as bigint) as outflow_tco2e
        from legs
        group by account_id, unit_type, vintage, date
    )

select
    account_id,
    unit_type,
    vintage,
    date,
    inflow_tco2e,
    outflow_tco2e,
    cast(
        sum(inflow_tco2e - outflow_tco2e) over (
            partition by account_id, unit_type, vintage
            order by date
            rows between unbounded preceding and current row
        ) as bigint
    ) as balance_tco2e
from days
