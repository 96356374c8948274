"""Annual totals of units that report no months, against physical bounds and peers.

Peers alone never reach the top of the scale. Reports above expectation are left to the unit itself. A year
without output is not judged, and neither is one that is not over or not covered as a whole. Nor is one whose
months are reported: there the declared fuels and their carbon explain the annual figure, and the monthly
searches are nearer to the output.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Figure, Inputs, Need
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.falsification.output_mismatch.limits import GJ_PER_MWH, Limits
from models.features import fuel_mix

UNITS = {"co2_tco2_per_mwh": "tCO2/MWh", "co2_tco2_per_gj": "tCO2/GJ"}
NAMES = ("unit_id", "year", "entity_id", "entity_name", "province_code")
PEER_MEASURES = {
    "peer_score": Figure("0 to 1", "peer_score"),
    "reported": Figure(threshold="lower_05", unit_from="rate", less_is_worse=True),
    "expected": Figure(unit_from="rate"),
    "peers": Figure("unit years"),
}
YEARS = Need(
    "fct_unit_years",
    (
        "unit_id", "year", "entity_id", "entity_name", "province_code", "unit_class", "fuel",
        "operating_hours", "heat_input_gj", "gross_load_mwh", "co2_mass_tco2", "co2_tco2_per_gj",
        "is_whole_year",
    ),
    source="unit_years",
    period="year",
    subject="unit_id",
    filled=("operating_hours", "gross_load_mwh", "co2_mass_tco2"),
)  # fmt: skip
PEERS = Need(
    "expected_emissions",
    {
        "unit_id": pl.String,
        "year": pl.Int64,
        "fuel_group": pl.String,
        "target": pl.String,
        "actual": pl.Float64,
        "expected": pl.Float64,
        "lower_05": pl.Float64,
        "score": pl.Float64,
        "p_value": pl.Float64,
        "is_low": pl.Boolean,
        "peer_count": pl.Int64,
    },
    source="unit_years",
    period="year",
    subject="unit_id",
    optional=True,
)


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a unit year out of bounds or far from peers."""
    limits = inputs.limits
    year = pl.col("month").dt.year().cast(pl.Int64).alias("year")
    reported = inputs.read("fct_output_months").select("unit_id", year).unique()
    rows = (
        inputs.read("fct_unit_years")
        .filter(pl.col("is_whole_year") & (pl.col("gross_load_mwh") > 0))
        .with_columns(pl.col("year").cast(pl.Int64))
        .join(reported, on=["unit_id", "year"], how="anti")
        .join(inputs.read("expected_emissions"), on=["unit_id", "year"], how="left")
    )
    too_efficient = pl.col("efficiency") > limits.coal_efficiency
    too_low = pl.col("co2_tco2_per_gj") < pl.col("rate_floor")
    rows = _with_bounds(limits, rows).filter(pl.any_horizontal("far", too_efficient, too_low))
    if rows.is_empty():
        return rows
    found = frame_of(_unit_year(limits, row) for row in rows.sort("unit_id", "year").iter_rows(named=True))
    return inputs.compliance_days(found, needs_deadline=False)


def _with_bounds(limits: Limits, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds the coal units' efficiency and lowest rate, and whether the year lies far below its peers."""
    mixes = [
        fuel_mix(fuel, unit_class).group for fuel, unit_class in rows.select("fuel", "unit_class").iter_rows()
    ]
    mix = pl.lit(pl.Series("mix", mixes, dtype=pl.String))
    rows = rows.with_columns(mix=mix)
    coal = pl.col("mix").str.starts_with("coal")
    floor = pl.when(pl.col("mix") == "coal").then(limits.coal_co2_per_gj).otherwise(limits.mixed_co2_per_gj)
    ran = coal & (pl.col("operating_hours") >= limits.min_hours) & (pl.col("heat_input_gj") > 0)
    # Steam sold beside electricity is common where gas is burned, so CO2 per MWh says little there.
    conclusive = coal | (pl.col("target") == "co2_tco2_per_gj")
    far = pl.col("is_low").cast(pl.Boolean) & (pl.col("score") >= limits.peer_score) & conclusive
    efficiency = GJ_PER_MWH * pl.col("gross_load_mwh") / pl.col("heat_input_gj")
    return rows.with_columns(
        efficiency=pl.when(ran).then(efficiency),
        rate_floor=pl.when(ran).then(floor),
        far=far.fill_null(False),
    )


def _missing(limits: Limits, row: dict[str, Any], measures: dict[str, Any]) -> float | None:
    """Emissions that the year lacks: by its lowest possible rate, its peers, or else its efficiency."""
    emissions, rate = row["co2_mass_tco2"], measures["co2_per_gj"]
    if emissions is None:
        return None
    if rate:
        return float(emissions) * (row["rate_floor"] / rate - 1)
    if measures["reported"]:
        return float(emissions) * (measures["expected"] / measures["reported"] - 1)
    return float(emissions) * (measures["electric_efficiency"] / limits.coal_efficiency - 1)


def _unit_year(limits: Limits, row: dict[str, Any]) -> dict[str, Any]:
    """Judge one unit year; each proof gives its measure and its part of the score."""
    measures: dict[str, Any] = dict.fromkeys(("electric_efficiency", "co2_per_gj", *PEER_MEASURES))
    scores = []
    variant, actual, usual = "bounds", row["co2_tco2_per_gj"], row["rate_floor"]
    if row["efficiency"] is not None and row["efficiency"] > limits.coal_efficiency:
        measures["electric_efficiency"] = row["efficiency"]
        over = row["efficiency"] / limits.coal_efficiency - 1
        scores.append(0.5 + 0.5 * exceedance(over, limits.bound_margin))
        variant, actual, usual = "efficiency", row["efficiency"], limits.coal_efficiency
    rate, floor = row["co2_tco2_per_gj"], row["rate_floor"]
    if rate is not None and floor is not None and rate < floor:
        measures["co2_per_gj"] = rate
        scores.append(0.5 + 0.5 * exceedance(1 - rate / floor, limits.bound_margin))
        variant, actual, usual = "bounds", rate, floor
    if row["far"]:
        measures |= {
            "peer_score": row["score"],
            "reported": row["actual"],
            "expected": row["expected"],
            "peers": int(row["peer_count"]),
        }
        scores.append(row["score"] * limits.peer_cap)
        variant, actual, usual = "peers", row["actual"], row["expected"]
    return {
        **{name: row[name] for name in NAMES},
        "score": either(max(scores), limits.second_proof if len(scores) > 1 else 0.0),
        "p_value": row["p_value"],
        "variant": variant,
        "rate_floor": row["rate_floor"],
        "lower_05": row["lower_05"],
        "actual": actual,
        "usual": usual,
        "gap": 1 - actual / usual,
        "missing_emissions": _missing(limits, row, measures),
        "rate": UNITS.get(row["target"] or "", "tCO2/GJ"),
        **measures,
    }
