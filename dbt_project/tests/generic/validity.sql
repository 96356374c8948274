{# Rows of equal columns hold one after the other; bounds are included, an open end has no bound. #}
{% test no_overlap(model, columns, valid_from, valid_to) %}
    with
        ordered as (
            select
                {{ columns | join(", ") }},
                {{ valid_from }},
                row_number() over (
                    partition by {{ columns | join(", ") }} order by {{ valid_from }}
                ) as place,
                lag({{ valid_to }}) over (
                    partition by {{ columns | join(", ") }} order by {{ valid_from }}
                ) as last_valid_to
            from {{ model }}
        )

    select *
    from ordered
    where place > 1 and (last_valid_to is null or last_valid_to >= {{ valid_from }})
{% endtest %}

{# Rows of equal columns follow each other without a day between them, and the last one still holds. #}
{% test no_gap(model, columns, valid_from, valid_to) %}
    with
        ordered as (
            select
                {{ columns | join(", ") }},
                {{ valid_to }},
                lead({{ valid_from }}) over (
                    partition by {{ columns | join(", ") }} order by {{ valid_from }}
                ) as next_valid_from
            from {{ model }}
        )

    select *
    from ordered
    where
        (next_valid_from is null and {{ valid_to }} is not null)
        or next_valid_from > {{ add_days(valid_to, 1) }}
{% endtest %}
