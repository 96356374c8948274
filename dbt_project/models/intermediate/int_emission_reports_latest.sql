with
    reports as (select * from {{ ref("stg_emission_reports") }}),

    ranked as (
        select
            *,
            row_number() over (partition by entity_id, year order by revision desc) as recency,
            count(*) over (partition by entity_id, year) as revision_count,
            min(submitted_at) over (partition by entity_id, year) as first_submitted_at
        from reports
    )

select
    entity_id,
    year,
    period,
    revision,
    revision_count,
    combustion_tco2,
    process_tco2,
    waste_tco2e,
    purchased_energy_tco2,
    total_tco2e,
    submitted_at,
    first_submitted_at,
    verifier_id,
    verified_total_tco2e,
    verified_at,
    conclusion
from ranked
where recency = 1
