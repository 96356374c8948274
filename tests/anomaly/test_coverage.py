"""Coverage: what is removed from the marts is shown as blind or not applicable, table by table."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from anomaly.core.coverage import coverage
from anomaly.core.discovery import all_detectors
from anomaly.core.marts import Marts
from tests.anomaly import obligations
from tests.faults import one_of_each

AS_OF = date(2024, 12, 31)
MONTHS = [date(2024, month, 1) for month in range(1, 13)]
PROVINCES = ("110000", "310000", "440000")
FILLED = {
    (need.mart, column): (detector.kind, need.source)
    for detector in all_detectors()
    for need in detector.needs
    for column in need.filled
    if need.period and not need.where
}
TABLES = sorted({mart for mart, _ in FILLED})
YEARLY = {need.mart for detector in all_detectors() for need in detector.needs if need.period == "year"}
WITH_PROVINCE = ("fct_mass_balance_months", "fct_lab_tests", "fct_compliance_years", "fct_unit_years")


def mart(name):
    """Three rows a month (or a year) with every column that any detector needs filled."""
    needs = [need for detector in all_detectors() for need in detector.needs if need.mart == name]
    times = range(2019, 2025) if name in YEARLY else MONTHS
    rows = []
    for time in times:
        for place, province in enumerate(PROVINCES):
            row = {column: 1.0 for need in needs for column in need.columns}
            row |= {need.subject: f"S{place}" for need in needs if need.subject}
            day = time if isinstance(time, int) else time + timedelta(days=9)
            row |= {need.period: day for need in needs if need.period}
            rows.append(row | ({"province_code": province} if name in WITH_PROVINCE else {}))
    return pl.DataFrame(rows)


@pytest.fixture
def small(tmp_path):
    for name in TABLES:
        mart(name).write_parquet(tmp_path / f"{name}.parquet")
    return tmp_path


def seen(folder):
    return coverage(all_detectors(), Marts(folder), AS_OF)


def change(folder, name, edit):
    file = folder / f"{name}.parquet"
    edit(pl.read_parquet(file)).write_parquet(file)


def time_of(name):
    return next(
        need.period
        for detector in all_detectors()
        for need in detector.needs
        if need.mart == name and need.period
    )


def test_a_whole_market_is_covered_wherever_it_has_tables(small):
    rows = seen(small)
    assert set(rows.filter(pl.col("mart").is_in(TABLES))["state"]) == {"covered"}
    absent = rows.filter(~pl.col("mart").is_in(TABLES))
    assert set(absent["reason"]) <= {"no_rows"}


@pytest.mark.parametrize("name", TABLES)
def test_a_missing_feed_is_not_applicable_by_name(small, name):
    (small / f"{name}.parquet").unlink()
    rows = seen(small).filter(pl.col("mart") == name)
    assert rows.height and set(rows["state"]) == {"not_applicable"} and set(rows["reason"]) == {"no_rows"}


@pytest.mark.parametrize(
    ("name", "column"),
    one_of_each({"-".join(need): need for need in sorted(FILLED)}, lambda name, column: name),
)
def test_a_column_without_values_is_blind_and_named(small, name, column):
    change(
        small, name, lambda frame: frame.with_columns(pl.lit(None, dtype=frame.schema[column]).alias(column))
    )
    kind, source = FILLED[name, column]
    rows = seen(small).filter(
        (pl.col("kind") == kind) & (pl.col("mart") == name) & (pl.col("table_name") == source)
    )
    assert set(rows["state"]) == {"blind"} and set(rows["reason"]) == {"column_without_values"}
    assert all(column in detail for detail in rows["detail"])


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("place", [1, pytest.param(4, marks=pytest.mark.faults)])
def test_a_period_without_rows_is_blind(small, name, place):
    time = time_of(name)
    gone = pl.read_parquet(small / f"{name}.parquet")[time].unique().sort()[place]
    change(small, name, lambda frame: frame.filter(pl.col(time) != gone))
    rows = seen(small).filter((pl.col("mart") == name) & (pl.col("state") == "blind"))
    assert set(rows["reason"]) == {"no_rows"}
    assert set(rows["period"]) == {f"{gone:%Y-%m}" if isinstance(gone, date) else str(gone)}


@pytest.mark.parametrize("name", WITH_PROVINCE)
@pytest.mark.parametrize("place", [2, pytest.param(-1, marks=pytest.mark.faults)])
@pytest.mark.parametrize("province", one_of_each({name: (name,) for name in PROVINCES}, lambda _: "province"))
def test_a_province_without_rows_in_a_period_is_blind(small, name, place, province):
    time = time_of(name)
    gone = pl.read_parquet(small / f"{name}.parquet")[time].unique().sort()[place]
    change(
        small,
        name,
        lambda frame: frame.filter((pl.col(time) != gone) | (pl.col("province_code") != province)),
    )
    rows = seen(small).filter((pl.col("mart") == name) & (pl.col("state") == "blind"))
    assert set(rows["reason"]) == {"province_without_rows"} and set(rows["province_code"]) == {province}


def test_months_before_the_first_rows_and_after_the_last_are_distinguished(small):
    change(small, "fct_trades", lambda frame: frame.filter(pl.col("traded_at").dt.month().is_between(3, 8)))
    rows = seen(small).filter((pl.col("mart") == "fct_trades") & (pl.col("kind") == "wash_trade"))
    assert rows["reason"].to_list() == [
        *["before_first_rows"] * 2, *[None] * 6, "no_rows", *["not_delivered_yet"] * 3,
    ]  # fmt: skip


def test_obligations_count_where_the_report_came(tmp_path):
    """An expected report is a row of the mart, too; a month or province that did not file is seen."""
    rows = pl.concat(
        obligations.filings(count=6).with_columns(province_code=pl.lit(code)) for code in PROVINCES
    )
    month, there = pl.col("period_start").dt.month(), pl.col("province_code")
    gone = (month == 3) | ((month == 5) & (there == "310000"))
    rows = rows.with_columns(
        pl.when(gone).then(None).otherwise("submitted_at").alias("submitted_at"),
        pl.when(gone).then(pl.lit("missing")).otherwise("state").alias("state"),
    )
    rows.write_parquet(tmp_path / "fct_report_obligations.parquet")
    blind = seen(tmp_path).filter(
        (pl.col("kind") == "late_report") & (pl.col("state") == "blind") & (pl.col("period") < "2024-07")
    )
    assert blind.select("period", "province_code", "reason").rows() == [
        ("2024-03", "all", "no_rows"),
        ("2024-05", "310000", "province_without_rows"),
    ]


@pytest.mark.parametrize("kind", ["late_report", "missing_report"])
def test_filings_without_a_submission_time_are_blind(tmp_path, kind):
    rows = obligations.filings(count=2).with_columns(submitted_at=pl.lit(None, pl.Datetime("us")))
    rows.write_parquet(tmp_path / "fct_report_obligations.parquet")
    found = seen(tmp_path).filter((pl.col("kind") == kind) & pl.col("period").is_in(["2024-01", "2024-02"]))
    assert set(found["reason"]) == {"column_without_values"}


def cems(folder, feeds=None):
    rows = coverage(all_detectors(), Marts(folder), AS_OF, feeds)
    return rows.filter((pl.col("kind") == "mass_balance_gap") & (pl.col("table_name") == "cems_hourly"))


def only_filled(folder, first, last):
    inside = pl.col("month").dt.month().is_between(first, last)
    filled = pl.when(inside).then("cems_emissions_tco2").alias("cems_emissions_tco2")
    change(folder, "fct_mass_balance_months", lambda frame: frame.with_columns(filled))


def test_a_column_is_not_blind_before_its_feed_began_nor_where_it_is_not_yet_due(small):
    only_filled(small, 4, 7)
    assert cems(small)["reason"].to_list() == [
        *["before_first_rows"] * 3, *[None] * 4, *["column_without_values"] * 2, *["not_delivered_yet"] * 3,
    ]  # fmt: skip


def test_a_declared_span_says_where_a_feed_is_expected(small):
    only_filled(small, 4, 7)
    found = cems(small, {"cems_hourly": ("2024-04", "2024-08")})
    assert found.filter(state="blind")["period"].to_list() == ["2024-08"]
    assert found.filter(reason="outside_declared_span")["period"].to_list() == ["2024-09"]


@pytest.mark.parametrize(("feeds", "state"), [({}, "not_applicable"), ({"trades": ("", "")}, "blind")])
def test_a_feed_that_never_came_is_blind_where_the_market_declares_it(small, feeds, state):
    (small / "fct_trades.parquet").unlink()
    rows = coverage(all_detectors(), Marts(small), AS_OF, feeds)
    assert set(rows.filter(pl.col("mart") == "fct_trades")["state"]) == {state}


def test_a_province_seen_once_is_not_expected_in_the_last_year(small):
    once = pl.col("year") == 2023
    away = pl.col("province_code") == "440000"
    change(small, "fct_unit_years", lambda frame: frame.filter(~away | once))
    assert seen(small).filter((pl.col("mart") == "fct_unit_years") & (pl.col("state") == "blind")).is_empty()
