with
    holdings as (select * from {{ ref("fct_holdings") }}),

    control as (
        select
            subject_id as account_id,
            party_id,
            valid_from,
            valid_to,
            lag(party_id) over (partition by subject_id order by valid_from) as last_party_id
        from {{ ref("dim_control") }}
        where subject_type = 'account'
    ),

    movements as (
        select
            coalesce(control.party_id, holdings.account_id) as party_id,
            holdings.unit_type,
            holdings.vintage,
            holdings.date,
            holdings.inflow_tco2e - holdings.outflow_tco2e as movement_tco2e,
            cast(0 as bigint) as reassigned_tco2e
        from holdings
        left join
            control on holdings.account_id = control.account_id and {{ holds_on("control", "holdings.date") }}
    ),

    -- What an account holds on the morning of the day from which another party controls it.
    reassigned as (
        select
            control.party_id,
            control.last_party_id,
            holdings.unit_type,
            holdings.vintage,
            control.valid_from as date,
            cast(sum(holdings.inflow_tco2e - holdings.outflow_tco2e) as bigint) as balance_tco2e
        from control
        inner join holdings on control.account_id = holdings.account_id and holdings.date < control.valid_from
        where control.last_party_id <> control.party_id
        group by
            control.account_id,
            control.party_id,
            control.last_party_id,
            holdings.unit_type,
            holdings.vintage,
            control.valid_from
    ),

    changes as (
        select *
        from movements
        union all
        select
            party_id,
            unit_type,
            vintage,
            date,
            cast(0 as bigint) as movement_tco2e,
            balance_tco2e as reassigned_tco2e
        from reassigned
        union all
        select
            last_party_id as party_id,
            unit_type,
            vintage,
            date,
            cast(0 as bigint) as movement_tco2e,
            - balance_tco2e as reassigned_tco2e
        from reassigned
    ),

    days as (
        select
            party_id,
            unit_type,
            vintage,
            date,
            cast(sum(movement_tco2e) as bigint) as movement_tco2e,
            cast(sum(reassigned_tco2e) as bigint) as reassigned_tco2e
        from changes
        group by party_id, unit_type, vintage, date
    )

select
    party_id,
    unit_type,
    vintage,
    date,
    {{ month_text("date") }} as period,
    movement_tco2e,
    reassigned_tco2e,
    cast(
        sum(movement_tco2e + reassigned_tco2e) over (
            partition by party_id, unit_type, vintage
            order by date
            rows between unbounded preceding and current row
        ) as bigint
    ) as balance_tco2e
from days
where movement_tco2e <> 0 or reassigned_tco2e <> 0
