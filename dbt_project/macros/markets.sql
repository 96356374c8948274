{# The first part of the market's id, which the markets of one country or union share: `cn` of `cn-hubei`. #}
{% macro market_family() %} {{ return(var("market_id").split("-")[0]) }} {% endmacro %}
