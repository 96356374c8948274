-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    entity_id,
    unit_id,
    month,
    fuel,
    fuel_consumption,
    ncv,
    carbon_content,
    carbon_basis,
    oxidation_factor,
    electricity_generated,
    electricity_supplied,
    heat_supplied,
    electricity_purchased,
    product,
    product_output,
    process_emissions,
    reported_emissions,
    submitted_at,
    revision,
    period
from {{ source("lake", "activity_reports") }}
