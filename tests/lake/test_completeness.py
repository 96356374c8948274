"""What is missing from a delivery is found, and what is complete raises nothing."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from pydantic import ValidationError

from dashboards.language import texts
from pipelines.lake.checks.queries import QUERIES
from pipelines.lake.completeness import judge_completeness
from pipelines.lake.completeness_policy import CHECKS, Policy, load_policy
from pipelines.lake.store import connect
from pipelines.lake.update import update_lake
from tests.complete_market import (
    AS_OF,
    Change,
    fewer_subjects,
    half_of_the_days,
    market,
    null_column,
    stray_period,
    stray_province,
    without_period,
    without_province,
    without_table,
    write,
)
from tests.faults import one_of_each

Case = tuple[str, str, Change]
"""The check that must find something in a table, and what is taken from the market."""


def judge(source: Path, folder: Path, published: Path | None = None, as_of: date = AS_OF) -> pl.DataFrame:
    """Gaps that the lake of this source has."""
    lake = folder / "lake"
    with connect("1GB", 2, folder / "scratch") as con:
        update_lake(con, source, lake, lambda _: None)
        judge_completeness(con, lake, as_of, published)
    return pl.read_parquet(lake / "handover" / "completeness.parquet").filter(pl.col("state") == "found")


@pytest.fixture(scope="module")
def base():
    return market()


@pytest.fixture(scope="module")
def sound(base, tmp_path_factory):
    """Folder of the sound market's source and lake, and its gaps."""
    folder = tmp_path_factory.mktemp("sound")
    write(base, folder / "source")
    return folder, judge(folder / "source", folder)


@pytest.fixture(scope="module")
def published(sound):
    """Row counts as the last publication would have them, and the gaps of the sound market."""
    folder, gaps = sound
    return folder / "lake" / "handover" / "row_counts.parquet", gaps


@pytest.fixture
def changed(base, sound, tmp_path):
    """Gaps of the market after a change, against nothing or against the last publication."""

    def run(change: Change, before: Path | None = None, as_of: date = AS_OF) -> pl.DataFrame:
        # Only the changed table is received anew; what completeness knows of the past is `before` alone.
        for name in ("source", "lake"):
            shutil.copytree(sound[0] / name, tmp_path / name, copy_function=os.link)
        frames = dict(base)
        change(frames)
        different = {name: frame for name, frame in frames.items() if frame is not base[name]}
        for name in {*different, *(base.keys() - frames.keys())}:
            (tmp_path / "source" / f"{name}.parquet").unlink()
        write(different, tmp_path / "source")
        return judge(tmp_path / "source", tmp_path, before, as_of)

    return run


def test_a_complete_first_delivery_raises_no_warning(published):
    _, gaps = published
    assert set(gaps["severity"]) == {"info"}
    assert {"table_absent", "column_empty"} >= set(gaps["check_name"])


def test_a_complete_second_run_raises_no_warning(base, published, tmp_path):
    counts, _ = published
    write(base, tmp_path / "source")
    assert set(judge(tmp_path / "source", tmp_path, counts)["severity"]) == {"info"}


def named(cases: list[Case]) -> dict[str, Case]:
    """The cases by their place, check and table."""
    return {
        f"{number}-{check}-{table}": (check, table, change)
        for number, (check, table, change) in enumerate(cases)
    }


def check_of(check: str, table: str, change: Change) -> str:
    return check


FIRST: list[Case] = [
    ("table_absent", "meters_daily", without_table("meters_daily")),
    ("table_absent", "cems_hourly", without_table("cems_hourly")),
    ("table_absent", "activity_reports", without_table("activity_reports")),
    ("table_absent", "market_days", without_table("market_days")),
    ("table_absent", "emission_reports", without_table("emission_reports")),
    ("table_absent", "compliance", without_table("compliance")),
    ("table_absent", "transfers", without_table("transfers")),
    ("period_missing", "meters_daily", without_period("meters_daily", "2023-07")),
    ("period_missing", "cems_hourly", without_period("cems_hourly", "2024-05")),
    ("period_missing", "activity_reports", without_period("activity_reports", "2024-02")),
    ("period_missing", "market_days", without_period("market_days", "2023-10")),
    ("period_missing", "trades", without_period("trades", "2024-06")),
    ("period_missing", "transfers", without_period("transfers", "2023-05")),
    ("period_missing_beside", "meters_daily", without_period("meters_daily", "2024-10")),
    ("period_missing_beside", "emission_reports", without_period("emission_reports", "2022")),
    ("period_missing_beside", "compliance", without_period("compliance", "2022")),
    ("period_missing_beside", "market_days", without_period("market_days", "2023-03")),
    ("province_missing", "meters_daily", without_province("meters_daily", "330000", "2023-09")),
    ("province_missing", "meters_daily", without_province("meters_daily", "330000", "2024-12")),
    ("province_missing", "cems_hourly", without_province("cems_hourly", "110000", "2024-08")),
    ("province_missing", "activity_reports", without_province("activity_reports", "370000", "2024-04")),
    ("province_missing_beside", "emission_reports", without_province("emission_reports", "110000", "2023")),
    ("province_missing_beside", "compliance", without_province("compliance", "110000", "2022")),
    ("subjects_few", "meters_daily", without_province("meters_daily", "330000", "2023-09")),
    ("subjects_few", "activity_reports", fewer_subjects("activity_reports", "2023-11", 6)),
    ("subjects_few", "cems_hourly", fewer_subjects("cems_hourly", "2024-03", 8)),
    ("rows_few", "meters_daily", fewer_subjects("meters_daily", "2024-05", 5)),
    ("calendar_incomplete", "meters_daily", half_of_the_days("meters_daily", "2024-05")),
    ("calendar_incomplete", "cems_hourly", half_of_the_days("cems_hourly", "2024-05")),
    ("calendar_incomplete", "cems_hourly", half_of_the_days("cems_hourly", "2024-12")),
    ("days_few", "market_days", half_of_the_days("market_days", "2023-08")),
    ("days_few", "trades", half_of_the_days("trades", "2023-08")),
    ("days_missing_beside", "market_days", half_of_the_days("market_days", "2023-08")),
    ("column_empty_in_period", "meters_daily", null_column("meters_daily", "value", "2023-09")),
    ("column_empty_in_period", "cems_hourly", null_column("cems_hourly", "flow", "2024-09", "330000")),
    ("column_empty_in_period", "activity_reports", null_column("activity_reports", "ncv", "2024-03")),
    ("column_empty_in_period", "market_days", null_column("market_days", "close", "2024-03")),
    ("column_empty", "cems_hourly", null_column("cems_hourly", "flow")),
    ("column_empty", "activity_reports", null_column("activity_reports", "ncv")),
    ("column_empty", "emission_reports", null_column("emission_reports", "verified_total")),
    ("column_empty", "entities", null_column("entities", "listed_on")),
    ("period_unexpected", "meters_daily", stray_period("meters_daily", 8)),
    ("period_unexpected", "trades", stray_period("trades", -9)),
    ("period_unexpected", "emission_reports", stray_period("emission_reports", 20)),
    ("period_unexpected", "market_days", stray_period("market_days", 30)),
    ("province_unexpected", "entities", stray_province),
]


@pytest.mark.parametrize(("check", "table", "change"), one_of_each(named(FIRST), check_of))
def test_a_first_delivery_shows_what_it_lacks(changed, published, check, table, change):
    _, sound = published
    found = changed(change)
    key = ["check_name", "table_name", "period", "province_code", "column_name"]
    new = found.join(sound, on=key, how="anti")
    assert (check, table) in set(new.select("check_name", "table_name").rows())


LATER: list[Case] = [
    ("table_withdrawn", "meters_daily", without_table("meters_daily")),
    ("table_withdrawn", "cems_hourly", without_table("cems_hourly")),
    ("table_withdrawn", "compliance", without_table("compliance")),
    ("rows_lost", "meters_daily", without_period("meters_daily", "2024-12")),
    ("rows_lost", "meters_daily", without_province("meters_daily", "330000")),
    ("rows_lost", "cems_hourly", without_province("cems_hourly", "110000", "2024-12")),
    ("rows_lost", "trades", without_period("trades", "2023-01")),
    ("rows_lost", "market_days", without_period("market_days", "2024-12")),
    ("rows_fewer", "meters_daily", half_of_the_days("meters_daily", "2024-02")),
    ("column_lost", "cems_hourly", null_column("cems_hourly", "flow")),
    ("column_lost", "meters_daily", null_column("meters_daily", "value", "2023-09", "330000")),
    ("column_lost", "market_days", null_column("market_days", "close")),
    ("column_lost", "transfers", null_column("transfers", "trade_id")),
]


@pytest.mark.parametrize(("check", "table", "change"), one_of_each(named(LATER), check_of))
def test_what_was_published_and_is_gone_is_found(changed, published, check, table, change):
    counts, _ = published
    found = changed(change, counts)
    severity = getattr(load_policy().checks, check).severity
    assert (check, table, severity) in set(found.select("check_name", "table_name", "severity").rows())


def test_a_period_that_has_not_ended_is_not_judged(changed):
    found = changed(half_of_the_days("meters_daily", "2024-12"), as_of=date(2024, 12, 20))
    assert "calendar_incomplete" not in set(found["check_name"])
    assert "days_few" not in set(found["check_name"])


def test_a_short_history_raises_no_warning(changed):
    def start_late(frames):
        for table in ("meters_daily", "cems_hourly", "market_days", "trades", "transfers"):
            column = "date" if "date" in frames[table].columns else "ts"
            frames[table] = frames[table].filter(
                pl.col(column).dt.year() == 2024, pl.col(column).dt.month() > 10
            )
        frames["activity_reports"] = frames["activity_reports"].filter(pl.col("month") >= date(2024, 11, 1))

    assert set(changed(start_late)["severity"]) == {"info"}


def test_a_change_in_one_month_counts_that_month_alone(base, tmp_path):
    write(base, tmp_path / "source")
    judge(tmp_path / "source", tmp_path)
    frames = dict(base)
    without_province("meters_daily", "330000", "2023-09")(frames)
    write(frames, tmp_path / "source")
    judge(tmp_path / "source", tmp_path)
    write(frames, tmp_path / "again" / "source")
    judge(tmp_path / "again" / "source", tmp_path / "again")
    for name in ("row_counts", "completeness"):
        one, other = (
            pl.read_parquet(folder / "lake" / "handover" / f"{name}.parquet")
            for folder in (tmp_path, tmp_path / "again")
        )
        assert one.equals(other), name
    assert len(list((tmp_path / "lake" / "profiles").glob("meters_daily-*"))) == 1


def test_policy_queries_and_texts_name_the_same_checks():
    assert set(QUERIES) == set(CHECKS)
    for check in CHECKS:
        for language in ("zh", "en"):
            assert texts().text(f"desk.completeness_check.{check}", language)


@pytest.mark.parametrize(
    "wrong",
    [
        {"checks": {"unheard_of": {}}},
        {"registered": ["unheard_of"]},
        {"calendar": [{"table": "unheard_of", "rows_a_day": 1}]},
        {"colour": "red"},
    ],
)
def test_an_unknown_name_in_the_policy_is_refused(wrong):
    content = load_policy().model_dump()
    for key, value in wrong.items():
        content[key] = {**content[key], **value} if isinstance(value, dict) else value
    with pytest.raises(ValidationError):
        Policy.model_validate(content)
