"""Published monitoring with known cases of falsification: a market of plants alone, and looks at its tables.

No trading, so it is quick to make, and large enough for several cases of every kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from filelock import FileLock

from pipelines.simulator.cases.falsification import KINDS
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.credits import issue_credits
from pipelines.simulator.emitters.publish import write_emitters
from pipelines.simulator.emitters.reports import make_reports
from pipelines.simulator.emitters.truth import true_run
from pipelines.simulator.labels import write_labels
from pipelines.simulator.plan import Plan
from pipelines.simulator.scales import scale_named
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import build_world

SEED = 3


@dataclass(frozen=True)
class Plants:
    """Published monitoring of a market without trading, its cases, and its units."""

    out: Path
    units: pl.DataFrame

    @cached_property
    def labels(self) -> pl.DataFrame:
        return pl.read_parquet(self.out.with_name(f"{self.out.name}.labels.parquet"))

    @cached_property
    def honest(self) -> list[str]:
        """Units of companies that have neither a case nor a look-alike."""
        others = pl.read_parquet(self.out.with_name(f"{self.out.name}.lookalikes.parquet"))
        named = {
            subject for table in (self.labels, others) for row in table["subject_ids"] for subject in row
        }
        return [
            unit
            for unit, entity in self.units.select("unit_id", "entity_id").rows()
            if unit not in named and entity not in named
        ]

    @cached_property
    def _tables(self) -> dict[str, pl.DataFrame]:
        return {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._tables:
            folder = self.out / name
            path = folder / "*.parquet" if folder.is_dir() else folder.with_suffix(".parquet")
            self._tables[name] = pl.read_parquet(path)
        return self._tables[name]

    def cases(self, kind: str, severity: str | None = "blatant") -> list[dict[str, Any]]:
        chosen = self.labels.filter(pl.col("kind") == kind)
        if severity is not None:
            chosen = chosen.filter(pl.col("severity") == severity)
        return chosen.to_dicts()

    @cached_property
    def reports(self) -> pl.DataFrame:
        """The last revision of every monthly report of a unit's main fuel."""
        main = self.units.select("unit_id", "unit_class", "capacity", "is_power", fuel="fuel")
        last = self["activity_reports"].sort("revision").unique(["unit_id", "month", "fuel"], keep="last")
        return last.join(main, on=["unit_id", "fuel"])

    @cached_property
    def meters(self) -> pl.DataFrame:
        """Monthly sums of the daily meters, silent days at the mean."""
        month = pl.col("date").dt.truncate("1mo").alias("month")
        total = (pl.col("value").mean() * pl.len()).alias("read")
        return self["meters_daily"].group_by("unit_id", month, "meter").agg(total)

    def against_meter(self, column: str, *meters: str) -> pl.DataFrame:
        """Reported over metered less one, by unit and month."""
        read = self.meters.filter(pl.col("meter").is_in(meters) & (pl.col("read") > 0))
        joined = self.reports.join(read, on=["unit_id", "month"])
        return joined.select("unit_id", "month", value=pl.col(column) / pl.col("read") - 1)

    @cached_property
    def analyses(self) -> pl.DataFrame:
        """Monthly composites, with carbon as received and shares of what can burn."""
        month_end = pl.col("sampled_on") == pl.col("sampled_on").dt.month_end()
        dry = pl.col("carbon") / 100 * (100 - pl.col("total_moisture")) / (100 - pl.col("moisture"))
        pure = 100 - pl.col("ash") - pl.col("moisture")
        return (
            self["lab_tests"]
            .filter(month_end)
            .with_columns(
                month=pl.col("sampled_on").dt.truncate("1mo"),
                received_carbon=dry,
                per_heat=dry / pl.col("ncv"),
                **{f"pure_{name}": pl.col(name) / pure for name in ("carbon", "hydrogen", "volatile")},
            )
        )

    @cached_property
    def hours(self) -> pl.DataFrame:
        """Hours of full running, with the Shanghai day and month."""
        local = pl.col("ts").dt.convert_time_zone("Asia/Shanghai").dt.date()
        running = self["cems_hourly"].filter(pl.col("operating") > 0.99)
        return running.with_columns(date=local, month=local.dt.truncate("1mo")).sort("unit_id", "ts")


def falsified_plants(factory: pytest.TempPathFactory) -> Plants:
    """The plants that all tests share; whoever asks first makes them, the others wait."""
    root = factory.getbasetemp()
    if root.name.startswith("popen-"):
        root = root.parent
    out = root / "falsified" / "market"
    with FileLock(str(out.parent) + ".lock"):
        if not (out.parent / "units.parquet").is_file():
            out.mkdir(parents=True)
            _write(out).write_parquet(out.parent / "units.parquet")
    return Plants(out, pl.read_parquet(out.parent / "units.parquet"))


def _write(out: Path) -> pl.DataFrame:
    """Write monitoring, projects and labels; returns the units."""
    size = replace(scale_named("small"), power=170, cement=26, laboratories=14, projects=60, cases_per_kind=6)
    timeline, streams = Timeline.ending(size.years), Streams(SEED)
    world = build_world(size, timeline, streams)
    plan = Plan.empty(len(timeline.months), len(world.fleet))
    planner = CasePlanner(world, plan, timeline, size)
    for kind in KINDS:
        kind.resemble(planner, streams.of("lookalikes", kind.name))
    for kind in KINDS:
        kind.arrange(planner, streams.of("cases", kind.name))
    sink = Sink(out, "parquet")
    truth = true_run(world, timeline, plan.emitters, streams)
    reports = make_reports(world, truth, plan.emitters, streams)
    write_emitters(world, truth, reports, plan, streams, sink)
    issue_credits(world, timeline, plan.projects, streams, sink)
    _, unrealised = write_labels(planner, sink, out)
    assert unrealised == []
    fleet = world.fleet
    columns = {name: getattr(fleet, name) for name in ("unit_class", "capacity", "fuel", "is_power")}
    entity_ids = np.array(world.entities.id)[fleet.entity]
    return pl.DataFrame({"unit_id": fleet.id, "entity_id": entity_ids, **columns})


def inside(rows: pl.DataFrame, case: dict[str, Any], column: str = "month") -> pl.DataFrame:
    """Rows of the case's units within its window."""
    first, end = (case[name].date() for name in ("window_start", "window_end"))
    of_case = pl.col("unit_id").is_in(case["subject_ids"])
    return rows.filter(of_case & (pl.col(column) >= first) & (pl.col(column) < end))


def stands_out(
    plants: Plants,
    kind: str,
    *measures: pl.DataFrame,
    column: str = "month",
    of: Callable[..., Any] = np.median,
) -> None:
    """Each blatant case is, by one of the measures, beyond 999 of 1,000 honest unit-months."""
    honest = [
        values.filter(pl.col("unit_id").is_in(plants.honest))["value"]
        .drop_nulls()
        .drop_nans()
        .quantile(0.999)
        for values in measures
    ]
    for case in plants.cases(kind):
        seen = [inside(values, case, column)["value"].drop_nulls().to_numpy() for values in measures]
        seen = [one[np.isfinite(one)] for one in seen]
        beyond = [len(one) > 0 and of(one) > bound for one, bound in zip(seen, honest, strict=True)]
        assert any(beyond), f"{case['description']}: {[of(one) for one in seen if len(one)]} within {honest}"
