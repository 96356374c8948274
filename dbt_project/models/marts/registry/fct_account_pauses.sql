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

    dates as (
        select moved_on, lag(moved_on) over (order by moved_on) as earlier_on
        from (select distinct cast(moved_at as date) as moved_on from moves) as distinct_dates
    ),

    -- Times in which no account moved: the source lacks them.
    gaps as (
        select earlier_on, moved_on
        from dates
        where {{ days_between("earlier_on", "moved_on") }} >= {{ var("longest_silence_days") }}
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
    ),

    pauses as (
        select *, {{ days_between("previous_moved_at", "moved_at") }} as pause_days
        from in_order
        where
            previous_moved_at is null
            or {{ days_between("previous_moved_at", "moved_at") }} >= {{ var("shortest_pause_days") }}
    ),

    missing as (
        select
            pauses.account_id,
            pauses.moved_at,
            sum({{ days_between("gaps.earlier_on", "gaps.moved_on") }}) as missing_days
        from pauses
        inner join
            gaps
            on cast(pauses.previous_moved_at as date) <= gaps.earlier_on
            and cast(pauses.moved_at as date) >= gaps.moved_on
        group by pauses.account_id, pauses.moved_at
    )

select
    pauses.account_id,
    pauses.moved_at,
    pauses.previous_moved_at,
    cast(pauses.pause_days - coalesce(missing.missing_days, 0) as bigint) as pause_days,
    accounts.opened_on
from pauses
left join missing on pauses.account_id = missing.account_id and pauses.moved_at = missing.moved_at
left join accounts on pauses.account_id = accounts.account_id
