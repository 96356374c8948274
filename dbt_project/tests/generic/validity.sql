{#
    Rows of a rule seed with equal keys do not contradict each other: two that hold on the same day are
    allowed only where the one that holds from later on was also known later, and so replaces the other.
    Drafts are compared with drafts. Bounds are included; an open end has no bound.
#}
{% test no_overlap(model, columns) %}
    select earlier.rule_id, earlier.valid_from, later.rule_id as later_rule_id, later.valid_from as later_from
    from {{ model }} as earlier
    inner join
        {{ model }} as later on earlier.applies_by = later.applies_by
        {% for column in columns %} and earlier.{{ column }} = later.{{ column }} {% endfor %}
        and (earlier.status = 'draft') = (later.status = 'draft')
        and earlier.valid_from < later.valid_from
        and (earlier.valid_to is null or earlier.valid_to >= later.valid_from)
    where earlier.known_from >= later.known_from
{% endtest %}

{#
    Rows of a rule seed with equal keys leave no day without a rule: none between the first and the last of
    them, and with `since` and `until` none in that span. Drafts do not count.
#}
{% test no_gap(model, columns, since=none, until=none) %}
    with
        spans as (
            select
                {{ columns | join(", ") }},
                applies_by,
                valid_from,
                coalesce(valid_to, cast('9999-12-31' as date)) as valid_to
            from {{ model }}
            where status <> 'draft'
        ),

        followed as (
            select
                *,
                max(valid_to) over (
                    partition by {{ columns | join(", ") }}, applies_by
                    order by valid_from, valid_to
                    rows between unbounded preceding and 1 preceding
                ) as covered_to
            from spans
        ),

        ends as (
            select
                {{ columns | join(", ") }},
                applies_by,
                min(valid_from) as valid_from,
                max(valid_to) as valid_to
            from spans
            group by {{ columns | join(", ") }}, applies_by
        )

    select {{ columns | join(", ") }}, applies_by, valid_from, valid_to
    from followed
    where covered_to is not null and valid_from > {{ add_days("covered_to", 1) }}
    {% if since %}
        union all
        select {{ columns | join(", ") }}, applies_by, valid_from, valid_to
        from ends
        where valid_from > cast('{{ since }}' as date)
    {% endif %}
    {% if until %}
        union all
        select {{ columns | join(", ") }}, applies_by, valid_from, valid_to
        from ends
        where valid_to < cast('{{ until }}' as date)
    {% endif %}
{% endtest %}
