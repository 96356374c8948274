-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    unit_id,
    year,
    operating_hours,
    heat_input as heat_input_gj,
    gross_load as gross_load_mwh,
    co2_mass as co2_mass_tco2,
    fuel,
    period
from {{ source("lake", "unit_years") }}
