"""What the monthly searches read: `fct_output_months`, by the source table that its columns come from.

Belongs here: needs that several searches share. Does not belong here: the searches.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from anomaly.core.detector import Need
from anomaly.detectors.falsification.output_mismatch import metered

MART = "fct_output_months"
MONTHS = Need(
    MART,
    {
        "unit_id": pl.String,
        "month": pl.Date,
        "entity_id": pl.String,
        "entity_name": pl.String,
        "province_code": pl.String,
        "sector": pl.String,
        "unit_class": pl.String,
        "revision": pl.Int64,
        "electricity_generated_mwh": pl.Float64,
        "heat_supplied_gj": pl.Float64,
        "product_output_t": pl.Float64,
        "electricity_purchased_mwh": pl.Float64,
        "single_fuel": pl.String,
        "single_fuel_consumption": pl.Float64,
        "fuel_energy_gj": pl.Float64,
    },
    source="activity_reports",
    period="month",
    subject="unit_id",
    filled=("electricity_generated_mwh", "fuel_energy_gj"),
)
OUTPUT_METERS = Need(
    MART,
    tuple(f"metered_{output.name}_at_most_{output.unit}" for output in metered.OUTPUTS),
    source="meters_daily",
    period="month",
    subject="unit_id",
    filled=("metered_electricity_at_most_mwh",),
)
FUEL_METER = Need(
    MART,
    ("metered_fuel_at_most_t",),
    source="meters_daily",
    period="month",
    subject="unit_id",
    filled=("metered_fuel_at_most_t",),
)
REPORTED_MONTHS = replace(MONTHS, optional=True)
