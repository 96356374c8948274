with
    auctions as (select * from {{ ref("stg_auctions") }}),

    ranges as (select * from {{ ref("reading_ranges") }}),

    bounds as ({{ price_bounds("ranges") }}),

    -- Auctions of a month are too few to compare a price with: the bounds and the placeholders alone decide.
    judged as (
        select
            auctions.*,
            {{
                price_fault(
                    "auctions.clearing_price",
                    "cast(null as double)",
                    "bounds.price_minimum",
                    "bounds.price_maximum",
                )
            }} as price_fault
        from auctions
        cross join bounds
    )

select
    auction_id,
    date,
    {{ month_text("date") }} as period,
    instrument_id,
    offered_tco2e,
    sold_tco2e,
    cast(sold_tco2e as double) / nullif(offered_tco2e, 0) as sold_share,
    reserve_price,
    case when price_fault is null then clearing_price end as clearing_price,
    price_fault
from judged
