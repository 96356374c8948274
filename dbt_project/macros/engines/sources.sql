{#
    Makes the lake's files readable as tables of the schema `lake`, anew in every run, since the
    lake may have moved. Contract tables always have files; a handover that nobody has written yet
    is registered as an empty table of its declared columns.
#}
{% macro register_sources() %}
    {% if execute and flags.WHICH != "seed" %}
        {% set statements = ["create schema if not exists lake"] %}
        {% set written = written_handovers() %}
        {% for source in graph.sources.values() | sort(attribute="name") %}
            {% set columns = source.columns.values() | list %}
            {% if source.source_name == "lake" %}
                {% set folder = lake_folder() ~ "/kept/" ~ source.name %}
                {% do statements.extend(table_statements(source.name, folder, columns)) %}
            {% else %}
                {% set file = lake_folder() ~ "/handover/" ~ source.name ~ ".parquet" %}
                {% set is_written = source.name in written %}
                {% do statements.extend(handover_statements(source.name, file, columns, is_written)) %}
            {% endif %}
        {% endfor %}
        {% do run_statements(statements) %}
    {% endif %}
{% endmacro %}

{# The lake's folder as it may stand between quotes in SQL. #}
{% macro lake_folder() %} {{ return(var("lake_path") | replace("'", "''")) }}{% endmacro %}

{# Names of the handovers that have a file; not asked on Spark, which reads an absent one as empty. #}
{% macro written_handovers() %}
    {{ return(adapter.dispatch("written_handovers", "carbonwarden")()) }}
{% endmacro %}

{% macro default__written_handovers() %}
    {% set files = "glob('" ~ lake_folder() ~ "/handover/*.parquet')" %}
    {% set found = run_query("select parse_filename(file, true) from " ~ files) %}
    {{ return(found.columns[0].values() | list) }}
{% endmacro %}

{% macro spark__written_handovers() %} {{ return([]) }}{% endmacro %}

{#
    A folder with a folder of Parquet files for each period, as a table. A file may hold moments with a zone; they
    are read as the same moments in UTC without one, which costs far less than a cast. The period is read from
    the file's own folder, since a folder further up may look like a partition too; `pipelines.lake.parts` does
    the same.
#}
{% macro table_statements(name, folder, columns) %}
    {{ return(adapter.dispatch("table_statements", "carbonwarden")(name, folder, columns)) }}
{% endmacro %}

{% macro default__table_statements(name, folder, columns) %}
    {% set read = [] %}
    {% for column in columns %}
        {% if column.data_type == "timestamp" %}
            {% do read.append("make_timestamp(epoch_us(" ~ column.name ~ ")) as " ~ column.name) %}
        {% elif column.name == "period" %}
            {% do read.append("regexp_extract(filename, 'period=([^/]*)/[^/]*$', 1) as period") %}
        {% else %} {% do read.append(column.name) %}
        {% endif %}
    {% endfor %}
    {{
        return(
            [
                "create or replace view lake." ~ name ~ " as select " ~ read
                | join(", ")
                ~ " from read_parquet('"
                ~ folder
                ~ "/*/*.parquet', union_by_name = true, hive_partitioning = false, filename = true)"
            ]
        )
    }}
{% endmacro %}

{% macro spark__table_statements(name, folder, columns) %}
    {{
        return(
            spark_table(name, folder, columns, " partitioned by (period)")
            + ["msck repair table lake." ~ name]
        )
    }}
{% endmacro %}

{# Statements that make a table of the declared columns from files, on Spark. #}
{% macro spark_table(name, location, columns, partitions="") %}
    {% set typed = [] %}
    {% for column in columns %}
        {% do typed.append(column.name ~ " " ~ column.data_type | replace("string[]", "array<string>")) %}
    {% endfor %}
    {{
        return(
            [
                "drop table if exists lake." ~ name,
                "create table lake." ~ name ~ " (" ~ typed
                | join(", ") ~ ") using parquet" ~ partitions ~ " location '" ~ location ~ "'",
            ]
        )
    }}
{% endmacro %}

{# One Parquet file that may not be there. #}
{% macro handover_statements(name, file, columns, is_written) %}
    {{ return(adapter.dispatch("handover_statements", "carbonwarden")(name, file, columns, is_written)) }}
{% endmacro %}

{% macro default__handover_statements(name, file, columns, is_written) %}
    {% if is_written %} {% set rows = "select * from read_parquet('" ~ file ~ "')" %}
    {% else %}
        {% set nulls = [] %}
        {% for column in columns %}
            {% do nulls.append("cast(null as " ~ column.data_type ~ ") as " ~ column.name) %}
        {% endfor %}
        {% set rows = "select " ~ nulls | join(", ") ~ " where false" %}
    {% endif %}
    {{ return(["create or replace view lake." ~ name ~ " as " ~ rows]) }}
{% endmacro %}

{% macro spark__handover_statements(name, file, columns, is_written) %}
    {{ return(spark_table(name, file, columns)) }}
{% endmacro %}

{# Execute statements one after the other: DuckDB takes them in one call, which costs one round of dbt. #}
{% macro run_statements(statements) %}
    {{ return(adapter.dispatch("run_statements", "carbonwarden")(statements)) }}
{% endmacro %}

{% macro default__run_statements(statements) %} {% do run_query(statements | join(";\n")) %} {% endmacro %}

{% macro spark__run_statements(statements) %}
    {% for statement in statements %} {% do run_query(statement) %} {% endfor %}
{% endmacro %}
