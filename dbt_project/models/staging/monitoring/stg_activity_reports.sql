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
    electricity_generated as electricity_generated_mwh,
    electricity_supplied as electricity_supplied_mwh,
    heat_supplied as heat_supplied_gj,
    electricity_purchased as electricity_purchased_mwh,
    product,
    product_output as product_output_t,
    process_emissions as process_emissions_tco2,
    reported_emissions as reported_emissions_tco2,
    submitted_at,
    revision,
    period
from {{ source("lake", "activity_reports") }}
