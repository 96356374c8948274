{# What a usable price is. The bounds are the seed `reading_ranges`; gates, marts and detectors know no others. #}
{# Prices of one day, as the columns of a market day name them. #}
{% macro day_prices() -%}
    {{ return(["previous_close", "limit_down", "limit_up", "open", "high", "low", "close"]) }}
{%- endmacro %}

{# Lowest and highest price of the market's currency as one row, as a select statement. #}
{% macro price_bounds(ranges) %}
    select
        {% for bound in ["minimum", "maximum"] %}
            coalesce(
                max(case when applies_to = '{{ var("currency") }}' then {{ bound }} end),
                max(case when applies_to = 'other' then {{ bound }} end)
            ) as price_{{ bound }}
            {{- "," if not loop.last }}
        {% endfor %}
    from {{ ranges }}
    where source_table = 'trading' and quantity = 'price'
{% endmacro %}

{#
    Power of ten by which a price differs from the reference price, the median of the month: 100 where a yuan
    was written in fen, 0.0001 where a value is in ten thousand yuan. Half as much again covers what a month moves.
#}
{% macro price_factor(price, reference) -%}
    {{ unit_factor(price, reference, 1.5, [1e1, 1e2, 1e3, 1e4, 1e-1, 1e-2, 1e-3, 1e-4]) }}
{%- endmacro %}

{#
    What makes a price unusable: `placeholder` (a figure that stands for none), `unit_of_measure`, or
    `impossible_value` (outside the bounds); null for a usable or an absent one.
#}
{% macro price_fault(price, reference, minimum, maximum) -%}
    case
        when {{ price }} between {{ minimum }} and {{ maximum }}
        then case when {{ price_factor(price, reference) }} is not null then 'unit_of_measure' end
        when {{ price }} in (-1, -9, -99, -999, -9999, 999, 9999, 99999, 999999)
        then 'placeholder'
        when {{ price_factor(price, reference) }} is not null
        then 'unit_of_measure'
        when {{ price }} is not null
        then 'impossible_value'
    end
{%- endmacro %}
