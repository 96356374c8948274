{#
    Identities between tables that a source delivers independently of each other. A break is a finding about the
    market, not a fault of the warehouse: it warns, and the rows stay in the warehouse for whoever looks.
#}
{#
    Sums of columns by key equal those of another relation; `sums` maps a column to the other's expression.
    Nothing is compared where the source delivered no row of either side. With `source`, only changed periods are
    read, `shifted` as in `changed_periods`; with `both`, keys that only the other side has count too.
#}
{% test sums_match(model, to, keys, sums, source=none, shifted={}, both=false) %}
    {{ config(severity="warn", store_failures=true) }}
    {% set changed = changed_periods(source, shifted=shifted) if source else "true" %}
    with
        own as (
            select
                {{ keys | join(", ") }}
                {%- for column in sums %}, sum({{ column }}) as {{ column }} {%- endfor %}
            from {{ model }}
            where {{ changed }}
            group by {{ keys | join(", ") }}
        ),

        other as (
            select
                {{ keys | join(", ") }}
                {%- for column, expression in sums.items() %}
                    , sum({{ expression }}) as {{ column }}
                {%- endfor %}
            from {{ to }}
            where {{ changed }}
            group by {{ keys | join(", ") }}
        )

    select
        {% for key in keys %} coalesce(own.{{ key }}, other.{{ key }}) as {{ key }}, {% endfor %}
        {% for column in sums %}
            own.{{ column }} as own_{{ column }},
            other.{{ column }} as other_{{ column }}{{ "," if not loop.last }}
        {% endfor %}
    from own {{ "full" if both else "left" }}
    join
        other
        on {% for key in keys %} own.{{ key }} = other.{{ key }}{{ " and " if not loop.last }} {% endfor %}
    where
        exists (select 1 from own)
        and exists (select 1 from other)
        and (
            {% for column in sums %}
                coalesce(own.{{ column }}, 0) <> coalesce(other.{{ column }}, 0){{ " or " if not loop.last }}
            {% endfor %}
        )
{% endtest %}

{# What some rows take, others give: an expression sums to 0 by key. #}
{% test nets_to_zero(model, key, expression) %}
    {{ config(severity="warn", store_failures=true) }}
    select {{ key }} as net_key, sum({{ expression }}) as net
    from {{ model }}
    group by {{ key }}
    having sum({{ expression }}) <> 0
{% endtest %}

{# A column says again what another column of the row before said. #}
{% test repeats_the_row_before(model, column, of, partition, place) %}
    {{ config(severity="warn", store_failures=true) }}
    with
        followed as (
            select
                {{ partition }},
                {{ place }},
                {{ column }},
                lag({{ of }}) over (partition by {{ partition }} order by {{ place }}) as value_before
            from {{ model }}
        )

    select *
    from followed
    where {{ column }} <> value_before
{% endtest %}

{# Prices of trades keep within the limits in force on their day; a day without limits has none to break. #}
{% test prices_within_limits(model, days) %}
    {{ config(severity="warn", store_failures=true) }}
    with
        trades as (select * from {{ model }} where {{ changed_periods("trades", since=["market_days"]) }}),

        days as (select * from {{ days }})

    select trades.trade_id, trades.trade_date, trades.instrument_id, trades.mode, trades.price
    from trades
    inner join days on trades.instrument_id = days.instrument_id and trades.trade_date = days.date
    where
        (trades.mode = 'listed' and (trades.price < days.limit_down or trades.price > days.limit_up))
        or (
            trades.mode = 'block'
            and (trades.price < days.block_limit_down or trades.price > days.block_limit_up)
        )
{% endtest %}
