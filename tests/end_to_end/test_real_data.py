"""The published data of four programmes, all the way: read, run, and what must come out."""

from __future__ import annotations

import csv
import io
import json
import shutil
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from pipelines.core.settings import Settings
from pipelines.orchestration.run import run
from pipelines.sources import read

FILES = {
    "eutl": "eutl/eutl_2024.zip",
    "eua": "eua/eua_daily_2008_2021.csv",
    "campd": "campd",
    "mrr": "mrr/facility_ghg_2012_2018.csv.gz",
    "cea": "china/cea_daily_2021_2024h1.csv",
}
# Formats of each programme; the register of the European market and its prices are delivered together.
PROGRAMMES = {"eu": ("eutl", "eua"), "us-arp": ("campd",), "us-ca": ("mrr",), "cn": ("cea",)}
DAY = date(2026, 11, 22)
ADMINISTRATIVE = {"issuance", "allocation", "surrender", "replacement", "cancellation", "internal"}


class Programme:
    """One programme's source and publication."""

    def __init__(self, folder: Path, data: Path, name: str) -> None:
        self.source, self.settings = folder / "source", Settings.load(folder / "home")
        self.reports = [read(form, data / FILES[form], folder / form) for form in PROGRAMMES[name]]
        self.tables: dict[str, int] = {}
        for report in self.reports:
            self._deliver(folder / report.format, report.tables)
        self.outcome = run(self.settings, self.source, DAY)
        assert self.outcome.code == 0, self.outcome.message
        self.marts = self.settings.current / "marts"

    def _deliver(self, reading: Path, tables: dict[str, int]) -> None:
        """Make the first reading the source; of a further one add the tables that have rows."""
        if not self.source.exists():
            shutil.copytree(reading, self.source)
            self.tables |= tables
            return
        filled = {table: rows for table, rows in tables.items() if rows}
        assert not any(self.tables.get(table) for table in filled)
        for table in filled:
            shutil.copy(reading / f"{table}.parquet", self.source)
        self.tables |= filled

    def mart(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.marts / f"{name}.parquet")

    def alerts(self, *kinds: str) -> pl.DataFrame:
        return self.mart("fct_alerts").filter(pl.col("kind").is_in(kinds))


@pytest.fixture(scope="module")
def programme(real_data, tmp_path_factory):
    made: dict[str, Programme] = {}

    def get(name: str) -> Programme:
        if name not in made:
            made[name] = Programme(tmp_path_factory.mktemp(name), real_data, name)
        return made[name]

    return get


@pytest.mark.parametrize("name", PROGRAMMES)
def test_every_row_is_accounted_for(programme, name):
    found = programme(name)
    for line in (line for report in found.reports for line in report.rows()):
        assert line.read == line.written + line.quarantined + line.without_data
    accounting = found.mart("fct_row_accounting")
    total = accounting.select(
        (pl.col("rows_kept") + pl.col("rows_superseded") + pl.col("rows_quarantined") - pl.col("rows_in"))
        .abs()
        .sum()
    ).item()
    assert total == 0
    rows = dict(accounting.select("table_name", "rows_in").iter_rows())
    assert {table: rows[table] for table in found.tables} == found.tables


def test_eutl_rows_and_quarantine(programme):
    found = programme("eu")
    rows = dict(found.mart("fct_row_accounting").select("table_name", "rows_kept").iter_rows())
    assert (rows["entities"], rows["compliance"], rows["transfers"]) == (13_691, 173_939, 16_418)


def test_our_compliance_verdict_agrees_with_the_register(programme, real_data):
    """On account years with verdict A or B and both cumulative figures; the verdict is no input."""
    with zipfile.ZipFile(real_data / FILES["eutl"]) as archive:
        text = io.TextIOWrapper(archive.open("compliance.csv"), encoding="utf-8")
        letters = {
            (row["installation_id"], int(row["year"])): row["compliance_id"].rstrip("*")
            for row in csv.DictReader(text)
            if row["verifiedCummulative"] and row["surrenderedCummulative"]
        }
    comparable = {key: letter for key, letter in letters.items() if letter in ("A", "B")}
    assert len(comparable) > 150_000
    years = programme("eu").mart("fct_compliance_years").select("entity_id", "year", "verdict")
    verdicts = {(entity, year): verdict for entity, year, verdict in years.iter_rows()}
    expected = {"A": "compliant", "B": "not_compliant"}
    agreed = sum(verdicts[key] == expected[letter] for key, letter in comparable.items())
    assert agreed / len(comparable) >= 0.994


def test_no_manipulation_alert_rests_on_an_administrative_movement(programme):
    found = programme("eu")
    kinds = dict(found.mart("fct_transfers").select("transfer_id", "kind").iter_rows())
    manipulation = set(found.mart("fct_alerts").filter(family="manipulation")["alert_id"])
    evidence = found.mart("fct_alert_evidence").filter(pl.col("alert_id").is_in(manipulation))
    used = {
        kinds[json.loads(key)["transfer_id"]]
        for table, key in evidence.select("table_name", "record_key").iter_rows()
        if table == "transfers"
    }
    assert not used & ADMINISTRATIVE


def test_shortfalls_of_the_register_are_found_and_sober_in_number(programme):
    found = programme("eu")
    short = found.mart("fct_compliance_years").filter(verdict="not_compliant")
    assert found.alerts("surrender_shortfall").height == short.height > 2_000


def test_coal_units_flagged_are_few_and_not_none(programme):
    found = programme("us-arp")
    coal = set(found.mart("dim_units").filter(pl.col("unit_class").str.starts_with("coal"))["unit_id"])
    subjects = found.mart("fct_alert_subjects").join(
        found.alerts("output_mismatch").select("alert_id"), on="alert_id"
    )
    flagged = coal & set(subjects["subject_id"])
    assert 0.005 <= len(flagged) / len(coal) <= 0.05


@pytest.mark.parametrize("seed", range(5))
def test_understated_coal_units_stand_at_the_top(programme, seed):
    from models.expected_emissions import score_unit_years

    years = programme("us-arp").mart("fct_unit_years")
    coal = (
        years.filter(pl.col("unit_class").str.starts_with("coal") & (pl.col("co2_mass_tco2") > 0))["unit_id"]
        .unique()
        .sort()
    )
    chosen = set(np.random.default_rng(seed).choice(coal.to_numpy(), 20, replace=False))
    changed = pl.col("unit_id").is_in(chosen)
    spoilt = years.with_columns(
        pl.when(changed).then(pl.col(name) * 0.7).otherwise(pl.col(name)).alias(name)
        for name in ("co2_mass_tco2", "co2_tco2_per_gj", "co2_tco2_per_mwh")
    )
    scores = score_unit_years(spoilt).score_frame().filter(pl.col("unit_id").is_in(coal.implode()))
    worst = (
        scores.group_by("unit_id")
        .agg(pl.col("score").max())
        .sort(["score", "unit_id"], descending=[True, False])
    )
    assert len(chosen & set(worst.head(40)["unit_id"])) >= 16


def test_price_limit_hits_equal_a_count_by_hand(programme, real_data):
    with (real_data / FILES["cea"]).open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    closes = [(row["date"], row["listed_close"]) for row in rows if row["listed_close"]]
    hits, before = set(), None
    for day, close in closes:
        cents = round(float(close) * 100)
        if before is not None:
            # Ten per cent of the previous close, in cents, rounded half up.
            step = (before * 10 + 50) // 100
            if cents >= before + step or cents <= before - step:
                hits.add(day)
        before = cents
    marked = programme("cn").mart("fct_market_days").filter(pl.col("is_limit_up") | pl.col("is_limit_down"))
    assert {str(day) for day in marked["date"]} == hits


def test_block_alerts_use_value_over_volume(programme, real_data):
    """The vendor repeats listed prices for blocks; a block's price is its value over its volume."""
    gaps, before = {}, None
    with (real_data / FILES["cea"]).open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            if before and float(row["block_volume_t"] or 0):
                price = float(row["block_amount_cny"]) / float(row["block_volume_t"])
                gaps[row["date"]] = 1 - price / before
            before = float(row["listed_close"]) if row["listed_close"] else before
    found = programme("cn").alerts("off_market_block")
    assert found.height > 0
    for measures, evidence in found.select("measures", "evidence").iter_rows():
        part = json.loads(evidence)[0]
        day = max(row[part["key"].index("date")] for row in part["rows"])[:10]
        assert json.loads(measures)["discount"]["value"] == pytest.approx(gaps[day], abs=1e-6)


@pytest.mark.parametrize(
    ("name", "mart", "rows"), [("us-ca", "fct_emission_reports", 5_589), ("eu", "fct_market_days", 3_356)]
)
def test_reports_and_prices_reach_the_publication_of_their_market(programme, name, mart, rows):
    found = programme(name)
    assert found.mart(mart).height == rows
    assert json.loads((found.settings.current / "manifest.json").read_text())["market"]["id"] == name
