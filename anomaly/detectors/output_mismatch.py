"""Output mismatch: CO2, fuel and output of a unit that do not go together.

Two kinds of proof. Physical bounds: more electricity than the fuel's heat can give, or less CO2 per heat than
the listed fuels can have. Peers: reported CO2 far below what the peer model expects. Peers alone never
reach the top of the scale. Reports above expectation are left to the unit itself.
Consecutive months of a unit beyond the same bound are one finding, and a year whose months are told is not
told again for that bound.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

from anomaly.detectors.base import Context, Detector, ids, named, rows_of, runs
from anomaly.findings import Evidence, Finding, Measure
from anomaly.scoring import either, exceedance
from models.features import fuel_mix

KIND = "output_mismatch"
UNIT_COLUMNS = (
    "unit_id", "year", "entity_id", "entity_name", "province_code", "unit_class", "fuel",
    "operating_hours", "heat_input_gj", "gross_load_mwh", "co2_mass_tco2", "co2_tco2_per_gj",
)  # fmt: skip
PEER_COLUMNS = (
    "unit_id", "year", "fuel_group", "target", "actual", "expected", "lower_05", "score", "p_value",
    "is_low", "peer_count",
)  # fmt: skip
MONTH_COLUMNS = (
    "unit_id", "month", "entity_id", "entity_name", "province_code", "sector", "revision",
    "electricity_generated_mwh", "heat_supplied_gj", "fuel_energy_gj",
)  # fmt: skip
GJ_PER_MWH = 3.6


MONTH_GAP = timedelta(days=31)


def find(context: Context) -> list[Finding]:
    """Unit years and runs of unit months out of bounds or far from peers."""
    months = _months_out_of_bounds(context)
    told = {
        (unit, month.year)
        for unit, month, bound in months.select("unit_id", "month", "bound").iter_rows()
        if bound == "electric_efficiency"
    }
    limits = context.policy.thresholds(KIND)
    found = _unit_years(context, told)
    for _, rows in sorted(months.group_by("unit_id", "bound", maintain_order=True)):
        found += [
            _unit_months(context, limits, rows.slice(first, last - first + 1))
            for first, last in runs(rows["month"].to_list(), MONTH_GAP)
        ]
    return found


def _unit_years(context: Context, told: set[tuple[str, int]]) -> list[Finding]:
    """Unit years out of bounds or far from peers; `told` are those whose months speak for the efficiency."""
    if context.marts.is_empty("fct_unit_years"):
        return []
    limits = context.policy.thresholds(KIND)
    rows = context.marts.read("fct_unit_years", *UNIT_COLUMNS)
    if context.marts.is_empty("expected_emissions"):
        empty = {
            name: pl.String if name in ("fuel_group", "target") else pl.Float64 for name in PEER_COLUMNS[2:]
        }
        rows = rows.with_columns(pl.lit(None, dtype=kind).alias(name) for name, kind in empty.items())
    else:
        rows = rows.join(
            context.marts.read("expected_emissions", *PEER_COLUMNS), on=["unit_id", "year"], how="left"
        )
    efficiency = GJ_PER_MWH * pl.col("gross_load_mwh") / pl.col("heat_input_gj")
    ran = (pl.col("operating_hours") >= limits["min_hours"]) & (pl.col("heat_input_gj") > 0)
    mixes = [
        fuel_mix(fuel, unit_class).group for fuel, unit_class in rows.select("fuel", "unit_class").iter_rows()
    ]
    spoken = [(unit, year) in told for unit, year in rows.select("unit_id", "year").iter_rows()]
    rows = rows.with_columns(
        pl.Series("mix", mixes, dtype=pl.String), pl.Series("spoken", spoken, dtype=pl.Boolean)
    )
    alone, coal = pl.col("mix") == "coal", pl.col("mix").str.starts_with("coal")
    floor = pl.when(alone).then(limits["coal_co2_per_gj"]).otherwise(limits["mixed_co2_per_gj"])
    # Steam sold beside electricity is common where gas is burned, so CO2 per MWh says little there.
    telling = coal | (pl.col("target") == "co2_tco2_per_gj")
    far = pl.col("is_low").cast(pl.Boolean) & (pl.col("score") >= limits["peer_score"]) & telling
    rows = rows.with_columns(
        pl.when(ran & coal & ~pl.col("spoken")).then(efficiency).alias("efficiency"),
        pl.when(ran & coal).then(floor).alias("rate_floor"),
        far.alias("far"),
    ).filter(
        pl.col("far").fill_null(False)
        | (pl.col("efficiency") > limits["coal_efficiency"]).fill_null(False)
        | (pl.col("co2_tco2_per_gj") < pl.col("rate_floor")).fill_null(False)
    )
    return [_unit_year(context, limits, row) for row in rows.sort("unit_id", "year").iter_rows(named=True)]


def _unit_year(context: Context, limits: dict[str, float], row: dict[str, Any]) -> Finding:
    """Judge one unit year; each proof gives its measure and its part of the score."""
    measures: dict[str, Measure] = {}
    scores = []
    variant, actual, expected = "bounds", row["co2_tco2_per_gj"], row["rate_floor"]
    if row["efficiency"] is not None and row["efficiency"] > limits["coal_efficiency"]:
        measures["electric_efficiency"] = Measure(row["efficiency"], limits["coal_efficiency"], "fraction")
        over = row["efficiency"] / limits["coal_efficiency"] - 1
        scores.append(0.5 + 0.5 * exceedance(over, limits["bound_margin"]))
        variant, actual, expected = "efficiency", row["efficiency"], limits["coal_efficiency"]
    rate, floor = row["co2_tco2_per_gj"], row["rate_floor"]
    if rate is not None and floor is not None and rate < floor:
        measures["co2_per_gj"] = Measure(rate, floor, "tCO2/GJ")
        scores.append(0.5 + 0.5 * exceedance(1 - rate / floor, limits["bound_margin"]))
        variant, actual, expected = "bounds", rate, floor
    if row["far"]:
        measures["peer_score"] = Measure(row["score"], limits["peer_score"], "0 to 1")
        measures["reported"] = Measure(row["actual"], row["lower_05"], _unit(row["target"]))
        measures["expected"] = Measure(row["expected"], None, _unit(row["target"]))
        measures["peers"] = Measure(int(row["peer_count"]), None, "unit years")
        scores.append(row["score"] * limits["peer_cap"])
        variant, actual, expected = "peers", row["actual"], row["expected"]
    start, end = context.compliance_window(row["year"], None)
    return Finding(
        kind=KIND,
        subject_type="unit",
        subject_ids=ids(row["unit_id"], row["entity_id"]),
        province_code=row["province_code"],
        window_start=start,
        window_end=end,
        score=either(max(scores), limits["second_proof"] if len(scores) > 1 else 0.0),
        p_value=row["p_value"],
        measures=measures,
        evidence=(Evidence("unit_years", ("unit_id", "year"), ((row["unit_id"], row["year"]),)),),
        variant=variant,
        title_values={
            "entity": named(row["entity_name"], row["entity_id"]),
            "unit": row["unit_id"],
            "year": row["year"],
            "actual": actual,
            "expected": expected,
            "gap": 1 - actual / expected,
            "rate": _unit(row["target"]),
        },
    )


def _unit(target: str | None) -> str:
    return {"co2_tco2_per_mwh": "tCO2/MWh"}.get(target or "", "tCO2/GJ")


def _months_out_of_bounds(context: Context) -> pl.DataFrame:
    """Coal-fired months that gave more electricity and heat than the declared fuel holds (E-14).

    One row a unit and month: the bound it breaks, its figure and its limit.
    """
    if context.marts.is_empty("fct_mass_balance_months"):
        return pl.DataFrame(schema={"unit_id": pl.String, "month": pl.Date, "bound": pl.String})
    limits = context.policy.thresholds(KIND)
    heat, fuel = pl.col("heat_supplied_gj").fill_null(0.0), pl.col("fuel_energy_gj")
    # A unit that sells heat may turn out more than a condensing one; only its total is bounded.
    condensing = heat <= 0
    rows = (
        context.marts.read("fct_mass_balance_months", *MONTH_COLUMNS)
        .filter((pl.col("sector") == "power") & (fuel > 0) & (pl.col("electricity_generated_mwh") > 0))
        .with_columns(
            ((GJ_PER_MWH * pl.col("electricity_generated_mwh") + heat) / fuel).alias("figure"),
            pl.when(condensing)
            .then(pl.lit("electric_efficiency"))
            .otherwise(pl.lit("total_efficiency"))
            .alias("bound"),
            pl.when(condensing)
            .then(limits["coal_efficiency"])
            .otherwise(limits["total_efficiency"])
            .alias("limit"),
        )
        .join(_classes(context), on="unit_id", how="left")
    )
    coal = pl.col("unit_class").fill_null("").str.starts_with("coal")
    return rows.filter(coal & (pl.col("figure") > pl.col("limit"))).sort("unit_id", "month")


def _classes(context: Context) -> pl.DataFrame:
    if context.marts.is_empty("dim_units"):
        return pl.DataFrame(schema={"unit_id": pl.String, "unit_class": pl.String})
    return context.marts.read("dim_units", "unit_id", "unit_class")


def _unit_months(context: Context, limits: dict[str, float], rows: pl.DataFrame) -> Finding:
    """One finding for consecutive months of one unit beyond one bound."""
    worst = rows.sort(["figure", "month"], descending=[True, False]).row(0, named=True)
    months: list[date] = rows["month"].to_list()
    start, end = context.market.months(months[0], months[-1])
    figure, limit = worst["figure"], worst["limit"]
    return Finding(
        kind=KIND,
        subject_type="unit",
        subject_ids=ids(worst["unit_id"], worst["entity_id"]),
        province_code=worst["province_code"],
        window_start=start,
        window_end=end,
        score=either(
            0.5 + 0.5 * exceedance(figure / limit - 1, limits["bound_margin"]),
            exceedance(rows.height - 1, limits["repeat_months"], limits["repeat_cap"]),
        ),
        measures={
            worst["bound"]: Measure(figure, limit, "fraction"),
            "months": Measure(rows.height, limits["repeat_months"] + 1, "months"),
        },
        evidence=(
            Evidence(
                "activity_reports",
                ("unit_id", "month", "revision"),
                rows_of(rows, "unit_id", "month", "revision"),
            ),
        ),
        variant="months",
        title_values={
            "entity": named(worst["entity_name"], worst["entity_id"]),
            "unit": worst["unit_id"],
            "first": f"{months[0]:%Y-%m}",
            "last": f"{months[-1]:%Y-%m}",
            "months": rows.height,
            "actual": figure,
            "limit": limit,
        },
    )


DETECTOR = Detector(KIND, "2.0.0", ("fct_unit_years|fct_mass_balance_months",), find)
