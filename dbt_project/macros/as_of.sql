{# The as-of date. #}
{% macro as_of() -%} cast('{{ var("as_of") or run_started_at.strftime("%Y-%m-%d") }}' as date) {%- endmacro %}
