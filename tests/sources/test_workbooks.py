"""Workbooks: cells as text, headings below other lines, several sheets, damaged files."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from pipelines.sources import SourceError, read
from pipelines.sources.text.files import Published
from pipelines.sources.text.sheets import sheets
from tests.sources import workbooks

HEADINGS = ["date", "open", "high", "low", "settle", "volume"]


def day(number, close=25.1):
    return [date(2019, 1, number), 25, 25.5, 24.5, close, 10.0]


def test_cells_are_the_text_that_a_csv_file_would_have(tmp_path):
    path = workbooks.write(
        tmp_path / "b.xlsx", {"S": [["a", 1.0, 2.5, True, date(2024, 2, 29), None, "x\ny"], [1e16]]}
    )
    (sheet,) = sheets(Published(path))
    first, second = sheet.rows("")
    assert first.fields == ["a", "1", "2.5", "true", "2024-02-29", "", "x\ny"]
    assert (first.number, second.number, second.fields[0]) == (1, 2, "1e+16")


def test_sheets_with_the_headings_are_read_and_the_others_named(tmp_path):
    path = workbooks.write(
        tmp_path / "eua.xlsx",
        {
            "About": [["Daily quotes"], ["nothing here"]],
            "2019 a": [["EUA"], [], HEADINGS, day(2), day(3)],
            "2019/b": [HEADINGS, day(4), day(7, close=None), ["Source: exchange"]],
        },
    )
    report = read("eua", path, tmp_path / "out")
    assert [(line.source, line.written) for line in report.rows()] == [("eua:2019 a", 2), ("eua:2019/b", 2)]
    assert "sheets without the headings that are read: eua:About" in report.notes
    assert "eua:2019/b: line 4 is no data: Source: exchange" in report.notes
    days = pl.read_parquet(tmp_path / "out" / "market_days.parquet")
    assert days["date"].to_list() == [date(2019, 1, number) for number in (2, 3, 4, 7)]
    assert days["listed_volume"].to_list() == [10_000] * 4


def test_a_quarantined_row_names_its_row_of_the_sheet(tmp_path):
    path = tmp_path / "eua.xlsx"
    first = [["EUA"], HEADINGS, day(2), ["no day", 1, 1, 1, 1, 1]]
    second = [HEADINGS, day(3), ["never", 1, 1, 1, 1, 1]]
    report = read("eua", workbooks.write(path, {"A/B": first, "A_B": second}), tmp_path / "out")
    assert report.rows()[0].reason == "1 x wrong_type in date, such as 'no day'"
    left = tmp_path / "out" / "_quarantined"
    rows = pl.read_parquet(left / "rows.parquet").select("file", "row_number")
    assert rows.rows() == [("eua:A/B", 4), ("eua:A_B", 3)]
    assert "no day" in (left / "eua_A_B.csv").read_text()
    assert "never" in (left / "eua_A_B (2).csv").read_text()


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"date,open\n1,2\n"])
def test_a_file_that_is_no_workbook_is_refused(tmp_path, content):
    (tmp_path / "eua.xlsx").write_bytes(content)
    with pytest.raises(SourceError, match="expected a workbook"):
        read("eua", tmp_path / "eua.xlsx", tmp_path / "out")


def test_a_workbook_without_the_headings_names_the_closest(tmp_path):
    path = workbooks.write(tmp_path / "eua.xlsx", {"A": [["date", "open"], [date(2019, 1, 2), 1]]})
    with pytest.raises(SourceError, match="expected the columns high, low, settle, volume; found date, open"):
        read("eua", path, tmp_path / "out")
