{{
    config(
        materialized=growing(),
        incremental_strategy="append",
        on_schema_change="fail",
        pre_hook="{{ drop_periods(this, 'transfers', parties=transfer_parties()) }}",
    )
}}

with
    transfers as (
        select *, {{ local_date("transferred_at") }} as transfer_date
        from {{ ref("stg_transfers") }}
        where {{ in_changed_periods("transfers", parties=transfer_parties()) }}
    ),

    accounts as (select * from {{ ref("dim_control") }} where subject_type = 'account'),

    ranges as (select * from {{ ref("reading_ranges") }}),

    bounds as ({{ reading_bounds("ranges", "registry", ["transfer"]) }}),

    placeholders as ({{ placeholder_quantities("transfers") }}),

    judged as (
        select
            transfers.*,
            {{
                quantity_fault(
                    "transfers.quantity_tco2e",
                    "placeholders.quantity_tco2e",
                    "bounds.transfer_minimum",
                    "bounds.transfer_maximum",
                )
            }} as quantity_fault
        from transfers
        cross join bounds
        left join
            placeholders
            on transfers.period = placeholders.period
            and transfers.quantity_tco2e = placeholders.quantity_tco2e
    )

select
    transfers.transfer_id,
    transfers.period,
    transfers.transferred_at,
    transfers.transfer_date,
    transfers.from_account_id,
    transfers.to_account_id,
    coalesce(senders.party_id, transfers.from_account_id) as from_party_id,
    coalesce(receivers.party_id, transfers.to_account_id) as to_party_id,
    transfers.unit_type,
    transfers.vintage,
    case when transfers.quantity_fault is null then transfers.quantity_tco2e end as quantity_tco2e,
    transfers.quantity_fault,
    case when transfers.quantity_fault is not null then transfers.quantity_tco2e end as stated_quantity_tco2e,
    transfers.kind,
    transfers.trade_id,
    coalesce(
        transfers.from_account_id <> transfers.to_account_id
        and transfers.kind in ('trade_settlement', 'gift', 'other'),
        false
    ) as is_plain
from judged as transfers
left join
    accounts as senders
    on transfers.from_account_id = senders.subject_id
    and {{ holds_on("senders", "transfers.transfer_date") }}
left join
    accounts as receivers
    on transfers.to_account_id = receivers.subject_id
    and {{ holds_on("receivers", "transfers.transfer_date") }}
