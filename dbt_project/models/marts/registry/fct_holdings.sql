{{
    config(
        materialized=growing(),
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ drop_periods(this, 'transfers', since=['transfers']) }}",
    )
}}

with
    transfers as (
        select *
        from {{ ref("fct_transfers") }}
        where quantity_tco2e is not null and {{ in_changed_periods("transfers", since=["transfers"]) }}
    ),

    legs as (
        select
            to_account_id as account_id,
            unit_type,
            coalesce(vintage, 0) as vintage,
            transfer_date as date,
            quantity_tco2e as inflow_tco2e,
            cast(0 as bigint) as outflow_tco2e
        from transfers
        where to_account_id is not null
        union all
        select
            from_account_id as account_id,
            unit_type,
            coalesce(vintage, 0) as vintage,
            transfer_date as date,
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
    ),

    changed as (select *, {{ month_text("date") }} as period from days),

    -- What the periods that stay as they are leave behind; nothing in a full build.
    opening as (
        {% if is_incremental() %}
            select account_id, unit_type, vintage, sum(inflow_tco2e - outflow_tco2e) as opening_tco2e
            from {{ this }}
            where not {{ changed_periods("transfers", since=["transfers"]) }}
            group by account_id, unit_type, vintage
        {% else %}
            select account_id, unit_type, vintage, cast(0 as bigint) as opening_tco2e from changed where false
        {% endif %}
    )

select
    changed.account_id,
    changed.unit_type,
    changed.vintage,
    changed.date,
    changed.period,
    changed.inflow_tco2e,
    changed.outflow_tco2e,
    cast(
        coalesce(opening.opening_tco2e, 0) + sum(changed.inflow_tco2e - changed.outflow_tco2e) over (
            partition by changed.account_id, changed.unit_type, changed.vintage
            order by changed.date
            rows between unbounded preceding and current row
        ) as bigint
    ) as balance_tco2e
from changed
left join
    opening
    on changed.account_id = opening.account_id
    and changed.unit_type = opening.unit_type
    and changed.vintage = opening.vintage
