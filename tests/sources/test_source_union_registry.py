"""Workbooks of the Union Registry and its yearly extract, after their documented headings."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from pipelines.sources import SourceError, read
from tests.sources import workbooks

IDS = [
    *["REGISTRY_CODE", "IDENTIFIER_IN_REG", "INSTALLATION_NAME", "INSTALLATION_IDENTIFIER"],
    *["PERMIT_IDENTIFIER", "MAIN_ACTIVITY_TYPE_CODE"],
]
VERIFIED = [
    *[["European Union Transaction Log"], ["Read me: -1 stands for no figure"], [None]],
    [
        *IDS,
        *["ALLOCATION_2022", "VERIFIED_EMISSIONS_2022", "CH_VERIFIED_EMISSIONS_2022"],
        *["ALLOCATION_2023", "VERIFIED_EMISSIONS_2023"],
    ],
    ["AT", "Strom AG", "Kraftwerk", 1.0, "P1", 20.0, 5.0, 1000.0, "n/a", 5.0, -1.0],
    ["AT", "Zement AG", "Werk", 2.0, "P2", 29.0, 5.0, "Excluded", "n/a", 5.0, 7.0],
    ["AT", "Zement AG", "Ofen", 3.0, "P3", 29.0, 5.0, -99.0, "n/a", 5.0, "n/a"],
    ["AT", "Land", "Konto", 9.0, "", 60.0, 0.0, 9e6, "n/a", 0.0, 9e6],
    ["DE", "X", "Seltsam", 4.0, "P4", 77.0, 5.0, None, "n/a", 5.0, 3.0],
]
CODES = [
    [None],
    [
        *["REGISTRY_CODE", "INSTALLATION_NAME", "INSTALLATION_IDENTIFIER", "PERMIT_IDENTIFIER"],
        *[
            "MAIN_ACTIVITY_TYPE_CODE",
            "COMPLIANCE_CODE",
            "CH_COMPLIANCE_CODE",
            "COMPLIANCE_STATUS_LATEST_YEAR",
        ],
        *["TOTAL_VERIFIED_EMISSIONS", "CH_TOTAL_VERIFIED_EMISSIONS", "TOTAL_SURRENDERED_ALLOWANCES"],
        *["YEAR_OF_FIRST_EMISSIONS", "YEAR_OF_LAST_EMISSIONS", "ACCOUNT_CLOSURE"],
    ],
    [
        "AT",
        "Kraftwerk",
        1.0,
        "P1",
        20.0,
        "A",
        "NOT APPLICABLE",
        2023.0,
        3000.0,
        "-",
        3000.0,
        2005.0,
        "NOT SET",
        "OPEN",
    ],
    [
        "AT",
        "Werk",
        2.0,
        "P2",
        29.0,
        "EXCLUDED SINCE 2021",
        "-",
        None,
        "NOT CALCULATED",
        "-",
        0.0,
        2006.0,
        2021.0,
        "OPEN",
    ],
    ["AT", "Ofen", 3.0, "P3", 29.0, "Z", "-", None, 1.0, "-", 0.0, 2006.0, "NOT SET", "OPEN"],
]
YEARLY = """\
REGISTRY_CODE,INSTALLATION_IDENTIFIER,PERIOD_YEAR,ALLOCATION,VERIFIED_EMISSIONS,SURR_ALL,EXCLUDED
AT,1,2022,5,999,998,
AT,1,2024,5,0,0,
DE,4,2023,5,3,3,
DE,4,2024,5,,,YES
"""


def compliance(tmp_path):
    columns = ["entity_id", "year", "verified_emissions", "obligation", "surrendered", "registry_status"]
    return pl.read_parquet(tmp_path / "out" / "compliance.parquet").select(columns).rows()


def account(report):
    return [(line.read, line.written, line.without_data, line.quarantined) for line in report.rows()]


def test_years_side_by_side(tmp_path):
    book = workbooks.write(tmp_path / "verified_emissions_2023_en.xlsx", {"data": VERIFIED, "codes": [["x"]]})
    report = read("union_registry", book, tmp_path / "out")
    assert compliance(tmp_path) == [
        ("AT_1", 2022, 1000.0, None, None, None),
        ("AT_2", 2022, None, 0, None, "excluded"),
        ("AT_2", 2023, 7.0, None, None, None),
        ("DE_4", 2023, 3.0, None, None, None),
    ]
    assert account(report) == [(10, 4, 5, 1)]
    assert report.rows()[0].reason == "1 x out_of_range in emissions (-99 t), such as '-99.0'"
    entities = pl.read_parquet(tmp_path / "out" / "entities.parquet").select(
        "entity_id", "sector", "listed_on"
    )
    assert entities.rows() == [
        ("AT_1", "power", date(2022, 1, 1)),
        ("AT_2", "cement", date(2023, 1, 1)),
        ("DE_4", "other", date(2023, 1, 1)),
    ]
    assert any("1 codes of no code list (77)" in note for note in report.notes)


def test_three_files_together(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    workbooks.write(folder / "verified_emissions_2023_en.xlsx", {"data": VERIFIED})
    workbooks.write(folder / "compliance_2023_code_en.xlsx", {"Export Worksheet": CODES})
    (folder / "operators_yearly_activity_daily.csv").write_text(YEARLY)
    report = read("union_registry", folder, tmp_path / "out")
    assert compliance(tmp_path) == [
        ("AT_1", 2022, 1000.0, None, 998, None),
        ("AT_1", 2023, None, None, None, "compliant"),
        ("AT_2", 2022, None, 0, None, "excluded"),
        ("AT_2", 2023, 7.0, 0, None, "excluded"),
        ("DE_4", 2023, 3.0, None, 3, None),
        ("DE_4", 2024, None, 0, None, "excluded"),
    ]
    assert account(report) == [(10, 4, 5, 1), (3, 2, 0, 1), (4, 3, 1, 0)]
    entities = pl.read_parquet(tmp_path / "out" / "entities.parquet")
    assert entities.select("entity_id", "status", "listed_on", "exited_on").rows() == [
        ("AT_1", "listed", date(2005, 1, 1), None),
        ("AT_2", "exited", date(2006, 1, 1), date(2021, 12, 31)),
        ("DE_4", "listed", date(2023, 1, 1), None),
    ]


def test_a_compliance_workbook_whose_name_has_no_year_is_refused(tmp_path):
    book = workbooks.write(tmp_path / "download.xlsx", {"Export Worksheet": CODES})
    with pytest.raises(SourceError, match="missing_value in year"):
        read("union_registry", book, tmp_path / "out")
