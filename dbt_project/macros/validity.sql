{# Condition that a row valid from and to (last day; null while it holds) holds on a day. #}
{% macro holds_on(row, day) -%}
    {{ row }}.valid_from <= {{ day }} and coalesce({{ row }}.valid_to, {{ last_date() }}) >= {{ day }}
{%- endmacro %}

{# First and last day that the contract lets a date have: the bounds of what was always or still holds. #}
{% macro first_date() -%} cast('1900-01-01' as date) {%- endmacro %}

{% macro last_date() -%} cast('2099-12-31' as date) {%- endmacro %}

{# Whether an entity is not in the scheme any more, from a day that the source does not state. #}
{% macro left_on_unknown_day(entities) -%}
    ({{ entities }}.exited_on is null and coalesce({{ entities }}.status, 'listed') <> 'listed')
{%- endmacro %}
