from __future__ import annotations

import polars as pl
import pytest

from pipelines.sources import SourceError, read
from tests.sources import workbooks

HEADER = (
    'ARB ID,Facility Name,Report Year,"Total CO2e (combustion, process, vented, and supplier)",'
    "Emissions Data,"
    "Verification Body,State,North American Industry Classification System (NAICS) Code and Description,"
    "Industry Sector\n"
)
PAPER = "322121 - Paper (except Newsprint) Mills,Other Combustion Source"


@pytest.fixture
def result(tmp_path):
    def run(*lines):
        path = tmp_path / "mrr.csv"
        path.write_text(HEADER + "".join(line + "\n" for line in lines), encoding="utf-8")
        return read("mrr", path, tmp_path / "out")

    return run


def table(tmp_path, name):
    return pl.read_parquet(tmp_path / "out" / f"{name}.parquet").to_dicts()


@pytest.mark.parametrize(
    ("statement", "conclusion", "stands"),
    [
        ("Positive", "conforms", True),
        ("Positive (revised)", "conforms", True),
        ("Qualified Positive (late verif.)", "conforms_with_reservation", True),
        ("Qualfied Positive (late verif.)", "conforms_with_reservation", True),
        ("Adverse", "does_not_conform", False),
        ("Not Verified", "not_verified", False),
        ("", None, False),
    ],
)
def test_statements(result, tmp_path, statement, conclusion, stands):
    report = result(f'1,Mill,2012,"1234.5",{statement},"Green, Inc.",CA,{PAPER}')
    (row,) = table(tmp_path, "emission_reports")
    assert (row["conclusion"], row["total"]) == (conclusion, 1234.5)
    assert row["verified_total"] == (1234.5 if stands else None)
    assert any("carry the remark" in note for note in report.notes) == ("(" in statement)


def test_an_unknown_statement_quarantines_the_row(result):
    report = result(f"1,Mill,2012,1,Positive,A,CA,{PAPER}", f"2,Mill,2012,1,Maybe,A,CA,{PAPER}")
    assert report.rows()[0].reason == "1 x unknown_enum in Emissions Data (1 t), such as 'Maybe'"


def test_verifiers_that_differ_in_punctuation_are_one(result, tmp_path):
    result(
        f'1,Mill,2012,1,Positive,"EnviroTech Consultants, Inc.",CA,{PAPER}',
        f'2,Mill,2012,1,Positive,"EnviroTech Consultants, Inc.",CA,{PAPER}',
        f'3,Mill,2012,1,Positive,"EnviroTech Consultants, Inc",CA,{PAPER}',
        f"4,Mill,2012,1,Positive,,CA,{PAPER}",
    )
    (body,) = table(tmp_path, "service_bodies")
    assert body["body_id"] == "verifier-envirotech-consultants-inc"
    assert (body["body_name"], body["kind"]) == ("EnviroTech Consultants, Inc.", "verifier")
    reports = table(tmp_path, "emission_reports")
    assert [row["verifier_id"] for row in reports] == [body["body_id"]] * 3 + [None]


def test_entities_follow_their_latest_year(result, tmp_path):
    report = result(
        f"1,Old Name,2012,1,,,CA,{PAPER}",
        "1,New Name ,2013,1,,,,221112 - Fossil Fuel Electric Power,In-State Electricity Generation",
        f"2,Gone,2012,1,,,AB,{PAPER}",
        f"3,Nowhere,2013,1,,,,{PAPER}",
    )
    entities = {row["entity_id"]: row for row in table(tmp_path, "entities")}
    assert (entities["1"]["entity_name"], entities["1"]["sector"]) == ("New Name", "power")
    assert (entities["1"]["province_code"], entities["1"]["status"]) == ("US-CA", "listed")
    assert (entities["2"]["province_code"], entities["2"]["status"]) == ("CA-AB", "exited")
    assert entities["3"]["province_code"] == "ZZ"
    assert "State: 1 reporters have none and got the province ZZ" in report.notes


@pytest.mark.parametrize(
    ("naics", "industry", "sector"),
    [
        ("324110 - Petroleum Refineries", "Refinery and Hydrogen Plant / CO2 Supplier", "petrochemicals"),
        ("327310 - Cement Manufacturing", "Other Combustion Source ", "cement"),
        ("327213 - Glass Container Manufacturing", "Other Combustion Source", "building_materials"),
        ("331314 - Secondary Smelting of Aluminum", "Other Combustion Source", "aluminium"),
        ("311421 - Fruit and Vegetable Canning", "Other Combustion Source", "other"),
    ],
)
def test_sectors(result, tmp_path, naics, industry, sector):
    result(f"1,Plant,2012,1,,,CA,{naics},{industry}")
    assert table(tmp_path, "entities")[0]["sector"] == sector


def test_doubles_and_broken_rows_are_quarantined(result):
    line = f"1,Mill,2012,1,,,CA,{PAPER}"
    report = result(line, line, f"2,Mill,MMXII,1,,,CA,{PAPER}", f"3,Mill,2012,,,,CA,{PAPER}")
    assert (report.rows()[0].written, report.quarantined) == (1, 3)


def test_header_alone_is_refused(result):
    with pytest.raises(SourceError, match="expected rows below the headings"):
        result()


def test_early_workbooks_state_the_year_in_their_name(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    workbooks.write(
        folder / "2008-ghg-emissions-facility-2012-03-12.xlsx",
        {
            "Intro": [["Updated March 12, 2012"]],
            "Data": [
                ["California Air Resources Board"],
                [None],
                [
                    "Facility ID #",
                    "Facility Name",
                    "CO2e Total \r\n(non-biomass + biomass)",
                    "State",
                    "NAICS Code",
                ],
                [101.0, "Refinery", 2500.5, "CA", 324110.0],
                [102.0, "Mill", None, "CA", 322121.0],
            ],
        },
    )
    (folder / "mrr.csv").write_text(HEADER + f"101,Refinery,2012,7,Positive,A,CA,{PAPER}\n")
    report = read("mrr", folder, tmp_path / "out")
    rows = [(row["entity_id"], row["year"], row["total"]) for row in table(tmp_path, "emission_reports")]
    assert rows == [("101", 2008, 2500.5), ("101", 2012, 7.0)]
    assert sum(line.quarantined for line in report.rows()) == 1


def test_workbook_of_2024_with_empty_columns_between(tmp_path):
    heading = [
        *[
            None,
            "ARB ID",
            "Facility Name",
            "Report\nYear",
            None,
            "Total CO2e \n(combustion, process, vented, and supplier)",
        ],
        *[
            "AEL",
            None,
            "Emissions Data",
            "Product Data",
            "Verification Body",
            None,
            "City",
            "State",
            "Zip Code",
        ],
        *["North American Industry Classification System (NAICS) \nCode and Description", "Industry Sector"],
    ]
    values = [
        None,
        "900001",
        "Glass",
        2024.0,
        None,
        87635.27,
        "No",
        None,
        "Positive",
        "N/A",
        "B",
        None,
        "Fresno",
        "CA",
    ]
    book = workbooks.write(
        tmp_path / "2024-ghg-emissions-2025-11-04.xlsx",
        {
            "Introduction": [[None, "Released November 4, 2025."]],
            "2024 GHG Data": [
                [None, "Annual Summary of GHG Mandatory Reporting\nCalendar Year 2024"],
                [None, None, None, None, None, "Total Emissions\n(metric tons CO2e)"],
                heading,
                [*values, "93728", "327213 - Glass Container Manufacturing", "Other Combustion Source"],
            ],
            "2024 Emissions by GHG": [[None, "ARB ID", "Facility Name", "Reporting Year", None, "CO2"]],
        },
    )
    read("mrr", book, tmp_path / "out")
    (row,) = table(tmp_path, "emission_reports")
    assert (row["year"], row["total"], row["verified_total"]) == (2024, 87635.27, 87635.27)
