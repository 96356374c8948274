"""A faulty or late delivery accuses nobody: one market delivered clean, with dirt, and from a later year."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.core.settings import Settings
from pipelines.simulator.dirt import add_dirt
from pipelines.simulator.seeds import Streams
from pipelines.simulator.simulation import simulate
from tests.shared import Workspace, shared_publication

SEED, SHARE = 7, 0.02
# Dirt by which no small file of the market loses so many of its tonnes that the ingestion gate refuses it.
DIRT = 8
BEGINS = {
    "activity_reports": ("month", date(2024, 7, 1)),
    "emission_reports": ("year", 2024),
    "compliance": ("year", 2024),
}

pytestmark = pytest.mark.whole_market


def alerts(workspace: Workspace) -> pl.DataFrame:
    """Alerts with what their level rests on."""
    found = pl.read_parquet(workspace.marts / "fct_alerts.parquet")
    return found.join(pl.read_parquet(workspace.marts / "fct_alert_assessments.parquet"), on="alert_id")


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Workspace:
    return shared_publication(tmp_path_factory, SEED)


def published(folder: Path, source: Path, clean: Workspace) -> Workspace:
    workspace = Workspace(source, clean.labels, Settings.load(folder / "home"), clean.day)
    outcome = workspace.run()
    assert outcome.code == 0, outcome.message
    return workspace


@pytest.fixture(scope="module")
def dirty(tmp_path_factory, clean) -> Workspace:
    folder = tmp_path_factory.mktemp("dirty")
    source = simulate(folder / "market", seed=SEED, format="csv").out
    add_dirt(source, SHARE, Streams(DIRT))
    return published(folder, source, clean)


@pytest.fixture(scope="module")
def later(tmp_path_factory, clean) -> Workspace:
    """The market whose reports and compliance begin in a later year than its other tables."""
    folder = tmp_path_factory.mktemp("later")
    source = shutil.copytree(clean.source, folder / "market")
    for name, (column, first) in BEGINS.items():
        path = source / f"{name}.parquet"
        pl.read_parquet(path).filter(pl.col(column) >= first).write_parquet(path)
    return published(folder, source, clean)


def test_dirt_makes_no_more_red_alerts(clean, dirty):
    without, with_dirt = (alerts(one).filter(pl.col("level") == "red").height for one in (clean, dirty))
    assert without > 0 and with_dirt <= 1.1 * without
    by_score = alerts(dirty).filter(pl.col("level_by_score") == "red").height
    assert by_score > 2 * without, "without policy the dirt would make many"


def test_what_dirt_explains_is_marked_and_lists_its_rows(dirty):
    explained = alerts(dirty).filter("is_explained")
    assert set(explained["level"]) <= {"yellow", "blue"}
    listed = [row for by in explained["explained_by"] for row in json.loads(by).get("rows", [])]
    quarantined = set(pl.read_parquet(dirty.marts / "fct_quarantine.parquet")["quarantine_id"])
    assert listed and {row["quarantine_id"] for row in listed} <= quarantined


def test_a_clean_delivery_explains_nothing(clean):
    assert not alerts(clean)["is_explained"].any()


def test_what_lies_before_the_first_delivery_is_not_missing(later, clean):
    found = alerts(later).filter(pl.col("kind").is_in(["missing_report", "surrender_shortfall"]))
    assert found.filter(pl.col("window_start") < datetime(2023, 12, 31, 16)).is_empty()
    of_2024 = alerts(clean).filter(
        (pl.col("kind") == "missing_report") & (pl.col("window_start") >= datetime(2024, 6, 30, 16))
    )
    assert set(of_2024["alert_id"]) <= set(found["alert_id"])


def test_no_finding_judges_the_running_year_as_a_year(clean):
    years = pl.read_parquet(clean.marts / "fct_unit_years.parquet")
    part = years.filter(~pl.col("is_whole_year"))
    assert part.height, "the market monitors a part of a year"
    judged = alerts(clean).filter(pl.col("evidence").str.contains('"unit_years"', literal=True))
    named = {
        tuple(row)
        for evidence in judged["evidence"]
        for entry in json.loads(evidence)
        if entry["table"] == "unit_years"
        for row in entry["rows"]
    }
    assert not named & set(part.select("unit_id", "year").iter_rows())
