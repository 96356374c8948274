{#
    Which periods of a source table changed since the last run, as a condition on its `period` column.

    `own` is the table whose rows the model's rows are. A change in any table of `whole` can reach
    every row, so all periods count as changed; a change in a table of `since` can reach rows from its
    first changed month on.
    `shifted` names tables whose changed periods reach periods of the model some months away: -1 is the month
    before. `parties` describes the party columns of the model (see `reassigned_periods`): the periods in which
    a stored party is no longer the party of the day count as changed.
#}
{% macro changed_periods(own, whole=[], since=[], parties=none, shifted={}) %}
    {% set changed = var("changed") %}
    {% if changed == "all" %} {{ return("true") }}{% endif %}
    {% for table in whole %} {% if changed.get(table) %} {{ return("true") }}{% endif %} {% endfor %}
    {% if changed.get(own) == "all" %} {{ return("true") }}{% endif %}
    {% set periods = changed.get(own, []) | list %}
    {% for table, offsets in shifted.items() %}
        {% if changed.get(table) == "all" %} {{ return("true") }}{% endif %}
        {% for period in changed.get(table, []) %}
            {% for offset in offsets %} {% do periods.append(month_at(period, offset)) %} {% endfor %}
        {% endfor %}
    {% endfor %}
    {% if parties %} {% set periods = periods + reassigned_periods(changed, parties) %} {% endif %}
    {% set starts = [] %}
    {% for table in since if changed.get(table) %}
        {% if changed[table] == "all" %} {{ return("true") }}{% endif %}
        {% do starts.append(changed[table] | min) %}
    {% endfor %}
    {% set conditions = [] %}
    {% set single = periods | unique | sort %}
    {% if starts %}
        {% do conditions.append("period >= '" ~ starts | min ~ "'") %}
        {% set single = single | select("lt", starts | min) | list %}
    {% endif %}
    {% if single %} {% do conditions.append("period in ('" ~ single | join("', '") ~ "')") %} {% endif %}
    {{ return("(" ~ conditions | join(" or ") ~ ")" if conditions else "false") }}
{% endmacro %}

{# The month that lies so many months after a month written YYYY-MM. #}
{% macro month_at(period, offset) %}
    {% set months = (period[:4] | int) * 12 + (period[5:7] | int) - 1 + offset %}
    {{ return("%04d-%02d" | format(months // 12, months % 12 + 1)) }}
{% endmacro %}

{# Filter of an incremental model's import: everything in a full build, the changed periods otherwise. #}
{% macro in_changed_periods(own, whole=[], since=[], parties=none, shifted={}) -%}
    {{ changed_periods(own, whole, since, parties, shifted) if is_incremental() else "true" }}
{%- endmacro %}
