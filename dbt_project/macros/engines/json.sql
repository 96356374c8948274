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
