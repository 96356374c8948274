"""A few plants that the tests of emitters share: a tiny world, run honestly or with a plan of one's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl

from pipelines.contract.tables import TABLES
from pipelines.simulator.emitters.publish import write_emitters
from pipelines.simulator.emitters.reports import Reports, make_reports
from pipelines.simulator.emitters.truth import Truth, true_run
from pipelines.simulator.plan import EmitterPlan, Plan
from pipelines.simulator.scales import SCALES
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink, shaped
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import World, build_world

TINY = replace(
    SCALES["small"], power=22, cement=7, steel=5, aluminium=2, small_emitters=4, groups=6, treasuries=3,
    funds=4, brokers=2, makers=1, individuals=12, consortia=1, projects=6, laboratories=4, verifiers=4,
    consultants=3, parks=3, hourly_months=2,
)  # fmt: skip
SEED = 5


@dataclass
class Shelf(Sink):
    """Keeps what is written instead of writing it."""

    frames: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def write(self, name: str, frame: pl.DataFrame, month: str | None = None) -> None:
        if "tag" in frame.columns:
            self.remember(name, frame.filter(pl.col("tag") > 0))
        self.frames.setdefault(name, []).append(shaped(name, frame))

    def __getitem__(self, name: str) -> pl.DataFrame:
        return pl.concat(self.frames[name])


@dataclass(frozen=True)
class Plants:
    world: World
    truth: Truth
    reports: Reports
    shelf: Shelf

    def __getitem__(self, name: str) -> pl.DataFrame:
        return self.shelf[name]


@cache
def tiny_world(seed: int = SEED) -> World:
    return build_world(TINY, Timeline.ending(TINY.years), Streams(seed))


def run(arrange: Callable[[EmitterPlan], None] | None = None, seed: int = SEED) -> Plants:
    """What the tiny world's plants publish under a plan that `arrange` writes into."""
    world, streams = tiny_world(seed), Streams(seed)
    plan = Plan.empty(len(world.timeline.months), len(world.fleet))
    if arrange is not None:
        arrange(plan.emitters)
    truth = true_run(world, world.timeline, plan.emitters, streams)
    reports = make_reports(world, truth, plan.emitters, streams)
    shelf = Shelf(out=Path(), format="parquet")
    write_emitters(world, truth, reports, plan, streams, shelf)
    return Plants(world, truth, reports, shelf)


@cache
def honest() -> Plants:
    """The plants when nobody departs from routine."""
    return run()


def changed(before: Plants, after: Plants, table: str) -> pl.DataFrame:
    """Keys of the rows that differ; laboratory reports are identified by unit and month, as numbers move."""
    key = list(TABLES[table].key) if table != "lab_tests" else ["unit_id", "month"]
    old, new = (_comparable(one[table], table) for one in (before, after))
    both = [old.join(new, on=old.columns, how="anti", nulls_equal=True)]
    both.append(new.join(old, on=old.columns, how="anti", nulls_equal=True))
    return pl.concat(both).select(key).unique().sort(key)


def _comparable(frame: pl.DataFrame, table: str) -> pl.DataFrame:
    if table != "lab_tests":
        return frame
    month = pl.col("sampled_on").dt.truncate("1mo").alias("month")
    return frame.drop("sample_id", "report_no").with_columns(month)


def coal_unit(world: World) -> int:
    """A large coal unit with analyses that has a mate at its plant."""
    fleet = world.fleet
    mates = np.bincount(fleet.entity)[fleet.entity] >= 2
    return unit_where(fleet.is_power & fleet.is_analysed & (fleet.capacity >= 300) & mates, 1)


def unit_where(mask: np.ndarray, number: int = 0) -> int:
    """A unit that fits, the same one every time."""
    return int(np.flatnonzero(mask)[number])
