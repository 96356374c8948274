{# Lists and JSON, where DuckDB and Spark differ. #}
{# JSON text of a list column. #}
{% macro list_to_json(column) %}
    {{ return(adapter.dispatch("list_to_json", "carbonwarden")(column)) }}
{% endmacro %}

{% macro default__list_to_json(column) -%} cast(to_json({{ column }}) as varchar) {%- endmacro %}

{% macro spark__list_to_json(column) -%} to_json({{ column }}) {%- endmacro %}

{# One row an element of a list column; stands alone in a select list. #}
{% macro each_of(column) %} {{ return(adapter.dispatch("each_of", "carbonwarden")(column)) }}{% endmacro %}

{% macro default__each_of(column) -%} unnest({{ column }}) {%- endmacro %}

{% macro spark__each_of(column) -%} explode({{ column }}) {%- endmacro %}

{# All values of a column in a group as one list, in order. #}
{% macro sorted_list(column) %}
    {{ return(adapter.dispatch("sorted_list", "carbonwarden")(column)) }}
{% endmacro %}

{% macro default__sorted_list(column) -%} list_sort(list({{ column }})) {%- endmacro %}

{% macro spark__sorted_list(column) -%} sort_array(collect_list({{ column }})) {%- endmacro %}
