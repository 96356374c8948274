"""CAMPD tables of quarters, months and hours, after EPA's documented headings."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from pipelines.sources import SourceError, read
from tests.sources.conftest import CAMPD_HEADER

PERIODS = (
    "State,Facility Name,Facility ID,Unit ID,Associated Stacks,Year,{},Operating Time Count,"
    "Sum of the Operating Time,Gross Load (MWh),CO2 Mass (short tons),"
    "Heat Input (mmBtu),Primary Fuel Type,Secondary Fuel Type,Unit Type\n"
)
PART = "AL,Barry,3,{unit},,{year},{part},9,{hours},1000,{co2},20,Coal,,Stoker\n"
HOURS = (
    "State,Facility Name,Facility ID,Unit ID,Associated Stacks,Date,Hour,Operating Time,Gross Load (MW),"
    "Steam Load (1000 lb/hr),SO2 Mass (lbs),CO2 Mass (short tons),CO2 Mass Measure Indicator,"
    "Heat Input (mmBtu),Primary Fuel Type,Secondary Fuel Type,Unit Type,Program Code\n"
)


def part(unit, number, co2=10, hours=100, year=2023):
    return PART.format(unit=unit, part=number, co2=co2, hours=hours, year=year)


def unit_years(out):
    columns = ["unit_id", "year", "operating_hours", "gross_load", "co2_mass"]
    return pl.read_parquet(out / "unit_years.parquet").select(columns).rows()


def account(report):
    return [(line.read, line.written, line.without_data, line.quarantined) for line in report.rows()]


def test_quarters_are_added_to_years_that_are_complete_and_have_no_annual_row(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "annual.csv").write_text(
        CAMPD_HEADER + "AL,Barry,3,2,,2023,400,4000,7,80,Electric Utility,Operating,Stoker,Coal,\n"
    )
    (folder / "quarterly.csv").write_text(
        PERIODS.format("Quarter")
        + "".join(part(1, quarter) for quarter in (1, 2, 3, 4))
        + "".join(part(2, quarter) for quarter in (1, 2, 3, 4))
        + "".join(part(1, quarter, year=2024) for quarter in (1, 2))
        + "".join(part(3, quarter) for quarter in (1, 2, 3, 4, 4))
        + part(3, 3, co2=99)
        + part(1, 5)
    )
    report = read("campd", folder, tmp_path / "out")
    tonne = 0.90718474
    assert unit_years(tmp_path / "out") == [
        ("3-1", 2023, 400.0, 4000.0, pytest.approx(40 * tonne)),
        ("3-2", 2023, 400.0, 4000.0, pytest.approx(7 * tonne)),
    ]
    assert account(report) == [(1, 1, 0, 0), (17, 4, 4 + 2 + 3, 4)]
    assert [(reason.reason, reason.rows) for reason in report.rows()[1].reasons] == [
        ("contradiction", 2),
        ("duplicate_row", 1),
        ("out_of_range", 1),
    ]
    assert any("9 rows are not written" in note for note in report.notes)


def test_a_running_year_is_no_year(tmp_path):
    (tmp_path / "q.csv").write_text(PERIODS.format("Quarter") + part(1, 1) + part(1, 2))
    with pytest.raises(SourceError, match="found 2 that state nothing or only parts of a period"):
        read("campd", tmp_path / "q.csv", tmp_path / "out")


def test_a_part_without_a_figure_is_nothing_where_the_unit_did_not_run_else_unknown(tmp_path):
    (tmp_path / "m.csv").write_text(
        PERIODS.format("Month")
        + "".join(
            part(1, month, co2="" if month == 7 else 1, hours=0 if month == 7 else 9)
            for month in range(1, 13)
        )
        + "".join(part(2, month, co2="" if month == 7 else 1) for month in range(1, 13))
    )
    read("campd", tmp_path / "m.csv", tmp_path / "out")
    assert [row[-1] for row in unit_years(tmp_path / "out")] == [pytest.approx(11 * 0.90718474), None]


def hour(number, operating, load, co2, indicator, state="AL", date="2023-07-01"):
    return f"{state},Barry,3,1,,{date},{number},{operating},{load},,1,{co2},{indicator},50,Coal,,Stoker,ARP\n"


def test_hours(tmp_path):
    (tmp_path / "h.csv").write_text(
        HOURS
        + hour(0, 1, 200, 180, "Measured")
        + hour(1, 0.5, 310, 140, "Measured and Substitute")
        + hour(2, 1, 200, "", "")
        + "AL,Barry,3,1,,2023-07-01,3,0,,,,,,,Coal,,Stoker,ARP\n"
        + "AL,Barry,3,1,,2023-07-01,4,,,,,,,,Coal,,Stoker,ARP\n"
        + hour(24, 1, 200, 180, "Measured")
        + hour(5, 1, 200, 180, "Guessed")
        + hour(6, 1, 200, 180, "Measured", state="XX")
        + hour(7, 1, 200, 180, "LME", state="TN")
    )
    report = read("campd", tmp_path / "h.csv", tmp_path / "out")
    hours = pl.read_parquet(tmp_path / "out" / "cems_hourly.parquet")
    assert hours.select("unit_id", "ts", "operating", "gross_load", "quality").rows() == [
        ("3-1", datetime(2023, 7, 1, 6, tzinfo=UTC), 1.0, 200.0, "valid"),
        ("3-1", datetime(2023, 7, 1, 7, tzinfo=UTC), 0.5, 155.0, "substituted"),
        ("3-1", datetime(2023, 7, 1, 8, tzinfo=UTC), 1.0, 200.0, "missing"),
        ("3-1", datetime(2023, 7, 1, 9, tzinfo=UTC), 0.0, None, "valid"),
        ("3-1", datetime(2023, 7, 1, 13, tzinfo=UTC), 1.0, 200.0, "substituted"),
    ]
    assert hours["co2_mass"][0] == pytest.approx(180 * 0.90718474)
    assert account(report) == [(9, 5, 1, 3)]
    assert report.rows()[0].reason.count("unknown_enum") == 2
    (unit,) = pl.read_parquet(tmp_path / "out" / "units.parquet").to_dicts()
    assert (unit["capacity"], unit["unit_class"]) == (310.0, "coal_gt300")
    assert any("1 hours are of states that lie in two time zones (TN)" in note for note in report.notes)


def test_daily_totals_are_no_year(tmp_path):
    (tmp_path / "d.csv").write_text(
        PERIODS.format("Date").replace("Year,", "") + part(1, "2023-01-01").replace("2023,", "", 1)
    )
    with pytest.raises(SourceError, match="Check that this is the format you named"):
        read("campd", tmp_path / "d.csv", tmp_path / "out")


def test_names_of_the_api(tmp_path):
    (tmp_path / "api.csv").write_text(
        "stateCode,facilityName,facilityId,unitId,year,sumOpTime,grossLoad,co2Mass,heatInput,primaryFuelInfo,"
        "secondaryFuelInfo,unitType\nAL,Barry,3,1,2023,100,1000,10,20,Coal,,Stoker\n"
    )
    read("campd", tmp_path / "api.csv", tmp_path / "out")
    assert len(unit_years(tmp_path / "out")) == 1
