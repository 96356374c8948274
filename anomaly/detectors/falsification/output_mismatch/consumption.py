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

from typing import Any

import numpy as np
import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Inputs
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.falsification.output_mismatch.limits import Limits

INPUTS = (
    "fuel_energy_gj",
    "single_fuel_consumption",
    "metered_fuel_at_most_t",
    "electricity_purchased_mwh",
)
OUTPUTS = ("electricity_generated_mwh", "heat_supplied_gj", "product_output_t")
BILLED = "electricity_purchased_mwh"


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a unit whose inputs per output fell for a run of months."""
    months = _comparable(inputs.limits, inputs.read("fct_output_months").sort("unit_id", "month"))
    counts = months.group_by("unit_id", maintain_order=True).len()["len"]
    units = (months.slice(end - count, count) for end, count in zip(counts.cum_sum(), counts, strict=True))
    found = (_unit(inputs.limits, rows) for rows in units)
    return frame_of(row for row in found if row is not None)


def _unit(limits: Limits, rows: pl.DataFrame) -> dict[str, Any] | None:
    outputs = [name for name in OUTPUTS if rows[name].sum() > 0]
    used = [name for name in INPUTS if rows[name].null_count() == 0 and (rows[name] > 0).all()]
    # One input alone may itself be wrong, unless a third party bills it.
    if (
        rows.height < limits.min_months + limits.min_history
        or not outputs
        or not (used[1:] or BILLED in used)
    ):
        return None
    made = rows.select(pl.col(outputs).fill_null(0.0)).to_numpy()
    savings = np.array([_saving(rows[name].to_numpy(), made) for name in used])
    first, last, distance = _lowest_run(limits, savings)
    inside = np.zeros(rows.height, dtype=bool)
    inside[first:last] = True
    drop = float((np.median(savings[:, inside], axis=1) - np.median(savings[:, ~inside], axis=1)).min())
    is_open = first == 0 or last == rows.height
    needed = limits.overhaul_gain if is_open else limits.min_drop
    if drop < limits.min_drop / 2:
        return None
    run = rows.slice(first, last - first)
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
        "inputs": len(used),
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


def _saving(used: np.ndarray, made: np.ndarray, rounds: int = 20) -> np.ndarray:
    """By how much (log) the input lies below what the outputs usually need, by month.

    What each output needs comes from a robust regression (Tukey's biweight) of relative errors.
    """
    shares, weights = made / used[:, None], np.ones(len(used))
    for _ in range(rounds):
        root = np.sqrt(weights)
        needs = np.linalg.lstsq(shares * root[:, None], root, rcond=None)[0]
        errors = shares @ needs - 1
        scale = 1.4826 * _median(np.abs(errors - _median(errors))) + 1e-6
        weights = np.maximum(1 - (errors / (4.685 * scale)) ** 2, 1e-3) ** 2
    return np.log(np.maximum(shares @ needs, 1e-9))


def _median(values: np.ndarray) -> float:
    """As `np.median`, which takes ten times as long for as few values as a unit has months."""
    ordered = np.sort(values)
    return float(ordered[(values.size - 1) // 2] + ordered[values.size // 2]) / 2


def _lowest_run(limits: Limits, savings: np.ndarray) -> tuple[int, int, float]:
    """The run of months (first, one past the last) that stands out most in all inputs, in standard errors."""
    count = savings.shape[1]
    sums = np.concatenate([np.zeros((len(savings), 1)), np.cumsum(savings, axis=1)], axis=1)
    steps = np.diff(savings, axis=1)
    spread = 1.4826 * np.median(np.abs(steps - np.median(steps, axis=1, keepdims=True)), axis=1) / np.sqrt(2)
    scatter = np.maximum(spread, limits.least_scatter)[:, None, None]
    inside = np.arange(count + 1)[None, :] - np.arange(count + 1)[:, None]
    allowed = (inside >= limits.min_months) & (count - inside >= limits.min_history)
    within = np.where(allowed, inside, 1)
    beyond = np.where(allowed, count - inside, 1)
    total = sums[:, None, :] - sums[:, :, None]
    gap = total / within - (sums[:, -1][:, None, None] - total) / beyond
    distance = (gap / (scatter * np.sqrt(1 / within + 1 / beyond))).min(axis=0)
    first, last = np.unravel_index(np.where(allowed, distance, -np.inf).argmax(), distance.shape)
    return int(first), int(last), float(distance[first, last])
