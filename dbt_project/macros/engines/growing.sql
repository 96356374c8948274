{#
    Tables that grow with the market are rewritten by period on DuckDB and built whole on Spark, where
    plain Parquet tables know no delete.
#}
{% macro growing() %} {{ return("incremental" if target.type == "duckdb" else "table") }}{% endmacro %}

{# Pre-hook: deletes from a growing table what the model is about to insert again. #}
{% macro drop_periods(relation, own, whole=[], since=[], parties=none, shifted={}) %}
    {%- if is_incremental() -%}
        delete from {{ relation }} where {{ changed_periods(own, whole, since, parties, shifted) }}
    {%- endif -%}
{% endmacro %}
