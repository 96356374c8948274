"""What the published rows show of falsification: each kind by figures of its own.

One market of plants (no trading), large enough for several cases of a kind. Blatant cases lie beyond all
honest units; faint ones need not stand out.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.contract.tables import TABLES
from pipelines.simulator.cases.falsification import KINDS
from pipelines.simulator.cases.stage import Stage
from pipelines.simulator.emitters.publish import write_emitters
from pipelines.simulator.emitters.reports import make_reports
from pipelines.simulator.emitters.truth import true_run
from pipelines.simulator.labels import write_labels
from pipelines.simulator.plan import Plan
from pipelines.simulator.projects import issue_credits
from pipelines.simulator.scales import scale_named
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import build_world

FIGURES = ("ash", "volatile", "hydrogen", "carbon", "ncv")
DEFAULT_CARBON_PER_HEAT = {"coke": 0.02942, "natural_gas": 0.01532, "coal": 0.02618}
THRESHOLD, PEAK_SHAVING_BELOW = 26_000.0, 0.65


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


@pytest.fixture(scope="module")
def plants(tmp_path_factory: pytest.TempPathFactory) -> Plants:
    out = tmp_path_factory.mktemp("plants") / "market"
    out.mkdir()
    size = replace(scale_named("small"), power=170, cement=26, laboratories=14, projects=60, cases_per_kind=6)
    timeline, streams = Timeline.ending(size.years), Streams(3)
    world = build_world(size, timeline, streams)
    plan = Plan.empty(len(timeline.months), len(world.fleet))
    stage = Stage(world, plan, timeline, size)
    for kind in KINDS:
        kind.resemble(stage, streams.of("lookalikes", kind.name))
    for kind in KINDS:
        kind.arrange(stage, streams.of("cases", kind.name))
    sink = Sink(out, "parquet")
    truth = true_run(world, timeline, plan.emitters, streams)
    reports = make_reports(world, truth, plan.emitters, streams)
    write_emitters(world, truth, reports, plan, streams, sink)
    issue_credits(world, timeline, plan.projects, streams, sink)
    _, unrealised = write_labels(stage, sink, out)
    assert unrealised == []
    fleet = world.fleet
    columns = {name: getattr(fleet, name) for name in ("unit_class", "capacity", "fuel", "is_power")}
    entity_ids = np.array(world.entities.id)[fleet.entity]
    return Plants(out, pl.DataFrame({"unit_id": fleet.id, "entity_id": entity_ids, **columns}))


def _inside(rows: pl.DataFrame, case: dict[str, Any], column: str = "month") -> pl.DataFrame:
    """Rows of the case's units within its window."""
    first, end = (case[name].date() for name in ("window_start", "window_end"))
    of_case = pl.col("unit_id").is_in(case["subject_ids"])
    return rows.filter(of_case & (pl.col(column) >= first) & (pl.col(column) < end))


def _stands_out(
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
        seen = [_inside(values, case, column)["value"].drop_nulls().to_numpy() for values in measures]
        seen = [one[np.isfinite(one)] for one in seen]
        beyond = [len(one) > 0 and of(one) > bound for one, bound in zip(seen, honest, strict=True)]
        assert any(beyond), f"{case['description']}: {[of(one) for one in seen if len(one)]} within {honest}"


def test_every_touched_row_is_published(plants: Plants) -> None:
    named: dict[str, list[tuple[str, ...]]] = {}
    for row in plants.labels.to_dicts():
        touched = json.loads(row["touched"])
        assert touched, row["description"]
        for name, keys in touched.items():
            named.setdefault(name, []).extend((row["case_id"], *map(str, key)) for key in keys)
    for name, keys in named.items():
        columns = list(TABLES[name].key)
        frame = pl.DataFrame(keys, schema=["case_id", *columns], orient="row")
        units = frame[columns[0]].unique().to_list()
        published = plants[name].filter(pl.col(columns[0]).is_in(units)).select(_as_text(columns))
        found = frame.with_columns(_as_text(columns)).join(published, on=columns, how="semi")
        # A month in which a unit stands still has no analysis, and no report where it never ran.
        assert found.height >= 0.9 * frame.height, name


def _as_text(columns: list[str]) -> list[pl.Expr]:
    """Key columns as labels print them; timestamps to the second."""
    return [pl.col(name).cast(pl.String).str.slice(0, 19).str.replace("T", " ") for name in columns]


def test_mass_balance_gap(plants: Plants) -> None:
    reports = plants.reports
    fuel = plants.against_meter("fuel_consumption", "coal_feed", "gas_flow").with_columns(-pl.col("value"))
    burned = pl.col("fuel_consumption") * pl.col("carbon_content") * pl.col("oxidation_factor") * 44 / 12
    added = (burned + pl.col("process_emissions").fill_null(0)) / pl.col("reported_emissions") - 1
    carbon = reports.join(
        plants.analyses.select("unit_id", "month", "received_carbon"), on=["unit_id", "month"]
    )
    found = pl.col("received_carbon") / pl.col("carbon_content") - 1
    _stands_out(
        plants,
        "mass_balance_gap",
        fuel,
        carbon.select("unit_id", "month", value=found),
        reports.select("unit_id", "month", value=added),
    )


def test_cems_gap(plants: Plants) -> None:
    seen = pl.col("operating").filter(pl.col("co2_mass").is_not_null()).sum()
    month = plants.hours.group_by("unit_id", "month").agg(
        mass=pl.col("co2_mass").sum() / seen * pl.col("operating").sum(), hours=pl.len()
    )
    measured = plants.reports.filter(pl.col("carbon_basis") == "measured")
    both = month.filter(pl.col("hours") > 240).join(measured, on=["unit_id", "month"])
    gap = both.select("unit_id", "month", value=(pl.col("mass") / pl.col("reported_emissions")).log().abs())
    _stands_out(plants, "cems_gap", gap, of=np.max)


def test_convenient_downtime(plants: Plants) -> None:
    by_month = ("unit_id", "month")
    rank = pl.col("gross_load").rank().over(by_month) / pl.col("gross_load").count().over(by_month)
    lost = plants.hours.with_columns(rank=rank).filter(
        pl.col("quality").is_in(["fault", "substituted"]) & pl.col("rank").is_not_null()
    )
    score = (pl.col("rank").mean() - 0.5) * (12 * pl.len()).sqrt()
    _stands_out(plants, "convenient_downtime", lost.group_by(by_month).agg(value=score))


def test_flat_series(plants: Plants) -> None:
    seen = plants.hours.filter(pl.col("co2_mass").is_not_null())
    mass = pl.col("co2_mass")
    days = seen.group_by("unit_id", "date").agg(value=-mass.std() / mass.mean(), hours=pl.len())
    _stands_out(plants, "flat_series", days.filter(pl.col("hours") >= 20), column="date")


def _unevenness(table: pl.DataFrame, figures: dict[str, int]) -> float:
    """Chi-square per digit of all printed decimals together, 0 for digits evenly spread."""
    digits = []
    for name, decimals in figures.items():
        scaled = np.round(table[name].drop_nulls().to_numpy() * 10**decimals).astype(np.int64)
        digits += [scaled // 10**place % 10 for place in range(decimals)]
    counts = np.bincount(np.concatenate(digits), minlength=10)
    even = counts.sum() / 10
    return float(((counts - even) ** 2).sum() / even / counts.sum())


def test_digit_anomaly(plants: Plants) -> None:
    """Digits of a case's own window against those of honest units over as long a time as there is."""
    meter = plants["meters_daily"].filter((pl.col("meter") == "coal_feed") & (pl.col("value") > 1))
    reported = {"fuel_consumption": 2, "ncv": 3, "electricity_generated": 3}
    sources: dict[str, tuple[pl.DataFrame, str, dict[str, int]]] = {
        "meter": (meter, "date", {"value": 3}),
        "stack": (plants.hours.filter(pl.col("co2_mass") > 1), "date", {"co2_mass": 3}),
        "report": (plants.reports.filter(pl.col("electricity_generated") > 1), "month", reported),
    }
    for case in plants.cases("digit_anomaly"):
        source = next(name for name in sources if f"its {name} " in case["description"])
        table, column, figures = sources[source]
        honest = table.filter(pl.col("unit_id").is_in(plants.honest[:60])).partition_by("unit_id")
        usual = max(_unevenness(one, figures) for one in honest if len(one) >= 20)
        own = _inside(table, case, column)
        assert _unevenness(own, figures) > usual, case["description"]


def test_lab_date_conflict(plants: Plants) -> None:
    tests = (
        plants["lab_tests"]
        .with_columns(
            value=(pl.col("tested_on") < pl.col("received_on"))
            | (pl.col("tested_on") < pl.col("sampled_on"))
            | (pl.col("reported_on") < pl.col("tested_on"))
        )
        .with_columns(pl.col("value").cast(pl.Float64))
    )
    assert tests.filter(pl.col("unit_id").is_in(plants.honest))["value"].sum() == 0
    month = pl.col("sampled_on").dt.truncate("1mo")
    clients = tests.group_by("lab_id", month).len().group_by("lab_id").agg(month=pl.col("len").median())
    days = tests.group_by("lab_id", "tested_on").len().join(clients, on="lab_id")
    named = {subject for case in plants.cases("lab_date_conflict", None) for subject in case["subject_ids"]}
    ratio = pl.col("len") / pl.col("month")
    usual = days.filter(~pl.col("lab_id").is_in(named)).select(ratio).max().item()
    for case in plants.cases("lab_date_conflict"):
        if case["description"].endswith("all tested on one day"):
            busiest = days.filter(pl.col("lab_id").is_in(case["subject_ids"])).select(ratio).max().item()
            assert busiest > 2 * usual
        else:
            assert _inside(tests, case, "sampled_on")["value"].sum() >= 4, case["description"]


def test_lab_ratio_conflict(plants: Plants) -> None:
    """Distance from the middle of the rank, in its usual spread, of the ratios that belong together."""
    measures = []
    for name in ("per_heat", "pure_carbon", "pure_hydrogen", "pure_volatile"):
        figure = pl.col(name)
        distance = (figure - figure.median().over("fuel")).abs() / figure.std().over("fuel")
        measures.append(plants.analyses.select("unit_id", "month", value=distance))
    _stands_out(plants, "lab_ratio_conflict", *measures)


def test_output_mismatch(plants: Plants) -> None:
    power = plants.reports.filter(pl.col("is_power") & (pl.col("heat_supplied") == 0))
    energy = pl.col("fuel_consumption") * pl.col("ncv")
    rate = pl.col("electricity_generated") * 3.6 / energy
    lines = plants.reports.filter(~pl.col("is_power"))
    read = plants.meters.filter(pl.col("meter") == "electricity_in").select("unit_id", "month", taken="read")
    fuel = pl.col("product_output") / energy
    taken = pl.col("product_output") / pl.col("taken")
    _stands_out(
        plants,
        "output_mismatch",
        plants.against_meter("electricity_generated", "electricity_out"),
        plants.against_meter("heat_supplied", "heat_out"),
        plants.against_meter("product_output", "product"),
        power.select("unit_id", "month", value=rate / rate.median().over("unit_class")),
        lines.select("unit_id", "month", value=fuel / fuel.median().over("unit_class")),
        lines.join(read, on=["unit_id", "month"]).select(
            "unit_id", "month", value=taken / taken.median().over("unit_class")
        ),
    )


def test_repeated_values(plants: Plants) -> None:
    """How often the most frequent figures of a unit come again, by source."""
    stack = ["co2_mass", "co2_concentration", "flow"]
    sources = {
        "analysis": (plants.analyses, list(FIGURES)),
        "hours": (plants.hours.filter(pl.col("flow").is_not_null()), stack),
        "meter": (
            plants["meters_daily"].filter((pl.col("meter") == "coal_feed") & (pl.col("value") > 100)),
            ["value"],
        ),
        "report": (plants.reports.filter(pl.col("fuel_consumption") > 0), ["fuel_consumption", "ncv"]),
    }
    for case in plants.cases("repeated_values"):
        table, figures = next(
            source for name, source in sources.items() if f" {name} " in case["description"].replace(",", " ")
        )
        again = table.group_by("unit_id", *figures).len().filter(pl.col("len") > 1)
        again = again.group_by("unit_id").agg(pl.col("len").sum())
        usual = again.filter(pl.col("unit_id").is_in(plants.honest))["len"].max() or 0
        found = again.filter(pl.col("unit_id").is_in(case["subject_ids"]))["len"].max()
        assert isinstance(found, int), case["description"]
        assert found > usual, case["description"]


def test_selective_default(plants: Plants) -> None:
    """Measured and default months alternate, and what is measured is below the default."""
    reports = plants.reports.filter(pl.col("carbon_basis").is_not_null()).sort("unit_id", "month")
    basis = pl.col("carbon_basis")
    turns = reports.with_columns(
        value=(basis != basis.shift(1).over("unit_id")).fill_null(False).cast(pl.Float64)
    )
    usual = (
        turns.filter(pl.col("unit_id").is_in(plants.honest)).group_by("unit_id").agg(pl.col("value").sum())
    )
    for case in plants.cases("selective_default"):
        months = _inside(turns, case)
        assert months["value"].sum() > usual["value"].max()
        measured = months.filter(basis == "measured")
        per_heat = (measured["carbon_content"] / measured["ncv"]).median()
        assert per_heat < DEFAULT_CARBON_PER_HEAT[str(months["fuel"][0])]


def test_template_report(plants: Plants) -> None:
    """The analyses of the named units differ by less than any two honest companies' do in a month."""

    def nearest(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
        pairs = first.join(second, on="month", suffix="_b").filter(
            pl.col("entity_id") != pl.col("entity_id_b")
        )
        apart = [(pl.col(name) / pl.col(f"{name}_b") - 1).abs() for name in FIGURES]
        return pairs.with_columns(value=pl.max_horizontal(apart))

    analyses = plants.analyses.select("unit_id", "entity_id", "month", *FIGURES)
    honest = analyses.filter(pl.col("unit_id").is_in(plants.honest))
    some = honest.filter(pl.col("month").is_in(honest["month"].unique().sort().gather([0, 20]).to_list()))
    usual = nearest(some, some)["value"].min()
    assert isinstance(usual, float)
    for case in plants.cases("template_report"):
        named = analyses.filter(pl.col("unit_id").is_in(case["subject_ids"]))
        copies = []
        for lag in range(3):
            later = named.with_columns(pl.col("month").dt.offset_by(f"{lag}mo"))
            copies.append(_inside(nearest(named, later), case)["value"].to_list())
        closest = max((sorted(found)[len(found) // 4] < usual, found) for found in copies if found)[0]
        assert closest, case["description"]


def test_threshold_bunching(plants: Plants) -> None:
    capacity = plants.units.select("unit_id", "capacity")
    day = plants["meters_daily"].filter(pl.col("meter") == "electricity_out")
    on = pl.col("value").is_null() | (pl.col("value") > 0)
    days = day.group_by("unit_id", year=pl.col("date").dt.year().cast(pl.Int64)).agg(days=on.sum())
    years = plants["unit_years"].join(days, on=["unit_id", "year"]).join(capacity, on="unit_id")
    years = years.with_columns(
        stretched=pl.col("operating_hours") / (pl.col("days") * 24),
        load=pl.col("gross_load") / (pl.col("operating_hours") * pl.col("capacity")),
    )
    assert years.filter(pl.col("unit_id").is_in(plants.honest))["stretched"].max() <= 1.0
    burned = plants.against_meter("fuel_consumption", "coal_feed", "gas_flow")
    for case in plants.cases("threshold_bunching"):
        if len(case["subject_ids"]) > 1:
            own = years.filter(pl.col("unit_id").is_in(case["subject_ids"]))
            assert own["stretched"].min() > 1.05, case["description"]
            assert own["load"].is_between(0.64, PEAK_SHAVING_BELOW, closed="none").all()
        else:
            totals = plants["emission_reports"].filter(pl.col("entity_id").is_in(case["subject_ids"]))[
                "total"
            ]
            assert totals.is_between(0.98 * THRESHOLD, THRESHOLD, closed="none").all()
            units = plants.units.filter(pl.col("entity_id").is_in(case["subject_ids"]))["unit_id"].to_list()
            assert burned.filter(pl.col("unit_id").is_in(units))["value"].median() < -0.2


def test_offset_overclaim(plants: Plants) -> None:
    projects = plants["offset_projects"]
    issued = plants["offset_issuances"].join(projects, on="project_id").sort("project_id", "period_start")
    length = (pl.col("period_end") - pl.col("period_start")).dt.total_days() + 1
    before = pl.col("period_end").shift(1).over("project_id")
    issued = issued.with_columns(
        rate=pl.col("quantity") / length * 365.25 / pl.col("expected_annual"),
        is_early=pl.col("period_start") < pl.col("crediting_start"),
        is_again=(pl.col("period_start") <= before).fill_null(False),
    )
    named = {subject for case in plants.cases("offset_overclaim", None) for subject in case["subject_ids"]}
    honest = issued.filter(~pl.col("project_id").is_in(named))
    assert not honest["is_early"].any()
    assert not honest["is_again"].any()
    for case in plants.cases("offset_overclaim"):
        own = issued.filter(pl.col("project_id").is_in(case["subject_ids"]))
        places = own.select("latitude", "longitude").unique().to_numpy()
        doubled = len(case["subject_ids"]) == 2 and float(np.abs(np.diff(places, axis=0)).max()) < 0.03
        signs = (
            own["rate"].min() > honest["rate"].max(),
            own["is_early"].any(),
            own["is_again"].any(),
            doubled,
        )
        assert sum(bool(sign) for sign in signs) == 1, case["description"]
