"""One simulation from end to end: world, plan, truth, reports, allocation, market, files."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pipelines.simulator import calendar, tables
from pipelines.simulator.allocation import Allotment, allotments
from pipelines.simulator.cases import arrange_all
from pipelines.simulator.cases.stage import Cast, Stage
from pipelines.simulator.emitters.cems import cems_hourly
from pipelines.simulator.emitters.labs import lab_tests, take_samples
from pipelines.simulator.emitters.meters import meters_daily
from pipelines.simulator.emitters.reports import (
    Reports,
    activity_reports,
    emission_reports,
    make_reports,
    unit_years,
)
from pipelines.simulator.emitters.truth import Truth, true_run
from pipelines.simulator.labels import labels
from pipelines.simulator.lookalikes import arrange_lookalikes
from pipelines.simulator.plan import Plan
from pipelines.simulator.registry import Registry
from pipelines.simulator.scales import scale_named
from pipelines.simulator.seeds import Streams
from pipelines.simulator.trading import tables as exchange
from pipelines.simulator.trading.market import Market
from pipelines.simulator.world import World, build_world
from pipelines.simulator.writer import FORMATS, shaped, write_market, write_table


@dataclass(frozen=True)
class SimulationReport:
    """What one call of `simulate` wrote."""

    out: Path
    labels: Path
    scale: str
    seed: int
    rows: dict[str, int]
    cases: dict[str, int]
    seconds: dict[str, float] = field(compare=False)


def simulate(
    out: Path, scale: str = "small", seed: int = 7, clean: bool = False, format: str = "parquet"
) -> SimulationReport:
    """Simulate a market and write it as a source directory of the contract.

    The known cases go to `<out>.labels.parquet` beside the directory, never into it. The same
    arguments give the same bytes.

    Args:
        out: directory to write; it may exist if it is empty.
        scale: name of a size in `scales.SCALES`.
        seed: any whole number from 0.
        clean: leave out every case; look-alikes stay, the labels are empty.
        format: `parquet` or `csv`.

    Raises:
        ValueError: unknown scale or format, or a negative seed.
        FileExistsError: `out` holds files already.
    """
    _check(out, seed, format)
    size = scale_named(scale)
    clock = _Clock()
    streams = Streams(seed)
    world = build_world(size, streams)
    stage = _stage(world, streams, clean)
    clock.lap("plan")
    frames, reports, decisions = _emitters(world, stage.plan, streams)
    clock.lap("emitters")
    registry = Registry(world, reports, decisions, stage.plan, streams)
    market = Market(world, registry, stage.plan, streams)
    market.run()
    clock.lap("market")
    known = _publish(frames, world, market, reports, decisions, stage)
    out.mkdir(parents=True, exist_ok=True)
    rows = {}
    for name in sorted(frames):
        frame = shaped(name, frames[name])
        write_table(frame, out, name, format)
        rows[name] = frame.height
    write_market(out)
    known.write_parquet(labels_path(out))
    clock.lap("write")
    cases = {str(kind): int(count) for kind, count in known["kind"].value_counts(sort=False).rows()}
    return SimulationReport(
        out=out,
        labels=labels_path(out),
        scale=scale,
        seed=seed,
        rows=rows,
        cases=dict(sorted(cases.items())),
        seconds=clock.laps,
    )


def labels_path(out: Path) -> Path:
    """Where the labels of a source directory are."""
    return out.with_name(f"{out.name}.labels.parquet")


class _Clock:
    """Seconds by step."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.laps[name] = round(now - self._last, 3)
        self._last = now


def _check(out: Path, seed: int, file_format: str) -> None:
    if file_format not in FORMATS:
        raise ValueError(f"format is {file_format!r}, expected one of {', '.join(FORMATS)}")
    if seed < 0:
        raise ValueError(f"seed is {seed}, expected a whole number from 0")
    if out.is_dir() and any(out.iterdir()):
        raise FileExistsError(f"{out} holds files already, expected a new or empty directory; choose another")
    if out.exists() and not out.is_dir():
        raise FileExistsError(f"{out} is a file, expected a directory to write into; choose another")


def _stage(world: World, streams: Streams, clean: bool) -> Stage:
    months = calendar.months()
    stage = Stage(world, Plan.empty(world, len(months)), Cast(world), months)
    arrange_lookalikes(stage, streams.of("lookalikes"))
    if not clean:
        arrange_all(stage, streams)
    return stage


def _emitters(
    world: World, plan: Plan, streams: Streams
) -> tuple[dict[str, pl.DataFrame], Reports, list[Allotment]]:
    truth: Truth = true_run(world.fleet, plan, streams)
    samples = take_samples(world, truth, plan, streams)
    analysed = samples.reported_after(len(truth.months), len(world.fleet))
    reports = make_reports(world, truth, plan, analysed, streams)
    annual = [emission_reports(reports, year, streams) for year in (2023, 2024)]
    frames = {
        "lab_tests": lab_tests(world, truth, plan, samples),
        "activity_reports": activity_reports(reports, streams),
        "emission_reports": pl.concat(annual),
        "unit_years": unit_years(reports),
        "meters_daily": meters_daily(world.fleet, truth, streams),
        "cems_hourly": cems_hourly(world.fleet, truth, world.scale.cems_months, streams),
    }
    return frames, reports, allotments(world, reports, streams)


def _publish(
    frames: dict[str, pl.DataFrame],
    world: World,
    market: Market,
    reports: Reports,
    decisions: list[Allotment],
    stage: Stage,
) -> pl.DataFrame:
    """Add what registry and exchange publish to the frames; return the labels."""
    frames.update(tables.directories(world))
    frames["instruments"] = exchange.instruments()
    frames["market_days"] = exchange.market_days(market.days)
    frames["orders"], order_ids = exchange.orders(world, market.tape)
    frames["trades"], trade_ids = exchange.trades(world, market.tape, order_ids)
    frames["allocations"] = tables.allocations(world, decisions)
    frames["transfers"] = tables.transfers(world, market.registry, trade_ids)
    frames["compliance"] = tables.compliance(world, reports, market.registry)
    return labels(
        stage.cases, frames["trades"], frames["transfers"], frames["lab_tests"], frames["market_days"]
    )
