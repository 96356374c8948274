"""Output mismatch: CO2, fuel and output of a unit that do not go together.

Two kinds of proof. Physical bounds: more electricity than the fuel's heat can give, or less CO2 per heat than
the listed fuels can have. Peers: reported CO2 far below what the peer model expects. Peers alone never
reach the top of the scale. Reports above expectation are left to the unit itself.
Consecutive months of a unit beyond the same bound are one finding, and a year with such months is not
reported again for that bound.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.helpers import runs
from anomaly.core.scoring import either, exceedance
from models.features import fuel_mix

KIND = "output_mismatch"
GJ_PER_MWH = 3.6
MONTH_GAP = timedelta(days=31)
UNITS = {"co2_tco2_per_mwh": "tCO2/MWh", "co2_tco2_per_gj": "tCO2/GJ"}


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    peer_score: float
    peer_cap: float
    min_hours: float
    coal_co2_per_gj: float
    mixed_co2_per_gj: float
    coal_efficiency: float
    total_efficiency: float
    bound_margin: float
    repeat_months: float
    repeat_cap: float
    second_proof: float


def _unit_years(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a unit year out of bounds or far from peers."""
    limits = inputs.limits
    months = _months_out_of_bounds(inputs).filter(pl.col("bound") == "electric_efficiency")
    spoken_for = set(months.select("unit_id", pl.col("month").dt.year()).iter_rows())
    rows = inputs.read("fct_unit_years").join(
        inputs.read("expected_emissions"), on=["unit_id", "year"], how="left"
    )
    efficiency = GJ_PER_MWH * pl.col("gross_load_mwh") / pl.col("heat_input_gj")
    ran = (pl.col("operating_hours") >= limits.min_hours) & (pl.col("heat_input_gj") > 0)
    mixes = [
        fuel_mix(fuel, unit_class).group for fuel, unit_class in rows.select("fuel", "unit_class").iter_rows()
    ]
    spoken = [(unit, year) in spoken_for for unit, year in rows.select("unit_id", "year").iter_rows()]
    rows = rows.with_columns(
        pl.Series("mix", mixes, dtype=pl.String), pl.Series("spoken", spoken, dtype=pl.Boolean)
    )
    alone, coal = pl.col("mix") == "coal", pl.col("mix").str.starts_with("coal")
    floor = pl.when(alone).then(limits.coal_co2_per_gj).otherwise(limits.mixed_co2_per_gj)
    # Steam sold beside electricity is common where gas is burned, so CO2 per MWh says little there.
    conclusive = coal | (pl.col("target") == "co2_tco2_per_gj")
    far = pl.col("is_low").cast(pl.Boolean) & (pl.col("score") >= limits.peer_score) & conclusive
    rows = rows.with_columns(
        pl.when(ran & coal & ~pl.col("spoken")).then(efficiency).alias("efficiency"),
        pl.when(ran & coal).then(floor).alias("rate_floor"),
        far.alias("far"),
    ).filter(
        pl.col("far").fill_null(False)
        | (pl.col("efficiency") > limits.coal_efficiency).fill_null(False)
        | (pl.col("co2_tco2_per_gj") < pl.col("rate_floor")).fill_null(False)
    )
    return (
        inputs.compliance_days(
            frame_of(_unit_year(limits, row) for row in rows.sort("unit_id", "year").iter_rows(named=True)),
            needs_deadline=False,
        )
        if rows.height
        else rows
    )


def _unit_year(limits: Limits, row: dict[str, Any]) -> dict[str, Any]:
    """Judge one unit year; each proof gives its measure and its part of the score."""
    measures: dict[str, Any] = dict.fromkeys(("electric_efficiency", "co2_per_gj", *PEER_MEASURES))
    scores = []
    variant, actual, expected = "bounds", row["co2_tco2_per_gj"], row["rate_floor"]
    if row["efficiency"] is not None and row["efficiency"] > limits.coal_efficiency:
        measures["electric_efficiency"] = row["efficiency"]
        over = row["efficiency"] / limits.coal_efficiency - 1
        scores.append(0.5 + 0.5 * exceedance(over, limits.bound_margin))
        variant, actual, expected = "efficiency", row["efficiency"], limits.coal_efficiency
    rate, floor = row["co2_tco2_per_gj"], row["rate_floor"]
    if rate is not None and floor is not None and rate < floor:
        measures["co2_per_gj"] = rate
        scores.append(0.5 + 0.5 * exceedance(1 - rate / floor, limits.bound_margin))
        variant, actual, expected = "bounds", rate, floor
    if row["far"]:
        measures |= {
            "peer_score": row["score"],
            "reported": row["actual"],
            "expected": row["expected"],
            "peers": int(row["peer_count"]),
        }
        scores.append(row["score"] * limits.peer_cap)
        variant, actual, expected = "peers", row["actual"], row["expected"]
    return {
        **{name: row[name] for name in ("unit_id", "year", "entity_id", "entity_name", "province_code")},
        "score": either(max(scores), limits.second_proof if len(scores) > 1 else 0.0),
        "p_value": row["p_value"],
        "variant": variant,
        "rate_floor": row["rate_floor"],
        "lower_05": row["lower_05"],
        "actual": actual,
        "usual": expected,
        "gap": 1 - actual / expected,
        "rate": UNITS.get(row["target"] or "", "tCO2/GJ"),
        **measures,
    }


def _unit_months(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a run of months of a unit beyond the same bound."""
    months = _months_out_of_bounds(inputs)
    return frame_of(
        _run(inputs.limits, rows.slice(first, last - first + 1))
        for _, rows in sorted(months.group_by("unit_id", "bound", maintain_order=True))
        for first, last in runs(rows["month"].to_list(), MONTH_GAP)
    )


def _months_out_of_bounds(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Coal-fired months that gave more electricity and heat than the declared fuel holds (E-14).

    One row a unit and month: the bound it breaks, its figure and its limit.
    """
    limits = inputs.limits
    heat, fuel = pl.col("heat_supplied_gj").fill_null(0.0), pl.col("fuel_energy_gj")
    # A unit that sells heat may turn out more than a condensing one; only its total is bounded.
    condensing = heat <= 0
    rows = (
        inputs.read("fct_mass_balance_months")
        .filter((pl.col("sector") == "power") & (fuel > 0) & (pl.col("electricity_generated_mwh") > 0))
        .with_columns(
            figure=(GJ_PER_MWH * pl.col("electricity_generated_mwh") + heat) / fuel,
            bound=pl.when(condensing)
            .then(pl.lit("electric_efficiency"))
            .otherwise(pl.lit("total_efficiency")),
            limit=pl.when(condensing).then(limits.coal_efficiency).otherwise(limits.total_efficiency),
        )
        .join(inputs.read("dim_units"), on="unit_id", how="left")
    )
    coal = pl.col("unit_class").fill_null("").str.starts_with("coal")
    return rows.filter(coal & (pl.col("figure") > pl.col("limit"))).sort("unit_id", "month")


def _run(limits: Limits, rows: pl.DataFrame) -> dict[str, Any]:
    worst = rows.sort(["figure", "month"], descending=[True, False]).row(0, named=True)
    figure, limit = worst["figure"], worst["limit"]
    return {
        **{name: worst[name] for name in ("unit_id", "entity_id", "entity_name", "province_code", "limit")},
        "first_on": rows["month"][0],
        "last_on": rows["month"].dt.month_end()[-1],
        "score": either(
            0.5 + 0.5 * exceedance(figure / limit - 1, limits.bound_margin),
            exceedance(rows.height - 1, limits.repeat_months, limits.repeat_cap),
        ),
        "electric_efficiency": figure if worst["bound"] == "electric_efficiency" else None,
        "total_efficiency": figure if worst["bound"] == "total_efficiency" else None,
        "actual": figure,
        "months": rows.height,
        "months_usual": limits.repeat_months + 1,
        "month": rows["month"].to_list(),
        "revision": rows["revision"].to_list(),
    }


PEER_MEASURES = {
    "peer_score": Figure("0 to 1", "peer_score"),
    "reported": Figure(threshold="lower_05", unit_from="rate"),
    "expected": Figure(unit_from="rate"),
    "peers": Figure("unit years"),
}
YEARS = Need(
    "fct_unit_years",
    (
        "unit_id", "year", "entity_id", "entity_name", "province_code", "unit_class", "fuel",
        "operating_hours", "heat_input_gj", "gross_load_mwh", "co2_mass_tco2", "co2_tco2_per_gj",
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
MONTHS = Need(
    "fct_mass_balance_months",
    {
        "unit_id": pl.String,
        "month": pl.Date,
        "entity_id": pl.String,
        "entity_name": pl.String,
        "province_code": pl.String,
        "sector": pl.String,
        "revision": pl.Int64,
        "electricity_generated_mwh": pl.Float64,
        "heat_supplied_gj": pl.Float64,
        "fuel_energy_gj": pl.Float64,
    },
    source="activity_reports",
    period="month",
    subject="unit_id",
    filled=("electricity_generated_mwh", "fuel_energy_gj"),
)
CLASSES = Need(
    "dim_units",
    {"unit_id": pl.String, "unit_class": pl.String},
    source="units",
    subject="unit_id",
    filled=("unit_class",),
    optional=True,
)
DETECTOR = Detector(
    KIND,
    "2.1.0",
    Limits,
    (
        Search(
            name="years",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(YEARS, PEERS, replace(MONTHS, optional=True), CLASSES),
            evidence=(Rows("unit_years", ("unit_id", "year")),),
            measures={
                "electric_efficiency": Figure("fraction", "coal_efficiency"),
                "co2_per_gj": Figure("tCO2/GJ", "rate_floor"),
                **PEER_MEASURES,
            },
            extra=("rate_floor", "lower_05", "actual", "usual", "gap", "rate"),
            variants=("bounds", "efficiency", "peers"),
            find=_unit_years,
        ),
        Search(
            name="months",
            subject_type="unit",
            subjects=("unit_id", "entity_id"),
            needs=(MONTHS, CLASSES),
            evidence=(Rows("activity_reports", ("unit_id", "month", "revision")),),
            measures={
                "electric_efficiency": Figure("fraction", "coal_efficiency"),
                "total_efficiency": Figure("fraction", "total_efficiency"),
                "months": Figure("months", "months_usual"),
            },
            extra=("actual", "limit", "months_usual"),
            find=_unit_months,
        ),
    ),
)
