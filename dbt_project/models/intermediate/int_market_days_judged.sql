{% set averages = {"listed_average": "listed", "block_average": "block"} %}

with
    market_days as (select * from {{ ref("stg_market_days") }}),

    reference_prices as (select * from {{ ref("int_reference_prices") }}),

    ranges as (select * from {{ ref("reading_ranges") }}),

    price_limits as ({{ price_bounds("ranges") }}),

    volume_limits as (
        select minimum as volume_minimum, maximum as volume_maximum
        from ranges
        where source_table = 'trading' and quantity = 'volume' and applies_to = 'day'
    ),

    averaged as (
        select
            market_days.*,
            reference_prices.reference_price,
            price_limits.price_minimum,
            price_limits.price_maximum,
            {% for average, mode in averages.items() %}
                -- A value beside no volume is no price.
                case
                    when market_days.{{ mode }}_volume_tco2e > 0 and market_days.{{ mode }}_value <> 0
                    then
                        cast(market_days.{{ mode }}_value as double)
                        / cast(market_days.{{ mode }}_volume_tco2e as double)
                end as {{ average }},
                {{
                    is_plausible(
                        "market_days." ~ mode ~ "_volume_tco2e",
                        "volume_limits.volume_minimum",
                        "volume_limits.volume_maximum",
                    )
                }} as is_{{ mode }}_volume_usable
                {{- "," if not loop.last }}
            {% endfor %}
        from market_days
        cross join price_limits
        cross join volume_limits
        left join
            reference_prices
            on market_days.instrument_id = reference_prices.instrument_id
            and {{ month_text("market_days.date") }} = reference_prices.month
    ),

    judged as (
        select
            *,
            {% for price in day_prices() + averages.keys() | list %}
                {{ price_fault(price, "reference_price", "price_minimum", "price_maximum") }}
                as {{ price }}_fault
                {{- "," if not loop.last }}
            {% endfor %}
        from averaged
    )

select
    date,
    instrument_id,
    period,
    reference_price,
    {% for price in day_prices() %}
        case when {{ price }}_fault is null then {{ price }} end as {{ price }},
        {{ price }} as stated_{{ price }},
        {{ price }}_fault,
    {% endfor %}
    {% for average, mode in averages.items() %}
        case when is_{{ mode }}_volume_usable then {{ mode }}_volume_tco2e end as {{ mode }}_volume_tco2e,
        {{ mode }}_volume_tco2e as stated_{{ mode }}_volume,
        case
            when is_{{ mode }}_volume_usable and {{ average }}_fault is null and {{ mode }}_value >= 0
            then {{ mode }}_value
        end as {{ mode }}_value,
        {{ average }} as stated_{{ average }},
        {{ average }}_fault,
    {% endfor %}
    is_listed_volume_usable and is_block_volume_usable as is_volume_usable
from judged
