{% set quantities = [
    "verified_emissions",
    "obligation",
    "surrendered",
    "offsets_surrendered",
    "cumulative_verified",
    "cumulative_surrendered",
] %}

with
    stated as (select * from {{ ref("stg_compliance") }}),

    -- An emitter that is the sum of others would be counted twice.
    sums as (
        select normal_form as entity_id from {{ ref("stg_identifier_faults") }} where fault = 'sum_of_others'
    ),

    compliance as (
        select stated.*
        from stated
        left join sums on stated.entity_id = sums.entity_id
        where sums.entity_id is null
    ),

    ranges as (select * from {{ ref("reading_ranges") }}),

    bounds as ({{ reading_bounds("ranges", "registry", quantities) }}),

    {% for quantity in quantities %}
        {{ quantity }}_placeholders as ({{ placeholder_reports("compliance", quantity ~ "_tco2e") }}),
    {% endfor %}

    judged as (
        select
            compliance.*,
            {% for quantity in quantities %}
                {{
                    quantity_fault(
                        "compliance." ~ quantity ~ "_tco2e",
                        quantity ~ "_placeholders.figure",
                        "bounds." ~ quantity ~ "_minimum",
                        "bounds." ~ quantity ~ "_maximum",
                    )
                }} as {{ quantity }}_fault {{- "," if not loop.last }}
            {% endfor %}
        from compliance
        cross join bounds
        {% for quantity in quantities %}
            left join
                {{ quantity }}_placeholders
                on compliance.year = {{ quantity }}_placeholders.year
                and compliance.{{ quantity }}_tco2e = {{ quantity }}_placeholders.figure
        {% endfor %}
    )

select
    entity_id,
    year,
    period,
    due_on,
    completed_on,
    registry_status,
    {% for quantity in quantities %}
        case when {{ quantity }}_fault is null then {{ quantity }}_tco2e end as {{ quantity }}_tco2e,
    {% endfor %}
    -- A figure below zero is how registers write an absent one; any other unusable one was reported.
    coalesce(
        (verified_emissions_fault is not null and verified_emissions_tco2e > 0)
        or (cumulative_verified_fault is not null and cumulative_verified_tco2e > 0),
        false
    ) as has_unusable_emissions
from judged
