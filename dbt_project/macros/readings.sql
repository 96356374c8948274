{# What a usable reading is. The bounds are the seed `reading_ranges`; gates, marts and detectors know no others. #}
{# Column of the hourly readings for each quantity that has bounds. #}
{% macro cems_quantities() %}
    {{
        return(
            {
                "co2_mass": "co2_mass_tco2",
                "co2_concentration": "co2_concentration_pct",
                "o2": "o2_pct",
                "flow": "flow_nm3_per_h",
                "heat_input": "heat_input_gj",
                "gross_load": "gross_load_mwh",
                "operating": "operating",
            }
        )
    }}
{% endmacro %}

{#
    Bounds of the quantities of a source table as one row, as a select statement: <quantity>_minimum and
    <quantity>_maximum. `ranges` is the CTE or relation of the seed. Only bounds that apply to all rows.
#}
{% macro reading_bounds(ranges, source_table, quantities) %}
    select
        {% for quantity in quantities %}
            max(case when quantity = '{{ quantity }}' then minimum end) as {{ quantity }}_minimum,
            max(case when quantity = '{{ quantity }}' then maximum end) as {{ quantity }}_maximum
            {{- "," if not loop.last }}
        {% endfor %}
    from {{ ranges }}
    where source_table = '{{ source_table }}' and applies_to = 'all'
{% endmacro %}

{# Whether a value lies in its bounds. True where there is no value: an absent one is not impossible. #}
{% macro is_plausible(value, minimum, maximum) -%}
    coalesce({{ value }} between {{ minimum }} and {{ maximum }}, true)
{%- endmacro %}

{# Whether every one of these columns lies in the bounds that `reading_bounds` named after it. #}
{% macro are_plausible(rows, bounds, quantities) -%}
    (
        {% for quantity, column in quantities.items() -%}
            {{
                is_plausible(
                    rows ~ "." ~ column,
                    bounds ~ "." ~ quantity ~ "_minimum",
                    bounds ~ "." ~ quantity ~ "_maximum",
                )
            }}
            {{- " and " if not loop.last }}
        {% endfor -%}
    )
{%- endmacro %}

{# Whether a plausible hour was measured, or substituted by rule, and has its CO2. #}
{% macro is_usable_hour(quality, co2_mass, is_plausible) -%}
    ({{ is_plausible }} and {{ quality }} in ('valid', 'substituted') and {{ co2_mass }} is not null)
{%- endmacro %}

{#
    By which unit of measure two figures of one quantity differ: 1000 (kg for t, kWh for MWh), 10000 (t for
    ten thousand t) or 1000000, or its inverse where the first figure is the smaller one; null where they do
    not differ by such a factor. The rest of the ratio may be `spread` or its inverse.
#}
{% macro unit_factor(figure, reference, spread=1.25, powers=[1e3, 1e4, 1e6, 1e-3, 1e-4, 1e-6]) -%}
    case
        {% for power in powers -%}
            when
                {{ figure }} > 0
                and {{ figure }} / nullif({{ reference }}, 0)
                between {{ power / spread }} and {{ power * spread }}
            then cast({{ power }} as double)
        {% endfor -%}
    end
{%- endmacro %}

{#
    Factor by which a heating value of a solid fuel, in GJ/t by the contract, seems to be in kJ/kg (1000) or in
    kcal/kg (238.8); null where neither fits. Coals have 12 to 30 GJ/t, which is 2,900 to 7,200 kcal/kg.
#}
{% macro heat_unit_factor(ncv, is_solid) -%}
    case
        when {{ is_solid }} and {{ ncv }} between 8000 and 36000
        then cast(1000 as double)
        when {{ is_solid }} and {{ ncv }} between 2000 and 8000
        then cast(238.8 as double)
    end
{%- endmacro %}
