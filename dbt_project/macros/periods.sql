{#
    Which periods of a source table changed since the last run, as a condition on its `period` column.

    `own` is the table whose rows the model's rows are. A change in any table of `whole` can reach
    every row, so all periods count as touched; a change in a table of `since` can reach rows from
    the month before the first changed month on (a UTC month and the market's month overlap by hours).
#}
{% macro touched_periods(own, whole=[], since=[]) %}
    {% set touched = run_value("touched") %}
    {% if touched == "all" %} {{ return("true") }}{% endif %}
    {% for table in whole %} {% if touched.get(table) %} {{ return("true") }}{% endif %} {% endfor %}
    {% set periods = touched.get(own, []) %}
    {% if periods == "all" %} {{ return("true") }}{% endif %}
    {% set starts = [] %}
    {% for table in since if touched.get(table) %}
        {% if touched[table] == "all" %} {{ return("true") }}{% endif %}
        {% do starts.append(month_before(touched[table] | min)) %}
    {% endfor %}
    {% set conditions = [] %}
    {% if periods %}
        {% do conditions.append("period in ('" ~ periods | sort | join("', '") ~ "')") %}
    {% endif %}
    {% if starts %} {% do conditions.append("period >= '" ~ starts | min ~ "'") %} {% endif %}
    {{ return("(" ~ conditions | join(" or ") ~ ")" if conditions else "false") }}
{% endmacro %}

{% macro month_before(period) %}
    {% set year, month = period[:4] | int, period[5:7] | int %}
    {% if month > 1 %} {{ return("%04d-%02d" | format(year, month - 1)) }}{% endif %}
    {{ return("%04d-12" | format(year - 1)) }}
{% endmacro %}

{# Filter of an incremental model's import: everything in a full build, the touched periods otherwise. #}
{% macro in_touched_periods(own, whole=[], since=[]) -%}
    {{ touched_periods(own, whole, since) if is_incremental() else "true" }}
{%- endmacro %}
