{# What a usable quantity of allowances is. The bounds are the seed `reading_ranges`; marts and detectors know no others. #}
{# Runs of nines, which forms and databases hold where a quantity is not known. A single one is a quantity. #}
{% macro nines() -%} (9999, 99999, 999999, 9999999, 99999999, 999999999) {%- endmacro %}

{#
    Runs of nines that stand for no quantity in a period of trades or transfers, as a select statement of period and
    figure: the run is repeated, the period has enough other quantities to compare with, and none of these comes near
    it (`placeholder_repeats`, `placeholder_others`, `placeholder_distance`). What is repeated beside like quantities,
    such as 9,999 t beside 5,000 t, is how somebody trades.
#}
{% macro placeholder_quantities(rows) %}
    select repeated.period, repeated.quantity_tco2e
    from
        (
            select period, quantity_tco2e
            from {{ rows }}
            where quantity_tco2e in {{ nines() }}
            group by period, quantity_tco2e
            having count(*) >= {{ var("placeholder_repeats") }}
        ) as repeated
    inner join {{ rows }} as others on repeated.period = others.period
    where others.quantity_tco2e not in {{ nines() }}
    group by repeated.period, repeated.quantity_tco2e
    having
        count(*) >= {{ var("placeholder_others") }}
        and max(
            case
                when
                    others.quantity_tco2e * {{ var("placeholder_distance") }} >= repeated.quantity_tco2e
                    and others.quantity_tco2e <= repeated.quantity_tco2e * {{ var("placeholder_distance") }}
                then 1
                else 0
            end
        )
        = 0
{% endmacro %}

{#
    Runs of nines that stand for no figure in a year of reports, as a select statement of year and figure. Measured
    figures of several emitters are hardly ever equal: the run is stated by several, there are enough others to compare
    with, and no other figure above zero is stated as often.
#}
{% macro placeholder_reports(rows, figure) %}
    select repeated.year, repeated.figure
    from
        (
            select year, {{ figure }} as figure, count(*) as emitters
            from {{ rows }}
            where {{ figure }} in {{ nines() }}
            group by year, {{ figure }}
            having count(*) >= {{ var("placeholder_repeats") }}
        ) as repeated
    inner join
        (
            select year, {{ figure }} as figure, count(*) as emitters
            from {{ rows }}
            where {{ figure }} > 0 and {{ figure }} not in {{ nines() }}
            group by year, {{ figure }}
        ) as others
        on repeated.year = others.year
    group by repeated.year, repeated.figure
    having
        sum(others.emitters) >= {{ var("placeholder_others") }}
        and max(others.emitters) < max(repeated.emitters)
{% endmacro %}

{#
    What makes a quantity unusable: `placeholder` (it is among those that `placeholder` holds for the row's period) or
    `impossible_value` (outside the bounds); null for a usable one.
#}
{% macro quantity_fault(quantity, placeholder, minimum, maximum) -%}
    case
        when {{ placeholder }} is not null
        then 'placeholder'
        when not {{ is_plausible(quantity, minimum, maximum) }}
        then 'impossible_value'
    end
{%- endmacro %}
