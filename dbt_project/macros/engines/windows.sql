{# Window functions, where DuckDB and Spark differ. #}
{#
    How many earlier rows of a row's partition have a value that is not above the row's. `value` is a column
    without nulls, `place` one that orders the partition without ties. DuckDB ranks within the growing window
    in n log n; Spark has no such rank and compares the row with the list of the earlier values.
#}
{% macro earlier_not_above(value, partition, place) %}
    {{ return(adapter.dispatch("earlier_not_above", "carbonwarden")(value, partition, place)) }}
{% endmacro %}

{% macro default__earlier_not_above(value, partition, place) %}
    {% set so_far -%}
        over (partition by {{ partition }} order by {{ place }} rows between unbounded preceding and current row)
    {%- endset %}
    {{ return("count(*) " ~ so_far ~ " - rank(order by " ~ value ~ " desc) " ~ so_far) }}
{% endmacro %}

{% macro spark__earlier_not_above(value, partition, place) %}
    {% set earlier -%}
        collect_list({{ value }}) over (
            partition by {{ partition }} order by {{ place }} rows between unbounded preceding and 1 preceding
        )
    {%- endset %}
    {{ return("size(filter(" ~ earlier ~ ", earlier -> earlier <= " ~ value ~ "))") }}
{% endmacro %}
