from __future__ import annotations

import gzip
from datetime import date

import polars as pl
import pytest

from pipelines.sources import SourceError, read

COAL = "AL,Barry ,3,1,blank,2016,100,35000,1000,2000,Electric Utility,Operating,Tangentially-fired,Coal,{}"


def table(out, name):
    return pl.read_parquet(out / f"{name}.parquet")


def test_figures_are_metric_and_blank_is_null(campd_csv, tmp_path):
    idle = "AL,Barry,3,2,,2016,0,blank,blank, ,Electric Utility,Operating,Stoker,Coal,"
    report = read("campd", campd_csv(COAL.format(""), idle), tmp_path / "out")
    years = table(tmp_path / "out", "unit_years").to_dicts()
    assert years[0]["co2_mass"] == pytest.approx(907.18474)
    assert years[0]["heat_input"] == pytest.approx(2110.11170524)
    assert (years[0]["gross_load"], years[0]["operating_hours"]) == (35000.0, 100.0)
    assert (years[1]["gross_load"], years[1]["co2_mass"], years[1]["heat_input"]) == (None, None, None)
    assert any("1 units show no load" in note for note in report.notes)


def test_entities_and_units(campd_csv, tmp_path):
    campd_csv(
        COAL.format(""),
        "CA,Gas Co,55,1-A,,2016,10,500,9,9,Petroleum Refinery,"
        "Operating (Started 03/04/2016),Combined cycle,Pipeline Natural Gas,",
    )
    campd_csv(
        "AL,Barry Steam,3,1,,2017,100,20000,1000,2000,Electric Utility,"
        "Operating (Retired 05/06/2017),Tangentially-fired,Coal,",
        name="emissions_annual_2017.csv",
    )
    read("campd", tmp_path / "campd", tmp_path / "out")
    entities = table(tmp_path / "out", "entities").to_dicts()
    assert [
        (row["entity_id"], row["entity_name"], row["sector"], row["province_code"], row["status"])
        for row in entities
    ] == [
        ("3", "Barry Steam", "power", "US-AL", "listed"),
        ("55", "Gas Co", "petrochemicals", "US-CA", "exited"),
    ]
    units = {row["unit_id"]: row for row in table(tmp_path / "out", "units").to_dicts()}
    assert units["3-1"]["capacity"] == 350.0, "the best of both years"
    assert (units["3-1"]["unit_class"], units["3-1"]["retired_on"]) == ("coal_gt300", date(2017, 5, 6))
    assert (units["55-1-A"]["unit_class"], units["55-1-A"]["commissioned_on"]) == (
        "gas_other",
        date(2016, 3, 4),
    )


@pytest.mark.parametrize(
    ("unit_type", "fuel", "load", "expected"),
    [
        ("Stoker", "Coal", 30000, "coal_le300"),
        ("Stoker", "Coal", 30001, "coal_gt300"),
        ("Circulating fluidized bed boiler", "Coal", 99999, "coal_unconventional"),
        ("Stoker", "Coal Refuse", 99999, "coal_unconventional"),
        ("Integrated gasification combined cycle", "Coal", 99999, "other"),
        ("Combined cycle", "Natural Gas", 1, "gas_other"),
        ("Stoker", "Wood", 1, "other"),
    ],
)
def test_unit_classes(campd_csv, tmp_path, unit_type, fuel, load, expected):
    line = f"AL,Barry,3,1,,2016,100,{load},1,1,Electric Utility,Operating,{unit_type},{fuel},"
    read("campd", campd_csv(line), tmp_path / "out")
    assert table(tmp_path / "out", "units")["unit_class"].to_list() == [expected]


@pytest.mark.parametrize(
    ("primary", "secondary", "expected"),
    [
        ("Coal", "", "coal"),
        ("Coal", '"Residual Oil, Pipeline Natural Gas"', "coal+natural gas+residual oil"),
        ('"Coal, Pipeline Natural Gas"', "Natural Gas", "coal+natural gas"),
        ("Moon Dust", "Coal", "moon dust+coal"),
        ("", "", None),
    ],
)
def test_fuel_names_the_primary_first(campd_csv, tmp_path, primary, secondary, expected):
    line = f"AL,Barry,3,1,,2016,1,1,1,1,Electric Utility,Operating,Stoker,{primary},{secondary}"
    report = read("campd", campd_csv(line), tmp_path / "out")
    assert table(tmp_path / "out", "unit_years")["fuel"].to_list() == [expected]
    assert any("Moon Dust" in note for note in report.notes) == (primary == "Moon Dust")


def test_equal_rows_within_and_between_files_are_kept_once(campd_csv, tmp_path):
    campd_csv(COAL.format(""), COAL.format(""))
    campd_csv(COAL.format(""), COAL.format("").replace(",3,1,", ",3,2,"), name="zz_again.csv")
    report = read("campd", tmp_path / "campd", tmp_path / "out")
    assert [(line.source, line.written, [str(r) for r in line.reasons]) for line in report.rows()] == [
        (
            "emissions_annual_2016",
            1,
            ["1 x duplicate_row in Facility ID (ORISPL) and Unit ID and Year (907 t), such as '3, 1, 2016'"],
        ),
        (
            "zz_again",
            1,
            ["1 x duplicate_row in Facility ID (ORISPL) and Unit ID and Year (907 t), such as '3, 1, 2016'"],
        ),
    ]


def test_rows_of_one_unit_and_year_that_differ_are_all_quarantined(campd_csv, tmp_path):
    other = COAL.format("").replace(",3,1,", ",3,2,")
    report = read("campd", campd_csv(COAL.format(""), COAL.format("Wood"), other), tmp_path / "out")
    (line,) = report.rows()
    assert (line.written, [(r.reason, r.rows) for r in line.reasons]) == (1, [("contradiction", 2)])
    rows = pl.read_parquet(tmp_path / "out" / "_quarantined" / "rows.parquet")
    assert rows.select("table_name", "reason", "row_number", "record_key").rows() == [
        ("unit_years", "contradiction", number, '{"orispl":"3","unit":"1","year":"2016"}')
        for number in (2, 3)
    ]


def test_a_figure_that_is_no_number_quarantines_the_row(campd_csv, tmp_path):
    report = read("campd", campd_csv(COAL.format(""), COAL.replace("35000", "NaN")), tmp_path / "out")
    assert report.rows()[0].reason == "1 x not_finite in Gross Load (MW-h) (907 t), such as 'NaN'"


def test_gzip_is_recognised_by_content_and_a_cut_one_is_refused(campd_csv, tmp_path):
    plain = campd_csv(COAL.format(""))
    content = gzip.compress(plain.read_bytes())
    plain.write_bytes(content)
    assert read("campd", plain, tmp_path / "out").tables["unit_years"] == 1
    plain.write_bytes(content[:-20])
    with pytest.raises(SourceError, match="cut or damaged"):
        read("campd", plain, tmp_path / "out")


def test_a_folder_without_csv(tmp_path):
    folder = tmp_path / "campd"
    folder.mkdir()
    (folder / "readme.pdf").write_bytes(b"%PDF")
    with pytest.raises(SourceError, match=r"expected files that end in \.csv, .*; found readme\.pdf"):
        read("campd", folder, tmp_path / "out")


def test_other_files_in_the_folder_are_named(campd_csv, tmp_path):
    campd_csv(COAL.format(""))
    (tmp_path / "campd" / "readme.pdf").write_bytes(b"%PDF")
    report = read("campd", tmp_path / "campd", tmp_path / "out")
    assert "not read, as they are no tables: readme.pdf" in report.notes
