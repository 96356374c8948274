-- Written by `make generate` from pipelines/contract; edit the contract instead.
select
    unit_id,
    ts as hour_started_at,
    utc_offset_minutes,
    co2_mass as co2_mass_tco2,
    co2_concentration as co2_concentration_pct,
    flow as flow_nm3_per_h,
    o2 as o2_pct,
    heat_input as heat_input_gj,
    gross_load as gross_load_mwh,
    operating,
    quality,
    period
from {{ source("lake", "cems_hourly") }}
