{#
    Makes the lake's files readable as tables of the schema `lake`, anew in every run, since the
    lake may have moved. Contract tables always have files; a handover that nobody has written yet
    is registered as an empty table of its declared columns.
#}
{% macro register_sources() %}
    {% if execute and flags.WHICH != "seed" %}
        {% do run_query("create schema if not exists lake") %}
        {% for source in graph.sources.values() | sort(attribute="name") %}
            {% if source.source_name == "lake" %}
                {% do register_table(
                    source.name, lake_folder() ~ "/kept/" ~ source.name, source.columns.values()
                ) %}
            {% else %}
                {% do register_handover(
                    source.name,
                    lake_folder() ~ "/handover/" ~ source.name ~ ".parquet",
                    source.columns.values(),
                ) %}
            {% endif %}
        {% endfor %}
    {% endif %}
{% endmacro %}

{# The lake's folder as it may stand between quotes in SQL. #}
{% macro lake_folder() %} {{ return(var("lake_path") | replace("'", "''")) }}{% endmacro %}

{# A folder of Parquet files as a table. #}
{% macro register_table(name, folder, columns) %}
    {{ return(adapter.dispatch("register_table", "carbonwarden")(name, folder, columns)) }}
{% endmacro %}

{% macro default__register_table(name, folder, columns) %}
    {% do run_query(
        "create or replace view lake."
        ~ name
        ~ " as select * from read_parquet('"
        ~ folder
        ~ "/*.parquet', union_by_name = true, hive_partitioning = false)"
    ) %}
{% endmacro %}

{% macro spark__register_table(name, folder, columns) %}
    {% set typed = [] %}
    {% for column in columns %}
        {% do typed.append(column.name ~ " " ~ column.data_type | replace("string[]", "array<string>")) %}
    {% endfor %}
    {% do run_query("drop table if exists lake." ~ name) %}
    {% do run_query(
        "create table lake." ~ name ~ " (" ~ typed
        | join(", ") ~ ") using parquet location '" ~ folder ~ "'"
    ) %}
{% endmacro %}

{# One Parquet file that may not be there. #}
{% macro register_handover(name, file, columns) %}
    {{ return(adapter.dispatch("register_handover", "carbonwarden")(name, file, columns)) }}
{% endmacro %}

{% macro default__register_handover(name, file, columns) %}
    {% set found = run_query("select count(*) from glob('" ~ file ~ "')").columns[0].values()[0] > 0 %}
    {% if found %}
        {% do run_query(
            "create or replace view lake." ~ name ~ " as select * from read_parquet('" ~ file ~ "')"
        ) %}
    {% else %}
        {% set nulls = [] %}
        {% for column in columns %}
            {% do nulls.append("cast(null as " ~ column.data_type ~ ") as " ~ column.name) %}
        {% endfor %}
        {% do run_query(
            "create or replace view lake." ~ name ~ " as select " ~ nulls
            | join(", ") ~ " where false"
        ) %}
    {% endif %}
{% endmacro %}

{% macro spark__register_handover(name, file, columns) %}
    {% do spark__register_table(name, file, columns) %}
{% endmacro %}
