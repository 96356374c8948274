"""Inputs per output below the unit's own usual level for a run of months.

Each input (fuel energy, fuel quantity, metered fuel, purchased electricity) is compared with what the unit's
outputs usually need of it, electricity and heat together. The run is the one that stands out most when the
months inside are compared with those outside, as in circular binary segmentation. What counts is the input
that falls least: overstated output lowers all of them alike, while understated fuel, other fuel or a changed
heating value lowers some. A lower level that lasts to the record's end, or was there from its start, may be
an overhaul or wear, so only a drop beyond what an overhaul gives is reported there.

Reference: Olshen, Venkatraman, Lucito, Wigler, Biostatistics 5 (2004), 557-572.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Inputs
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.falsification.output_mismatch.limits import Limits
from anomaly.detectors.falsification.output_mismatch.savings import lowest_runs, savings

INPUTS = (
    "fuel_energy_gj",
    "single_fuel_consumption",
    "metered_fuel_at_most_t",
    "electricity_purchased_mwh",
)
OUTPUTS = ("electricity_generated_mwh", "heat_supplied_gj", "product_output_t")
BILLED = "electricity_purchased_mwh"
# Units whose runs are compared at a time; bounds the memory.
CHUNK = 500


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a unit whose inputs per output fell for a run of months."""
    limits = inputs.limits
    months = _comparable(limits, inputs.read("fct_output_months").sort("unit_id", "month"))
    units = _units(months).filter(pl.col("months") >= limits.min_months + limits.min_history)
    found = [
        row
        for (count, made, used), alike in units.group_by("months", "made", "used")
        # One input alone may itself be wrong, unless a third party bills it.
        if made and (used[1:] or BILLED in used)
        for part in alike.iter_slices(CHUNK)
        for row in _alike(limits, months, part["start"].to_numpy()[:, None] + np.arange(count), made, used)
    ]
    return frame_of(sorted(found, key=lambda row: row["unit_id"]))


def _units(months: pl.DataFrame) -> pl.DataFrame:
    """One row a unit: its first row and number of months, and which outputs and inputs it has throughout."""
    made = [pl.when(pl.col(name).sum() > 0).then(pl.lit(name)) for name in OUTPUTS]
    used = [
        pl.when(pl.col(name).is_not_null().all() & (pl.col(name) > 0).all()).then(pl.lit(name))
        for name in INPUTS
    ]
    return (
        months.with_row_index("start")
        .group_by("unit_id", maintain_order=True)
        .agg(
            pl.col("start").first(),
            pl.len().alias("months"),
            pl.concat_list(made).list.drop_nulls().alias("made"),
            pl.concat_list(used).list.drop_nulls().alias("used"),
        )
    )


def _alike(
    limits: Limits, months: pl.DataFrame, rows: np.ndarray, made: list[str], used: list[str]
) -> Iterator[dict[str, Any]]:
    """Units with the same outputs, inputs and number of months; `rows` are their places, units x months."""
    outputs = months.select(pl.col(made).fill_null(0.0)).to_numpy()[rows]
    inputs = months.select(used).to_numpy()[rows].swapaxes(1, 2)
    found = lowest_runs(savings(inputs, outputs), limits.min_months, limits.min_history, limits.least_scatter)
    for unit in np.flatnonzero(found.drop >= limits.min_drop / 2):
        first, last = int(found.first[unit]), int(found.last[unit])
        is_open = first == 0 or last == rows.shape[1]
        run = months[rows[unit, first:last].tolist()]
        yield _row(limits, run, float(found.drop[unit]), float(found.distance[unit]), is_open) | {
            "inputs": len(used)
        }


def _row(limits: Limits, run: pl.DataFrame, drop: float, distance: float, is_open: bool) -> dict[str, Any]:
    needed = limits.overhaul_gain if is_open else limits.min_drop
    return {
        **run.select("unit_id", "entity_id", "entity_name", "province_code").row(0, named=True),
        "first_on": run["month"][0],
        "last_on": run["month"].dt.month_end()[-1],
        "score": either(
            exceedance(drop, needed, limits.repeat_cap),
            exceedance(distance, 2 * limits.min_distance, limits.repeat_cap),
        ),
        "is_alert": drop >= needed and distance >= limits.min_distance,
        "drop": drop,
        "drop_needed": needed,
        "distance": distance,
        "months": run.height,
        "month": run["month"].to_list(),
        "revision": run["revision"].to_list(),
    }


def _comparable(limits: Limits, months: pl.DataFrame) -> pl.DataFrame:
    """Each unit's months on its usual fuel and at normal load; start-ups need more fuel per output."""
    made = pl.max_horizontal(
        pl.col(name).fill_null(0.0) / pl.col(name).quantile(0.9).over("unit_id") for name in OUTPUTS
    )
    fuel = pl.col("single_fuel").fill_null("")
    usual = fuel.mode().sort().first().over("unit_id")
    return months.filter((made >= limits.min_load) & (fuel == usual))
