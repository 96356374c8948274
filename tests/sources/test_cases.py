"""Small inputs from real practice, each of which once failed; what is right stands in their READMEs."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.sources import SourceError, read


@pytest.fixture
def reading(practice, tmp_path):
    def run(format, path):
        return read(format, practice / path, tmp_path / "out")

    return run


def table(tmp_path, name):
    return pl.read_parquet(tmp_path / "out" / f"{name}.parquet")


def test_the_official_layout_without_years_of_emissions(reading, tmp_path):
    report = reading("eutl", "01-eutl-official-layout/eutl_official.zip")
    assert any("no years of emissions are stated" in note for note in report.notes)
    (year,) = table(tmp_path, "compliance").to_dicts()
    assert (year["entity_id"], year["year"]) == ("AT_1", 2021)
    assert year["cumulative_verified"] - year["cumulative_surrendered"] == 20_000


def test_ragged_rows_are_quarantined_with_line_and_text(reading):
    short = {line.source: line for line in reading("eutl", "08-csv-ragged-rows/short_row.zip").rows()}
    assert (short["compliance"].written, short["compliance"].quarantined) == (2, 1)
    long = {line.source: line for line in reading("eutl", "08-csv-ragged-rows/long_row.zip").rows()}
    assert (long["installation"].written, long["installation"].quarantined) == (1, 1)
    assert long["installation"].reasons[0].example == "AT_3,Kalk, Brennerei,AT,30,False,2005,"


def test_the_number_of_a_ragged_row_is_on_disk(reading, tmp_path):
    reading("eutl", "08-csv-ragged-rows/long_row.zip")
    rows = pl.read_parquet(tmp_path / "out" / "_quarantined" / "rows.parquet")
    assert rows.filter(reason="malformed_line").select("file", "row_number").rows() == [("installation", 2)]


def test_the_terminal_export(reading, tmp_path):
    report = reading("cea", "09-cea-terminal-export/cea_export.csv")
    assert "cea_export: encoding GB18030" in report.notes
    days = table(tmp_path, "market_days")
    day = days.filter(pl.col("date") == pl.date(2023, 2, 24)).to_dicts()[0]
    assert (day["listed_volume"], day["block_volume"], float(day["block_value"])) == (
        122_000,
        300_000,
        16_345_470,
    )
    assert days.height == 39, "of 60 calendar days 21 had no trading"


def test_scientific_notation_loses_nothing(practice, tmp_path):
    frames = []
    for name in ("cea_plain", "cea_scientific"):
        read("cea", practice / f"10-cea-scientific-notation/{name}.csv", tmp_path / "out")
        frames.append(table(tmp_path, "market_days"))
    assert frames[0].equals(frames[1])
    assert frames[0].height == 500


@pytest.mark.parametrize("name", ["mrr_2022.xlsx", "mrr_sheet_as_saved.csv", "mrr_header_joined.csv"])
def test_the_workbook_and_its_sheet(reading, tmp_path, name):
    report = reading("mrr", f"12-mrr-workbook/{name}")
    assert (report.rows()[0].written, report.quarantined) == (30, 0)
    reports = table(tmp_path, "emission_reports")
    assert reports["conclusion"].null_count() == 12, "N/A: no verification was due"
    assert reports["entity_id"].sort()[0] == "900000"


def test_a_unit_year_that_stands_there_twice(reading):
    with pytest.raises(SourceError, match=r"2 x contradiction .*2,809,011 t"):
        reading("campd", "14-campd-unit-year-twice/emissions-annual-2023.csv")


def test_dates_with_slashes(reading, tmp_path):
    report = reading("cea", "24-read-nothing-and-go-on/cea_slash_dates.csv")
    assert (report.rows()[0].written, report.quarantined) == (500, 0)
