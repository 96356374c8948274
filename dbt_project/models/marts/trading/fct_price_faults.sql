{% set day_figures = day_prices() + ["listed_average", "block_average"] %}

with
    market_days as (select * from {{ ref("int_market_days_judged") }}),

    trades as (
        select * from {{ ref("fct_trades") }} where price_fault is not null or quantity_fault is not null
    ),

    transfers as (select * from {{ ref("fct_transfers") }} where quantity_fault is not null),

    figures as (
        {% for figure in day_figures %}
            select
                'market_days' as source_table,
                date,
                instrument_id,
                '{{ figure }}' as quantity,
                {{ figure }}_fault as fault,
                cast(stated_{{ figure }} as double) as figure,
                reference_price
            from market_days
            where {{ figure }}_fault is not null
            union all
        {% endfor %}
        {% for mode in ["listed", "block"] %}
            select
                'market_days' as source_table,
                date,
                instrument_id,
                '{{ mode }}_volume' as quantity,
                'impossible_value' as fault,
                cast(stated_{{ mode }}_volume as double) as figure,
                cast(null as double) as reference_price
            from market_days
            where stated_{{ mode }}_volume is not null and {{ mode }}_volume_tco2e is null
            union all
        {% endfor %}
        select
            'trades' as source_table,
            trade_date as date,
            instrument_id,
            'price' as quantity,
            price_fault as fault,
            cast(stated_price as double) as figure,
            reference_price
        from trades
        where price_fault is not null
        union all
        select
            'trades' as source_table,
            trade_date as date,
            instrument_id,
            'quantity' as quantity,
            quantity_fault as fault,
            cast(stated_quantity_tco2e as double) as figure,
            cast(null as double) as reference_price
        from trades
        where quantity_fault is not null
        union all
        select
            'transfers' as source_table,
            transfer_date as date,
            unit_type as instrument_id,
            'quantity' as quantity,
            quantity_fault as fault,
            cast(stated_quantity_tco2e as double) as figure,
            cast(null as double) as reference_price
        from transfers
    )

select
    source_table,
    date,
    {{ month_text("date") }} as period,
    instrument_id,
    quantity,
    fault,
    count(*) as figures,
    min(figure) as lowest,
    max(figure) as highest,
    max(reference_price) as reference_price,
    max(
        case when fault = 'unit_of_measure' then {{ price_factor("figure", "reference_price") }} end
    ) as unit_factor
from figures
group by source_table, date, instrument_id, quantity, fault
