{# Key columns are never null and together unique. With `source`, only its touched periods are read. #}
{% test unique_key(model, columns, source=none) %}
    with
        counted as (
            select {{ columns | join(", ") }}, count(*) as row_count
            from {{ model }}
            where {{ touched_periods(source) if source else "true" }}
            group by {{ columns | join(", ") }}
        )

    select *
    from counted
    where row_count > 1 {%- for column in columns %} or {{ column }} is null {%- endfor %}
{% endtest %}

{# Every value that is there exists in another table's column. With `source`, as above. #}
{% test refers_to(model, column_name, to, field, source=none) %}
    with
        used as (
            select distinct {{ column_name }} as used_value
            from {{ model }}
            where {{ column_name }} is not null and {{ touched_periods(source) if source else "true" }}
        ),

        known as (select distinct {{ field }} as known_value from {{ to }})

    select used.used_value
    from used
    left join known on used.used_value = known.known_value
    where known.known_value is null
{% endtest %}
