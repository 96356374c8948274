"""The laboratories: one composite sample a unit and month, its dates and what it holds.

The composite of a month is closed on the month's last day, travels, is analysed and reported, within
the 40 days of rule E-07. A plan may make a report state other dates; the analysis stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.plan import LabDates, Plan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.world import World

_LONGEST = 36  # days from sampling to report


@dataclass(frozen=True)
class Samples:
    """Samples by position: unit, month, and days after the month's end for each step."""

    unit: np.ndarray
    month: np.ndarray
    received: np.ndarray
    tested: np.ndarray
    reported: np.ndarray

    def reported_after(self, months: int, units: int) -> np.ndarray:
        """Days from month end to the laboratory's report, months by units; 0 where nothing was analysed."""
        out = np.zeros((months, units))
        out[self.month, self.unit] = self.reported
        return out


def take_samples(world: World, truth: Truth, plan: Plan, streams: Streams) -> Samples:
    """Which unit's coal is analysed in which month, and how long that really takes."""
    rng = streams.of("emitters", "labs")
    filed = np.array([month <= calendar.LAST_FILED_MONTH for month in truth.months])
    shape = (len(truth.months), len(world.fleet))
    received = rng.integers(1, 5, shape)
    tested = received + rng.integers(1, 8, shape)
    slow = np.where(rng.random(shape) < 0.05, rng.integers(8, 20, shape), 0)
    reported = np.minimum(tested + rng.integers(1, 7, shape) + slow, _LONGEST)
    wanted = filed[:, None] & world.fleet.is_analysed & ~plan.default_carbon
    month, unit = np.nonzero(wanted)
    return Samples(
        unit=unit,
        month=month,
        received=received[month, unit],
        tested=tested[month, unit],
        reported=reported[month, unit],
    )


def lab_tests(world: World, truth: Truth, plan: Plan, samples: Samples) -> pl.DataFrame:
    """The laboratories' reports as published, one row a sample."""
    fleet, quality = world.fleet, truth.quality
    edits = {(edit.unit, edit.month): edit for edit in plan.lab_dates}
    places = list(zip(samples.unit.tolist(), samples.month.tolist(), strict=True))
    steps = zip(samples.received.tolist(), samples.tested.tolist(), samples.reported.tolist(), strict=True)
    dates = [
        _stated(calendar.next_month(truth.months[month]) - timedelta(days=1), step, edits.get((unit, month)))
        for (unit, month), step in zip(places, steps, strict=True)
    ]
    labs = [world.laboratories[n][0] for n in fleet.laboratory[samples.unit]]
    at = (samples.month, samples.unit)
    frame = pl.DataFrame(
        {
            "unit": samples.unit,
            "month": samples.month,
            "entity_id": [world.entities.id[e] for e in fleet.entity[samples.unit]],
            "unit_id": [fleet.id[u] for u in samples.unit],
            "lab_id": labs,
            "fuel": fleet.fuel[samples.unit],
            "sampled_on": [d[0] for d in dates],
            "received_on": [d[1] for d in dates],
            "tested_on": [d[2] for d in dates],
            "reported_on": [d[3] for d in dates],
            "total_moisture": quality.total_moisture[at],
            "moisture": quality.moisture[at],
            "ash": quality.ash[at],
            "volatile": quality.volatile[at],
            "sulphur": quality.sulphur[at],
            "hydrogen": quality.hydrogen[at],
            "carbon": quality.carbon_dry[at],
            "ncv": quality.ncv[at],
        }
    )
    return _numbered(frame)


def _stated(sampled: date, steps: tuple[int, int, int], edit: LabDates | None) -> tuple[date, ...]:
    true = (sampled, *(sampled + timedelta(days=days) for days in steps))
    if edit is None:
        return true
    claims = (edit.sampled_on, edit.received_on, edit.tested_on, edit.reported_on)
    return tuple(claim or fact for claim, fact in zip(claims, true, strict=True))


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    order = pl.col("lab_id"), pl.col("reported_on").dt.year()
    number = pl.col("unit_id").cum_count().over("lab_id", pl.col("reported_on").dt.year())
    year = pl.col("reported_on").dt.year().cast(pl.String)
    frame = frame.sort("lab_id", "reported_on", "unit_id", "month").with_columns(
        pl.concat_str(order[0], pl.lit("-"), year, pl.lit("-"), number.cast(pl.String).str.zfill(5)).alias(
            "report_no"
        )
    )
    frame = frame.sort("sampled_on", "unit_id", "month")
    return frame.with_columns(pl.format("S-{}", pl.int_range(1, pl.len() + 1)).alias("sample_id"))
