{#
    Key columns are never null and together unique. With `source`, only its changed periods are read;
    with `by_period`, for keys that never leave their period, one period after the other.
#}
{% test unique_key(model, columns, source=none, by_period=false) %}
    {% set changed = changed_periods(source) if source else "true" %}
    {% set conditions = [changed] %}
    {% if by_period and execute %}
        {% set found = run_query("select distinct period from " ~ model ~ " where " ~ changed) %}
        {% set conditions = [] %}
        {% for period in found.columns[0].values() | sort %}
            {% do conditions.append("period = '" ~ period ~ "'") %}
        {% endfor %}
    {% endif %}
    {% for condition in conditions or ["false"] %}
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

{# Every value that is there exists in another table's column. With `source`, as above. #}
{% test refers_to(model, column_name, to, field, source=none) %}
    with
        used as (
            select distinct {{ column_name }} as used_value
            from {{ model }}
            where {{ column_name }} is not null and {{ changed_periods(source) if source else "true" }}
        ),

        known as (select distinct {{ field }} as known_value from {{ to }})

    select used.used_value
    from used
    left join known on used.used_value = known.known_value
    where known.known_value is null
{% endtest %}
