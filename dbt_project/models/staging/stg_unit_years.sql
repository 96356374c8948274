-- Written by `make generate` from pipelines/contract; edit the contract instead.
select unit_id, year, operating_hours, heat_input, gross_load, co2_mass, fuel, period
from {{ source("lake", "unit_years") }}
