with
    transfers as (select * from {{ ref("fct_transfers") }}),

    accounts as (select * from {{ ref("dim_accounts") }}),

    moves as (
        select from_account_id as account_id, transferred_at as moved_at
        from transfers
        where from_account_id is not null
        union all
        select to_account_id as account_id, transferred_at as moved_at
        from transfers
        where to_account_id is not null
    ),

    -- A pause is counted in days, so it ends with the first movement of a day and begins with the last of
    -- another.
    days as (
        select account_id, min(moved_at) as moved_at, max(moved_at) as last_moved_at
        from moves
        group by account_id, cast(moved_at as date)
    ),

    in_order as (
        select
            account_id,
            moved_at,
            lag(last_moved_at) over (partition by account_id order by moved_at) as previous_moved_at
        from days
    )

select in_order.account_id, in_order.moved_at, in_order.previous_moved_at, accounts.opened_on
from in_order
left join accounts on in_order.account_id = accounts.account_id
where
    in_order.previous_moved_at is null
    or {{ days_between("in_order.previous_moved_at", "in_order.moved_at") }}
    >= {{ var("shortest_pause_days") }}
