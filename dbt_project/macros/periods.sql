{#
    Which periods of a source table changed since the last run, as a condition on its `period` column.

    `own` is the table whose rows the model's rows are. A change in any table of `whole` can reach
    every row, so all periods count as changed; a change in a table of `since` can reach rows from
    the month before the first changed month on (a UTC month and the market's month overlap by hours).
    `parties` describes the party columns of the model (see `reassigned_periods`): the periods in which
    a stored party is no longer the party of the day count as changed.
#}
{% macro changed_periods(own, whole=[], since=[], parties=none) %}
    {% set changed = var("changed") %}
    {% if changed == "all" %} {{ return("true") }}{% endif %}
    {% for table in whole %} {% if changed.get(table) %} {{ return("true") }}{% endif %} {% endfor %}
    {% set periods = changed.get(own, []) %}
    {% if periods == "all" %} {{ return("true") }}{% endif %}
    {% if parties %} {% set periods = periods + reassigned_periods(changed, parties) %} {% endif %}
    {% set starts = [] %}
    {% for table in since if changed.get(table) %}
        {% if changed[table] == "all" %} {{ return("true") }}{% endif %}
        {% do starts.append(month_before(changed[table] | min)) %}
    {% endfor %}
    {% set conditions = [] %}
    {% if periods %}
        {% do conditions.append("period in ('" ~ periods | unique | sort | join("', '") ~ "')") %}
    {% endif %}
    {% if starts %} {% do conditions.append("period >= '" ~ starts | min ~ "'") %} {% endif %}
    {{ return("(" ~ conditions | join(" or ") ~ ")" if conditions else "false") }}
{% endmacro %}

{% macro month_before(period) %}
    {% set year, month = period[:4] | int, period[5:7] | int %}
    {% if month > 1 %} {{ return("%04d-%02d" | format(year, month - 1)) }}{% endif %}
    {{ return("%04d-12" | format(year - 1)) }}
{% endmacro %}

{# Filter of an incremental model's import: everything in a full build, the changed periods otherwise. #}
{% macro in_changed_periods(own, whole=[], since=[], parties=none) -%}
    {{ changed_periods(own, whole, since, parties) if is_incremental() else "true" }}
{%- endmacro %}
