{#
    Versions of a row (equal `columns`) exclude each other and leave no day out: each begins on the day after
    the one before ended, and only the last one has no end.
#}
{% test consecutive_versions(model, columns) %}
    with
        followed as (
            select
                {{ columns | join(", ") }},
                valid_from,
                valid_to,
                lead(valid_from) over (
                    partition by {{ columns | join(", ") }} order by valid_from
                ) as next_valid_from
            from {{ model }}
        )

    select *
    from followed
    where
        (next_valid_from is null and valid_to is not null)
        or (next_valid_from is not null and valid_to is null)
        or next_valid_from <> {{ add_days("valid_to", 1) }}
        or valid_to < valid_from
{% endtest %}
