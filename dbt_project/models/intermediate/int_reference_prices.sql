with
    market_days as (select * from {{ ref("stg_market_days") }}),

    ranges as (select * from {{ ref("reading_ranges") }}),

    bounds as ({{ price_bounds("ranges") }}),

    stated as (
        {% for column in ["previous_close", "open", "high", "low", "close"] %}
            select instrument_id, {{ month_text("date") }} as month, cast({{ column }} as double) as price
            from market_days {{ "union all" if not loop.last }}
        {% endfor %}
    )

select stated.instrument_id, stated.month, median(stated.price) as reference_price
from stated
cross join bounds
where stated.price between bounds.price_minimum and bounds.price_maximum
group by stated.instrument_id, stated.month
