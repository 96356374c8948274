"""Coal-fired months that gave more electricity and heat than their fuel's energy allows (E-14).

The fuel is given the benefit of the doubt: the larger of its declared and its metered quantity, at the larger
of its declared and the unit's usual heating value. What remains beyond the bound is no matter of the fuel.
"""

from __future__ import annotations

from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Inputs
from anomaly.core.helpers import NEXT_MONTH, runs
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.falsification.output_mismatch.limits import GJ_PER_MWH, Limits


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a unit and run of months beyond the same bound."""
    months = _beyond(inputs.limits, inputs.read("fct_output_months"))
    return frame_of(
        _run(inputs.limits, rows.slice(first, last - first + 1))
        for _, rows in months.group_by("unit_id", "bound", maintain_order=True)
        for first, last in runs(rows["month"].to_list(), NEXT_MONTH)
    )


def _beyond(limits: Limits, months: pl.DataFrame) -> pl.DataFrame:
    electricity, heat = pl.col("electricity_generated_mwh"), pl.col("heat_supplied_gj").fill_null(0.0)
    # A unit that sells heat may give more in all than a condensing one; only its total is bounded.
    bound = pl.when(heat <= 0).then(pl.lit("electric_efficiency")).otherwise(pl.lit("total_efficiency"))
    limit = pl.when(heat <= 0).then(limits.coal_efficiency).otherwise(limits.total_efficiency)
    quantity, heating_value = pl.col("single_fuel_consumption"), pl.col("heating_value")
    usual = heating_value.median().over("unit_id", "single_fuel")
    declared = pl.col("fuel_energy_gj")
    most = pl.max_horizontal(quantity, "metered_fuel_at_most_t") * pl.max_horizontal(heating_value, usual)
    return (
        months.filter((pl.col("sector") == "power") & (declared > 0) & (electricity > 0))
        .filter(pl.col("unit_class").fill_null("").str.starts_with("coal"))
        .with_columns(heating_value=declared / quantity)
        .with_columns(energy=pl.max_horizontal(declared, most))
        .with_columns(figure=(GJ_PER_MWH * electricity + heat) / pl.col("energy"), bound=bound, limit=limit)
        .filter(pl.col("figure") > pl.col("limit"))
        .sort("unit_id", "bound", "month")
    )


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
        "is_alert": figure > limit * (1 + limits.fuel_uncertainty),
        "electric_efficiency": figure if worst["bound"] == "electric_efficiency" else None,
        "total_efficiency": figure if worst["bound"] == "total_efficiency" else None,
        "actual": figure,
        "in_doubt": (1 - rows["limit"] / rows["figure"]).to_list(),
        "months": rows.height,
        "month": rows["month"].to_list(),
        "revision": rows["revision"].to_list(),
    }
