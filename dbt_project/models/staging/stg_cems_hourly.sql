-- Written by `make generate` from pipelines/contract; edit the contract instead.
select unit_id, ts, co2_mass, co2_concentration, flow, o2, heat_input, gross_load, operating, quality, period
from {{ source("lake", "cems_hourly") }}
