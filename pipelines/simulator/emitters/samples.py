"""The published laboratory reports: monthly composites, and single lots that some plants have analysed."""

from __future__ import annotations

from dataclasses import fields
from datetime import date

import numpy as np
import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator.emitters.coal import Coal, quality_of
from pipelines.simulator.emitters.labs import Analyses, measured, printed, sampled
from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.plan.emitting import EmitterPlan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.world import World

_LOT_SHARE = 0.10  # plants that have single lots analysed beside the composites
_LOTS_A_MONTH = 0.9
_LOT_SPREAD = 5.0  # of a single lot around the month's coal, in usual sampling errors
_STEPS = ("sampled_on", "received_on", "tested_on", "reported_on")
_EPOCH = date(1970, 1, 1)


def lab_tests(
    world: World, truth: Truth, plan: EmitterPlan, analyses: Analyses, streams: Streams
) -> pl.DataFrame:
    """Every report of a laboratory, one row a sample, numbered in time; `tag` is for labels."""
    frame = pl.concat([_composites(world, truth, plan, analyses), _lots(world, truth, analyses, streams)])
    return _numbered(frame.filter(pl.col("reported_on") <= world.timeline.as_of))


def _composites(world: World, truth: Truth, plan: EmitterPlan, analyses: Analyses) -> pl.DataFrame:
    month, unit = np.nonzero(analyses.has_sample)
    at = (month, unit)
    ends = np.array([calendar.day_number(calendar.next_month(one)) - 1 for one in truth.months])[month]
    days = np.array(
        [ends, ends + analyses.received[at], ends + analyses.tested[at], ends + analyses.reported[at]]
    )
    tag = analyses.tag[at]
    place = {(one, when): n for n, (one, when) in enumerate(zip(unit.tolist(), month.tolist(), strict=True))}
    for edit in plan.lab_dates:
        row = place.get((edit.unit, edit.month))
        if row is None:
            continue
        for step, name in enumerate(_STEPS):
            claim = getattr(edit, name)
            if claim is not None:
                days[step, row] = (claim - _EPOCH).days
        tag[row] = edit.tag or tag[row]
    figures = {name: values[at] for name, values in analyses.stated.items()}
    return _frame(world, unit, days, figures, tag)


def _lots(world: World, truth: Truth, analyses: Analyses, streams: Streams) -> pl.DataFrame:
    """Drawn for every unit and month, so that a month without an analysis leaves the others as they were."""
    rng = streams.of("emitters", "labs", "lots")
    plants = rng.random(len(world.entities)) < _LOT_SHARE
    many = rng.poisson(_LOTS_A_MONTH, analyses.has_sample.shape)
    many = np.where(world.fleet.is_coal & plants[world.fleet.entity], many, 0)
    month, unit = (np.repeat(place, many[np.nonzero(many)]) for place in np.nonzero(many))
    at = (month, unit)
    parts = (getattr(truth.coal, field.name)[at] for field in fields(Coal))
    quality = quality_of(sampled(Coal(*parts), rng, _LOT_SPREAD), world.fleet.fuel[unit])
    first = np.array([calendar.day_number(one) for one in truth.months])[month]
    taken = first + rng.integers(1, 27, len(unit))
    received = taken + rng.integers(1, 4, len(unit))
    tested = received + rng.integers(1, 7, len(unit))
    days = np.array([taken, received, tested, tested + rng.integers(1, 6, len(unit))])
    frame = _frame(world, unit, days, printed(measured(quality, rng)), np.zeros(len(unit), dtype=np.int64))
    return frame.filter(pl.Series(analyses.has_sample[at]))


def _frame(
    world: World, unit: np.ndarray, days: np.ndarray, figures: dict[str, np.ndarray], tag: np.ndarray
) -> pl.DataFrame:
    fleet = world.fleet
    entity_ids, unit_ids = np.array(world.entities.id), np.array(fleet.id)
    laboratories = np.array([laboratory.id for laboratory in world.laboratories])
    dates = {name: pl.Series(days[n].astype(np.int32)).cast(pl.Date) for n, name in enumerate(_STEPS)}
    return pl.DataFrame(
        {
            "entity_id": entity_ids[fleet.entity[unit]],
            "unit_id": unit_ids[unit],
            "lab_id": laboratories[fleet.laboratory[unit]],
            "fuel": fleet.fuel[unit],
            **dates,
            **figures,
            "tag": tag,
        }
    )


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Sample ids in the order of sampling; report numbers in a laboratory's order of reporting in a year."""
    year = pl.col("reported_on").dt.year()
    frame = frame.sort("lab_id", "reported_on", "unit_id", "sampled_on", "tested_on").with_columns(
        pl.concat_str(
            pl.col("lab_id"),
            pl.lit("-"),
            year.cast(pl.String),
            pl.lit("-"),
            (pl.int_range(pl.len()).over("lab_id", year) + 1).cast(pl.String).str.zfill(5),
        ).alias("report_no")
    )
    frame = frame.sort("sampled_on", "unit_id", "report_no")
    number = (pl.int_range(pl.len()) + 1).cast(pl.String).str.zfill(7)
    return frame.with_columns(pl.concat_str(pl.lit("S-"), number).alias("sample_id"))
