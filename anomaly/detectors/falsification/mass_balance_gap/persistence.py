"""Small gaps that persist: a one-sided CUSUM of a unit's months (Page 1954).

A small gap in a single month may be chance; the same gap month after month is not. A unit's own constant
offset is subtracted first, up to the instrument's accuracy; the rest is added up, less a slack for each
month, and a shift is reported when the sum exceeds a limit.
Belongs here: the sums over months. Does not belong here: what a reference is, scores, findings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

SCHEMA: dict[str, Any] = {
    "unit_id": pl.String,
    "first": pl.Date,
    "last": pl.Date,
    "height": pl.Float64,
    "least": pl.Float64,
}


@dataclass(frozen=True)
class Persistent:
    """Months over which a unit's gaps added up beyond the limit.

    Attributes:
        unit_id: whose months.
        first: first month of the shift.
        last: last month of the shift.
        height: the highest sum, in scales.
        least: deficit from which a month is nearer to the shift than to none.
    """

    unit_id: str
    first: date
    last: date
    height: float
    least: float


def persistent_gaps(
    rows: pl.DataFrame, deficit: str, scale: float, granted: float, slack: float, limit: float
) -> list[Persistent]:
    """Runs of months whose `deficit` (log of reference over report) adds up beyond the limit.

    Args:
        rows: one row a unit and month, with `unit_id`, `month` and the deficit, null where there is none.
        deficit: name of that column.
        scale: spread of honest months, in the same unit.
        granted: largest constant offset of a unit that is taken as its own.
        slack: what each month is granted, in scales.
        limit: sum at which the alarm rings, in scales.
    """
    # Subtracted only where it lowers the gap: a median of few months may be low by chance and would make the
    # other months look high.
    own = pl.col(deficit).median().clip(0.0, granted).over("unit_id")
    lean = (pl.col(deficit) - pl.col("own")) / scale
    # Only a unit whose months exceed the slack by as much in all can exceed the limit.
    enough = (pl.col("lean") - slack).clip(0.0).sum().over("unit_id") >= 0.999 * limit
    known = (
        rows.filter(pl.col(deficit).is_not_null())
        .with_columns(own=own)
        .with_columns(lean=lean)
        .filter(enough)
        .sort("unit_id", "month")
    )
    found = []
    for (unit_id,), part in known.group_by("unit_id", maintain_order=True):
        values, own_gap = part["lean"].to_numpy(), float(part["own"][0])
        for first, last, height in _alarms(values, slack, limit):
            run = values[first : last + 1]
            clear = run[run >= 2 * slack]
            half = float(np.median(clear)) / 2 if clear.size else slack
            begins, ends = _shifted(run, half)
            months = part["month"].slice(first, last - first + 1)
            found.append(
                Persistent(str(unit_id), months[begins], months[ends], height, own_gap + half * scale)
            )
    return found


def heights(rows: pl.DataFrame, deficit: str, persistent: list[Persistent]) -> pl.Series:
    """For each row the height of the persistent shift that its month belongs to, 0 where there is none.

    A month without a figure is treated like its neighbours.
    """
    shifts = pl.DataFrame(persistent, schema=SCHEMA)
    numbered = rows.select("unit_id", "month", deficit).with_row_index("row")
    inside = pl.col("month").is_between("first", "last")
    held = (
        numbered.join(shifts, on="unit_id")
        .filter(inside & (pl.col(deficit) >= pl.col("least")).fill_null(True))
        .group_by("row")
        .agg(pl.col("height").max())
    )
    return numbered.join(held, on="row", how="left", maintain_order="left")["height"].fill_null(0.0)


def _alarms(values: np.ndarray, slack: float, limit: float) -> list[tuple[int, int, float]]:
    """First month, month of the highest sum, and that sum, of each excursion that passed the limit."""
    found: list[tuple[int, int, float]] = []
    total = height = 0.0
    first = last = 0
    for place, value in enumerate([*values, -np.inf]):
        if total <= 0.0:
            first, height = place, 0.0
        total = max(0.0, total + value - slack)
        if total > height:
            last, height = place, total
        if total <= 0.0 and height >= limit:
            found.append((first, last, height))
    return found


def _shifted(lean: np.ndarray, half: float) -> tuple[int, int]:
    """First and last month of the shift within a run whose sum exceeded the limit.

    The run may be longer than the shift, because scatter can keep the sum high. The likeliest span for a
    shift of that size is the one with the greatest sum of what lies above half of it.
    """
    gains = np.concatenate([[0.0], np.cumsum(lean - half)])
    lowest = np.minimum.accumulate(gains[:-1])
    ends = int(np.argmax(gains[1:] - lowest))
    return int(np.argmin(gains[: ends + 1])), ends
