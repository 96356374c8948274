with
    reports as (select * from {{ ref("stg_activity_reports") }}),

    ranked as (
        select
            *,
            row_number() over (partition by unit_id, month, fuel order by revision desc) as recency,
            min(submitted_at) over (partition by unit_id, month, fuel) as first_submitted_at
        from reports
    )

select
    entity_id,
    unit_id,
    month,
    period,
    fuel,
    fuel_consumption,
    ncv,
    carbon_content,
    carbon_basis,
    oxidation_factor,
    electricity_generated_mwh,
    heat_supplied_gj,
    electricity_purchased_mwh,
    product,
    product_output_t,
    process_emissions_tco2,
    reported_emissions_tco2,
    first_submitted_at,
    revision
from ranked
where recency = 1
