{# A condition that holds in every row; a row where it is null breaks no identity. #}
{% test holds(model, expression) %} select * from {{ model }} where not ({{ expression }}) {% endtest %}
