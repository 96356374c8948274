{#
    A condition that holds in every row; a row where it is null breaks no identity. With `source`, only its
    changed periods are read, `since` as in `changed_periods`.
#}
{% test holds(model, expression, source=none, since=[]) %}
    select *
    from {{ model }}
    where not ({{ expression }}) and {{ changed_periods(source, since=since) if source else "true" }}
{% endtest %}
