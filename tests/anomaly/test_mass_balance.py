"""mass_balance_gap: large gaps of a month, small gaps that persist, and what is granted."""

from __future__ import annotations

import json
from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from anomaly.core.run import detect
from anomaly.detectors.falsification.mass_balance_gap.persistence import persistent_gaps

FUEL = ("reported_emissions_tco2", "fuel_emissions_tco2")


def write(marts, frame, classes):
    frame.write_parquet(marts / "fct_mass_balance_months.parquet")
    classes.write_parquet(marts / "dim_units.parquet")


def scaled(frame, factor, *columns, unit="U05", first=1, last=12):
    planted = (pl.col("unit_id") == unit) & pl.col("month").dt.month().is_between(first, last)
    return frame.with_columns(
        pl.when(planted).then(pl.col(name) * factor).otherwise(pl.col(name)).alias(name) for name in columns
    )


def analysed(frame, emissions="reported_emissions_tco2"):
    """With two samples a unit month, whose carbon gives those emissions and one percent of it unburnt."""
    return frame.with_columns(
        lab_emissions_tco2=pl.col(emissions) / 0.99,
        sample_ids_json=pl.format('["{}-{}-1","{}-{}-2"]', "unit_id", "month", "unit_id", "month"),
    )


@pytest.mark.parametrize("count", [12, 36])
def test_honest_months_stay_silent(marts, run, unit_months, count):
    frame, classes = unit_months(units=40, count=count)
    write(marts, analysed(frame), classes)
    assert run("mass_balance_gap").is_empty()


def test_understated_months_and_their_length(marts, run, unit_months):
    frame, classes = unit_months()
    write(marts, scaled(frame, 0.85, "reported_emissions_tco2", first=4, last=8), classes)
    alerts = run("mass_balance_gap")
    assert alerts["subject_ids"].to_list() == [["E05", "U05"]]
    assert alerts["window_start"][0] == datetime(2024, 3, 31, 16)
    assert alerts["window_end"][0] == datetime(2024, 8, 31, 16)
    measures = json.loads(alerts["measures"][0])
    assert {"fuel_gap", "meter_gap", "cems_gap"} <= set(measures)
    assert measures["fuel_gap"]["value"] == pytest.approx(0.15, abs=0.01)


def test_the_meter_alone_where_fuel_is_understated_too(marts, run, unit_months):
    frame, classes = unit_months()
    write(marts, scaled(frame, 0.88, *FUEL, unit="U02"), classes)
    assert run("mass_balance_gap")["subject_ids"].to_list() == [["E02", "U02"]]


def test_evidence_of_meters_and_hours_is_a_range(marts, run, unit_months):
    frame, classes = unit_months()
    write(marts, scaled(frame, 0.85, "reported_emissions_tco2", first=4, last=5), classes)
    evidence = {entry["table"]: entry for entry in json.loads(run("mass_balance_gap")["evidence"][0])}
    assert evidence["meters_daily"] == {
        "table": "meters_daily", "key": ["unit_id", "meter"], "rows": [["U05", "coal_feed"]],
        "from": "2024-04-01", "to": "2024-06-01",
    }  # fmt: skip
    assert evidence["cems_hourly"] == {
        "table": "cems_hourly", "key": ["unit_id"], "rows": [["U05"]],
        "from": "2024-03-31T16:00:00Z", "to": "2024-05-31T16:00:00Z",
    }  # fmt: skip


@pytest.mark.parametrize(("columns", "factor"), [(FUEL, 0.97), (("reported_emissions_tco2",), 0.98)])
def test_a_small_gap_is_reported_when_it_persists_and_not_in_a_month(
    marts, run, unit_months, columns, factor
):
    frame, classes = unit_months(count=24)
    year = frame.filter(pl.col("month") < date(2025, 1, 1))
    rest = frame.filter(pl.col("month") >= date(2025, 1, 1))
    write(marts, pl.concat([scaled(year, factor, *columns), rest]), classes)
    alerts = run("mass_balance_gap")
    assert alerts["subject_ids"].to_list() == [["E05", "U05"]]
    assert json.loads(alerts["measures"][0])["persistence"]["value"] >= 8
    overlap = alerts["window_end"][0] - alerts["window_start"][0]
    assert 270 < overlap.days < 430
    write(marts, pl.concat([scaled(year, factor, *columns, first=6, last=6), rest]), classes)
    assert run("mass_balance_gap").is_empty()


def test_honest_months_between_two_shifts_are_not_reported(marts, run, unit_months):
    frame, classes = unit_months()
    low = scaled(frame, 0.8, "reported_emissions_tco2", first=2, last=3)
    write(marts, scaled(low, 0.8, "reported_emissions_tco2", first=9, last=10), classes)
    alerts = run("mass_balance_gap").sort("window_start")
    assert alerts["window_start"].to_list() == [datetime(2024, 1, 31, 16), datetime(2024, 8, 31, 16)]
    assert alerts["window_end"].to_list() == [datetime(2024, 3, 31, 16), datetime(2024, 10, 31, 16)]


def test_a_scale_that_always_reads_a_little_high_is_granted(marts, run, unit_months):
    frame, classes = unit_months(count=36)
    write(marts, scaled(frame, 1.01, "metered_emissions_tco2"), classes)
    assert run("mass_balance_gap").is_empty()


def test_reported_carbon_below_the_laboratory(marts, run, unit_months):
    frame, classes = unit_months()
    low = scaled(frame, 0.92, *FUEL, "metered_emissions_tco2", "cems_emissions_tco2", first=3, last=9)
    write(marts, low, classes)
    assert run("mass_balance_gap").is_empty()
    write(marts, low.with_columns(analysed(frame).select("lab_emissions_tco2", "sample_ids_json")), classes)
    alert = run("mass_balance_gap").row(0, named=True)
    assert alert["subject_ids"] == ["E05", "U05"]
    assert json.loads(alert["measures"])["lab_gap"]["value"] == pytest.approx(0.08, abs=0.005)
    evidence = {entry["table"]: entry["rows"] for entry in json.loads(alert["evidence"])}
    assert len(evidence["lab_tests"]) == 14


def test_a_gap_below_its_threshold_is_a_candidate_and_no_alert(marts, unit_months):
    frame, classes = unit_months()
    # A month short of 2 % of its fuel, where 3 % make an alert, beside months that are reported.
    near = scaled(frame, 0.98, *FUEL[:1], unit="U02", first=6, last=6)
    write(marts, scaled(near, 0.85, *FUEL[:1], unit="U02", first=9, last=10), classes)
    found = detect(marts, snapshot_id="s", kinds=["mass_balance_gap"])
    assert found.alerts["window_start"].to_list() == [datetime(2024, 8, 31, 16)]
    assert found.candidates["subject_ids"].to_list() == [["E02", "U02"]]
    assert found.candidates["window_start"].to_list() == [datetime(2024, 5, 31, 16)]
    assert found.runs["candidates"].to_list() == [2]


def test_false_alarms_of_persistence_are_rare():
    """Thousands of unit months of pure scatter at the full spread: about one alarm in 19 000 months."""
    rng = np.random.default_rng(8)
    units, months = 300, 36
    rows = pl.DataFrame(
        {
            "unit_id": np.repeat([f"U{n:03}" for n in range(units)], months),
            "month": [date(2022 + n // 12, n % 12 + 1, 1) for n in range(months)] * units,
            "deficit": rng.normal(0, 0.01, units * months),
        }
    )
    assert len(persistent_gaps(rows, "deficit", 0.01, 0.01, 0.5, 8)) <= 2
    shifted = rows.with_columns(
        pl.when((pl.col("unit_id") == "U007") & (pl.col("month") >= date(2023, 9, 1)))
        .then(pl.col("deficit") + 0.02)
        .otherwise("deficit")
        .alias("deficit")
    )
    found = [run for run in persistent_gaps(shifted, "deficit", 0.01, 0.01, 0.5, 8) if run.unit_id == "U007"]
    assert len(found) == 1 and found[0].first.year == 2023 and found[0].last >= date(2024, 7, 1)


def test_a_lean_too_small_for_any_month_still_adds_up():
    months = [date(2022 + n // 12, n % 12 + 1, 1) for n in range(48)]
    rows = pl.DataFrame({"unit_id": ["U1"] * 48, "month": months, "deficit": [0.009] * 48})
    (run,) = persistent_gaps(rows, "deficit", 0.01, 0.0, 0.5, 8)
    assert (run.first, run.last) == (months[0], months[-1])
    assert persistent_gaps(rows, "deficit", 0.01, 0.01, 0.5, 8) == []
