"""Declared output above what the output meters can have counted.

A day without a reading counts as the month's highest day, so a gap in the readings accuses nobody. A constant
ratio between the two is a matter of where the meter stands; what counts is the excess over the unit's own
usual ratio. That ratio is a low quantile of its months, since an overstatement may last for most of them.
An overstatement lies on one side: deviations on both sides within one run point to figures of another unit or
month, and such a run stays a candidate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Inputs
from anomaly.core.helpers import NEXT_MONTH, runs
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.falsification.output_mismatch.limits import Limits


@dataclass(frozen=True)
class Output:
    """An output that is both declared and metered."""

    name: str
    unit: str
    declared: str
    meter: str


OUTPUTS = (
    Output("electricity", "mwh", "electricity_generated_mwh", "electricity_out"),
    Output("heat", "gj", "heat_supplied_gj", "heat_out"),
    Output("product", "t", "product_output_t", "product"),
)
SHOWN = {"mwh": "MWh", "gj": "GJ", "t": "t"}


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """One row a unit, output and run of months in which the declared output exceeds the metered one."""
    limits, months = inputs.limits, inputs.read("fct_output_months").sort("unit_id", "month")
    found = (
        _run(limits, output, rows.slice(first, last - first + 1))
        for output in OUTPUTS
        for _, rows in _deviating(limits, output, months).group_by("unit_id", maintain_order=True)
        for first, last in runs(rows["month"].to_list(), NEXT_MONTH)
    )
    return frame_of(row for row in found if row["excess"] > limits.meter_tolerance)


def _deviating(limits: Limits, output: Output, months: pl.DataFrame) -> pl.DataFrame:
    """Months whose declared output differs from the metered one, beyond tolerance at the usual ratio."""
    metered = pl.col(f"metered_{output.name}_at_most_{output.unit}")
    usual = pl.col("ratio").quantile(limits.usual_quantile).over("unit_id").clip(lower_bound=1.0)
    enough = pl.len().over("unit_id") >= limits.min_history
    return (
        months.filter((pl.col(output.declared) > 0) & (metered > 0))
        .with_columns(ratio=pl.col(output.declared) / metered)
        .with_columns(countable=metered * pl.when(enough).then(usual).otherwise(1.0))
        .with_columns(deviation=pl.col(output.declared) / pl.col("countable") - 1)
        .filter(pl.col("deviation").abs() > limits.meter_tolerance)
    )


def _run(limits: Limits, output: Output, rows: pl.DataFrame) -> dict[str, Any]:
    declared, countable = float(rows[output.declared].sum()), float(rows["countable"].sum())
    excess, last = declared / countable - 1, rows["month"].dt.month_end()[-1]
    return {
        **rows.select("unit_id", "entity_id", "entity_name", "province_code").row(0, named=True),
        "first_on": rows["month"][0],
        "last_on": last,
        "score": either(
            exceedance(excess, limits.meter_tolerance),
            exceedance(rows.height - 1, limits.repeat_months, limits.repeat_cap),
        ),
        "is_alert": rows.height >= limits.min_months and bool((rows["deviation"] > 0).all()),
        "declared_output": declared,
        "metered_output": countable,
        "output_unit": SHOWN[output.unit],
        "excess": excess,
        "in_doubt": (1 - rows["countable"] / rows[output.declared]).clip(lower_bound=0.0).to_list(),
        "months": rows.height,
        "month": rows["month"].to_list(),
        "revision": rows["revision"].to_list(),
        "meter": output.meter,
        "meter_from": rows["month"][0],
        "meter_to": last + timedelta(days=1),
    }
