{#
    The rule in force for each case, as a select statement. One row a case and value of the `per` columns;
    a case without a rule has no row.

    `cases` and `rules` are the names of CTEs or relations: the cases with their `case_columns`, and a seed
    of rule values. `on_date` is the column of `cases` that holds the day which the rule is asked for, in the
    sense of `applies_by`: the day of the act, the due date, the first day of the report year or month, the
    day of the decision. Columns in `keys` must be equal in both; for one in `general_keys` the rule may say
    'all', and a rule of the case's own value precedes it. Of several rows the one that holds from the latest
    day counts, then the one known latest. Drafts never hold. With the variable rules_known_at only what was
    known on that day counts.

    Beside the `values` the columns rule_id, rule_status and is_rule_verified are returned; the last is true
    where the text was read and the row does not stand in for another (see is_rule_verified).
#}
{% macro rule_in_force(
    cases, case_columns, rules, on_date, applies_by, keys=[], general_keys=[], per=[], values=[]
) %}
    {% set known_at = var("rules_known_at") %}
    select
        {% for column in case_columns + per + values %} {{ column }}, {% endfor %}
        rule_id,
        rule_status,
        is_rule_verified
    from
        (
            select
                {% for column in case_columns %} cases.{{ column }}, {% endfor %}
                {% for column in per + values %} rules.{{ column }}, {% endfor %}
                rules.rule_id,
                rules.status as rule_status,
                {{ is_rule_verified("rules.status", "articles.verified") }} as is_rule_verified,
                row_number() over (
                    partition by
                        {% for column in case_columns %}
                            cases.{{ column }}{{ "," if not loop.last or per }}
                        {% endfor %}
                        {% for column in per %} rules.{{ column }}{{ "," if not loop.last }} {% endfor %}
                    order by
                        {% for column in general_keys %}
                            case when rules.{{ column }} = cases.{{ column }} then 0 else 1 end,
                        {% endfor %}
                        rules.valid_from desc,
                        rules.known_from desc
                ) as preference
            from {{ cases }} as cases
            inner join
                {{ rules }} as rules
                on rules.market = '{{ var("market_id") }}'
                and rules.applies_by = '{{ applies_by }}'
                and rules.status <> 'draft'
                and cases.{{ on_date }} >= rules.valid_from
                and (rules.valid_to is null or cases.{{ on_date }} <= rules.valid_to)
                {% if known_at %} and rules.known_from <= cast('{{ known_at }}' as date) {% endif %}
                {% for column in keys %} and rules.{{ column }} = cases.{{ column }} {% endfor %}
                {% for column in general_keys %}
                    and (rules.{{ column }} = 'all' or rules.{{ column }} = cases.{{ column }})
                {% endfor %}
            left join {{ ref("rule_articles") }} as articles on rules.rule_id = articles.rule_id
        ) as ranked
    where preference = 1
{% endmacro %}

{# Whether a rule's text was read and its value does not stand in for another. Never null. #}
{% macro is_rule_verified(status, verified) -%}
    coalesce({{ status }} <> 'stand_in' and {{ verified }} in ('read_two_copies', 'read_copy'), false)
{%- endmacro %}
