"""What analyses, defaults, annual figures and credits show of falsification, kind by kind.

Blatant cases lie beyond all honest units; faint ones need not stand out.
"""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tests.falsification import Plants, falsified_plants, inside, stands_out

FIGURES = ("ash", "volatile", "hydrogen", "carbon", "ncv")
DEFAULT_CARBON_PER_HEAT = {"coke": 0.02942, "natural_gas": 0.01532, "coal": 0.02618}
THRESHOLD, PEAK_SHAVING_BELOW = 26_000.0, 0.65


@pytest.fixture(scope="module")
def plants(tmp_path_factory: pytest.TempPathFactory) -> Plants:
    return falsified_plants(tmp_path_factory)


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
            assert inside(tests, case, "sampled_on")["value"].sum() >= 4, case["description"]


def test_lab_ratio_conflict(plants: Plants) -> None:
    """Distance from the middle of the rank, in its usual spread, of the ratios that belong together."""
    measures = []
    for name in ("per_heat", "pure_carbon", "pure_hydrogen", "pure_volatile"):
        figure = pl.col(name)
        distance = (figure - figure.median().over("fuel")).abs() / figure.std().over("fuel")
        measures.append(plants.analyses.select("unit_id", "month", value=distance))
    stands_out(plants, "lab_ratio_conflict", *measures)


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
        months = inside(turns, case)
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
            copies.append(inside(nearest(named, later), case)["value"].to_list())
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
