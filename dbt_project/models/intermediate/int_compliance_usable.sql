{% set quantities = [
    "verified_emissions_tco2e",
    "obligation_tco2e",
    "surrendered_tco2e",
    "offsets_surrendered_tco2e",
    "cumulative_verified_tco2e",
    "cumulative_surrendered_tco2e",
] %}

select
    entity_id,
    year,
    period,
    due_on,
    completed_on,
    registry_status,
    {% for quantity in quantities %}
        case when {{ quantity }} >= 0 then {{ quantity }} end as {{ quantity }} {{- "," if not loop.last }}
    {% endfor %}
from {{ ref("stg_compliance") }}
