"""One simulation from end to end: world, plan, plants, registry, market, files."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.core.progress import report as say
from pipelines.simulator import directories, oversight
from pipelines.simulator.cases import arrange_all
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.credits import issue_credits
from pipelines.simulator.emitters.publish import write_emitters
from pipelines.simulator.emitters.reports import make_reports
from pipelines.simulator.emitters.truth import true_run
from pipelines.simulator.labels import write_labels
from pipelines.simulator.market_settings import write_market
from pipelines.simulator.plan import Plan
from pipelines.simulator.registry import Registry
from pipelines.simulator.scales import scale_named
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import FORMATS, Sink, labels_path
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.trading.market import Market
from pipelines.simulator.world import build_world


@dataclass(frozen=True)
class SimulationReport:
    """What one call of `simulate` wrote."""

    out: Path
    labels: Path
    scale: str
    seed: int
    rows: dict[str, int]
    cases: dict[str, int]
    unrealised: list[str]
    seconds: dict[str, float] = field(compare=False)


def simulate(
    out: Path,
    scale: str = "small",
    seed: int = 7,
    clean: bool = False,
    format: str = "parquet",
    years: int | None = None,
) -> SimulationReport:
    """Simulate a market and write it as a source directory of the contract.

    The known cases go to `<out>.labels.parquet` beside the directory, never into it; the honest
    look-alikes to `<out>.lookalikes.parquet`. The same arguments give the same bytes.

    Args:
        out: directory to write; it may exist if it is empty.
        scale: name of a size in `scales.SCALES`.
        seed: any whole number from 0.
        clean: leave out every case; look-alikes stay, the labels are empty.
        format: `parquet` or `csv`.
        years: how many trading years, the last of them 2025; the scale's own number without.

    Raises:
        ValueError: unknown scale or format, a negative seed, or more years than the rules cover.
        FileExistsError: `out` holds files already.
    """
    _check(out, seed, format)
    size = scale_named(scale)
    timeline = Timeline.ending(size.years if years is None else years)
    clock = _Clock()
    streams = Streams(seed)
    world = build_world(size, timeline, streams)
    plan = Plan.empty(len(timeline.months), len(world.fleet))
    planner = CasePlanner(world, plan, timeline, size)
    say("arranging who does what")
    arrange_all(planner, streams, clean)
    clock.lap("plan")
    out.mkdir(parents=True, exist_ok=True)
    sink = Sink(out, format)
    say("running the plants")
    truth = true_run(world, timeline, plan.emitters, streams)
    reports = make_reports(world, truth, plan.emitters, streams)
    clock.lap("plants")
    say("writing what plants, laboratories and monitors see")
    write_emitters(world, truth, reports, plan, streams, sink)
    clock.lap("monitoring")
    say("trading, day by day")
    credits = issue_credits(world, timeline, plan.projects, streams, sink)
    registry = Registry(world, timeline, reports, credits, plan, streams)
    Market(world, timeline, registry, plan, streams, sink).run()
    registry.publish(sink)
    clock.lap("market")
    directories.write_directories(world, plan, sink)
    oversight.write_oversight(planner, registry, streams, sink)
    write_market(out, timeline, timeline.hourly_months(world.scale))
    known, unrealised = write_labels(planner, sink, out)
    clock.lap("labels")
    cases = {str(kind): int(count) for kind, count in known["kind"].value_counts(sort=False).rows()}
    return SimulationReport(
        out=out,
        labels=labels_path(out),
        scale=scale,
        seed=seed,
        rows=dict(sorted(sink.rows.items())),
        cases=dict(sorted(cases.items())),
        unrealised=unrealised,
        seconds=clock.laps,
    )


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
