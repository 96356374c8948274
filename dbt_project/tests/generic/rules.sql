{#
    What every row of rule values satisfies: its rule id is in rule_articles, its codes are known, its dates are
    in order, and a stand-in or draft says why it is there.
#}
{% test rule_row(model) %}
    select rules.rule_id, rules.valid_from, rules.applies_by, rules.status, rules.note
    from {{ model }} as rules
    left join {{ ref("rule_articles") }} as articles on rules.rule_id = articles.rule_id
    where
        articles.rule_id is null
        or rules.valid_from is null
        or rules.known_from is null
        or coalesce(rules.valid_to < rules.valid_from, false)
        or coalesce(rules.applies_by not in ('act', 'due_date', 'report_year', 'decision_date'), true)
        or coalesce(rules.status not in ('draft', 'in_force', 'stand_in', 'expired'), true)
        or (rules.status in ('draft', 'stand_in') and coalesce(trim(rules.note), '') = '')
{% endtest %}
