{#
    A value that differs from run to run: of the environment's JSON object CARBONWARDEN_RUN, else the
    variable of that name. The environment is looked at when a model runs and not when it is parsed:
    dbt parses the whole project anew whenever a variable differs from the last time.
#}
{% macro run_value(name) %}
    {% if execute %}
        {% set values = fromjson(env_var("CARBONWARDEN_RUN", "{}")) %}
        {% if name in values %} {{ return(values[name]) }}{% endif %}
    {% endif %}
    {{ return(var(name)) }}
{% endmacro %}
