{#
    Key columns are never null and together unique. With `source`, only its changed periods are read;
    with `by_period`, for keys that never leave their period, one period after the other.
#}
{% test unique_key(model, columns, source=none, by_period=false) %}
    {% for condition in parts_to_read(model, source, by_period) %}
        select {{ columns | join(", ") }}, count(*) as row_count
        from {{ model }}
        where {{ condition }}
        group by {{ columns | join(", ") }}
        having count(*) > 1 {%- for column in columns %} or {{ column }} is null {%- endfor %}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
{% endtest %}

{#
    Every value that is there exists in another table's column. With `source`, as above. With `markets`, in these
    alone, by the first part of the market's id.
#}
{% test refers_to(model, column_name, to, field, source=none, markets=none) %}
    {% set applies = not markets or market_family() in markets %}
    with
        used as (
            select distinct {{ column_name }} as used_value
            from {{ model }}
            where
                {{ column_name }} is not null and {{ changed_periods(source) if source else "true" }}
                {{ "and false" if not applies }}
        ),

        known as (select distinct {{ field }} as known_value from {{ to }})

    select used.used_value
    from used
    left join known on used.used_value = known.known_value
    where known.known_value is null
{% endtest %}

{#
    Rows of a staging model: keys as above, and in each column of `accepted_values` one of its values or null.
    A failing row says what is wrong, in which column, with which value and in how many rows.
#}
{% test staged_rows(model, key, source, by_period=false, accepted_values={}) %}
    {% for condition in parts_to_read(model, source, by_period) %}
        select
            'duplicate or missing key' as problem,
            '{{ key | join(", ") }}' as column_name,
            {{ dbt.concat(key_as_text(key)) }} as found,
            count(*) as row_count
        from {{ model }}
        where {{ condition }}
        group by {{ key | join(", ") }}
        having count(*) > 1 {%- for column in key %} or {{ column }} is null {%- endfor %}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}
    {% for column, values in accepted_values.items() %}
        union all
        select
            'value not accepted' as problem,
            '{{ column }}' as column_name,
            {{ column }} as found,
            count(*) as row_count
        from {{ model }}
        where {{ column }} not in ('{{ values | join("', '") }}') and {{ changed_periods(source) }}
        group by {{ column }}
    {% endfor %}
{% endtest %}
