{# Mass of CO2 from a mass of carbon: the ratio of their molar masses. #}
{% macro carbon_to_co2(carbon) -%} ({{ carbon }}) * 44.0 / 12.0 {%- endmacro %}
