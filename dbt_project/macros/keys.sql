{# Conditions that together cover the rows that a test has to read, each of them in a query of its own. #}
{% macro parts_to_read(model, source, by_period) %}
    {% set changed = changed_periods(source) if source else "true" %}
    {% if not (by_period and execute) %} {{ return([changed]) }}{% endif %}
    {% set found = run_query("select distinct period from " ~ model ~ " where " ~ changed) %}
    {% set conditions = [] %}
    {% for period in found.columns[0].values() | sort %}
        {% do conditions.append("period = '" ~ period ~ "'") %}
    {% endfor %}
    {{ return(conditions or ["false"]) }}
{% endmacro %}

{# Columns as text, with what stands between them when they are written one after the other. #}
{% macro key_as_text(columns) %}
    {% set texts = [] %}
    {% for column in columns %}
        {% if not loop.first %} {% do texts.append("', '") %} {% endif %}
        {% do texts.append("coalesce(cast(" ~ column ~ " as " ~ dbt.type_string() ~ "), 'null')") %}
    {% endfor %}
    {{ return(texts) }}
{% endmacro %}
