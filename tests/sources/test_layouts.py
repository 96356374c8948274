"""Layouts that are no plain table: years side by side, merged cells, several tables."""

from __future__ import annotations

import polars as pl
import pytest
import yaml

from pipelines.sources import SourceError, read
from tests.sources import workbooks

MARKET = {"id": "x", "name_zh": "某", "name_en": "Some", "currency": "CNY", "timezone": "Asia/Shanghai"}
NAME, YEAR = {"filled": True}, {"type": "int64", "filled": True}


@pytest.fixture
def reports(tmp_path):
    """Read files by a mapping of emission reports with these inputs; the reports, and the account."""

    def run(inputs, sql, path):
        mapping = {
            "title": "Reports",
            "market": MARKET,
            "inputs": {
                name: {"table": "emission_reports", "rows": "a report", **entry}
                for name, entry in inputs.items()
            },
            "tables": {
                "emission_reports": {"sql": f"select entity_id, year, 1 as revision, total from {sql}"}
            },
        }
        (tmp_path / "mapping.yml").write_text(yaml.safe_dump(mapping, allow_unicode=True, sort_keys=False))
        report = read(str(tmp_path / "mapping.yml"), path, tmp_path / "out")
        rows = pl.read_parquet(tmp_path / "out" / "emission_reports.parquet")
        return rows.select("entity_id", "year", "total").rows(), report

    return run


def spread(**further):
    return {
        "spread": "year",
        "columns": {
            "entity_id": {"names": ["ID"], **NAME},
            "year": YEAR,
            "total": {"spread": r"^emissions_(\d{4})$", "type": "float64", "nulls": ["-1"]},
            "excluded": {"spread": r"^excluded_(\d{4})$", "optional": True},
        },
        "key": ["entity_id", "year"],
        "no_data": "total is null",
        "tonnes": {"of": "total"},
        **further,
    }


def test_years_side_by_side_are_rows_of_their_own(reports, tmp_path):
    book = workbooks.write(
        tmp_path / "grid.xlsx",
        {"data": [["Read me"], ["ID", "EMISSIONS_2020", "Excluded_2021", "EMISSIONS_2021"], *GRID]},
    )
    rows, report = reports({"grid": spread()}, "grid", book)
    assert rows == [("A", 2020, 10.0), ("A", 2021, 11.0), ("B", 2021, 5.0)]
    (line,) = report.rows()
    assert (line.read, line.written, line.without_data, line.quarantined) == (6, 3, 2, 1)
    assert line.reason == "1 x wrong_type in total, such as 'many'"
    assert not report.unused_columns
    quarantined = pl.read_csv(next((tmp_path / "out" / "_quarantined").glob("*.csv")))
    assert quarantined.select("ID", "year", "total").rows() == [("C", 2020, "many")]


GRID = [["A", 10.0, "", 11.0], ["B", -1.0, "", 5.0], ["C", "many", "YES", -1.0]]


def test_lines_of_one_key_that_differ_in_one_year_contradict_there_alone(reports, tmp_path):
    (tmp_path / "grid.csv").write_text("ID,emissions_2020,emissions_2021\nA,1,2\nA,1,3\nB,4,5\n")
    rows, report = reports({"grid": spread()}, "grid", tmp_path / "grid.csv")
    assert rows == [("A", 2020, 1.0), ("B", 2020, 4.0), ("B", 2021, 5.0)]
    assert [(reason.reason, reason.rows, reason.tonnes) for reason in report.rows()[0].reasons] == [
        ("contradiction", 2, 5.0),
        ("duplicate_row", 1, 1.0),
    ]


@pytest.mark.parametrize(
    ("headings", "words"),
    [
        ("ID,emissions_2020,EMISSIONS_2020", "once in line 1, found it 2 times"),
        ("ID,emissions", r"expected the columns \^emissions_"),
    ],
)
def test_year_columns_that_are_double_or_absent_are_refused(reports, tmp_path, headings, words):
    (tmp_path / "grid.csv").write_text(f"{headings}\nA,1,2\n" if "2020" in headings else f"{headings}\nA,1\n")
    with pytest.raises(SourceError, match=words):
        reports({"grid": spread()}, "grid", tmp_path / "grid.csv")


def stated(year):
    return {
        "columns": {
            "entity_id": {"names": ["ID"], "fill_down": True, **NAME},
            "year": {**YEAR, "above": year},
            "total": {"type": "float64"},
        }
    }


@pytest.mark.parametrize(
    ("name", "title", "year"),
    [("plain", "Report for 2021", 2021), ("totals_2022", "Report", 2022), ("totals_2022", "For 2023", 2023)],
)
def test_a_value_above_the_headings_or_in_the_name_holds_for_all_rows(reports, tmp_path, name, title, year):
    book = workbooks.write(
        tmp_path / f"{name}.xlsx", {"x": [[title], ["ID", "total"], ["A", 1.0], ["B", 2.0]]}
    )
    rows, _ = reports({"one": stated(r"(20\d\d)")}, "one", book)
    assert rows == [("A", year, 1.0), ("B", year, 2.0)]


def test_without_the_value_that_all_rows_need_nothing_is_written(reports, tmp_path):
    (tmp_path / "plain.csv").write_text("ID,total\nA,1\n")
    with pytest.raises(SourceError, match="1 x missing_value in year"):
        reports({"one": stated(r"(20\d\d)")}, "one", tmp_path / "plain.csv")


def test_merged_cells_are_filled_down_within_a_sheet(reports, tmp_path):
    sheets = {
        "a 2021": [["ID", "total"], ["A", 1.0], [None, 2.0], ["B", 3.0]],
        "b 2022": [["ID", "total"], [None, 4.0], ["C", 5.0]],
    }
    entry = stated(r"(20\d\d)")
    rows, report = reports(
        {"one": entry},
        "(select entity_id || '-' || total as entity_id, year, total from one)",
        workbooks.write(tmp_path / "x.xlsx", sheets),
    )
    assert [row[0] for row in rows] == ["A-1.0", "A-2.0", "B-3.0", "C-5.0"]
    assert report.rows()[1].reason == "1 x missing_value in ID"


def two_tables():
    columns = {"entity_id": {"names": ["ID"], **NAME}, "year": YEAR, "total": {"type": "float64"}}
    return {
        "years": {"absent": ["month"], "columns": columns, "key": ["entity_id", "year"]},
        "months": {
            "columns": {**columns, "month": YEAR},
            "key": ["entity_id", "year", "month"],
            "not_written": (
                "(entity_id, year) in (select entity_id, year from years) or (entity_id, year) in "
                "(select entity_id, year from months group by all having count(distinct month) < 2)"
            ),
        },
    }


SUMMED = (
    "(select entity_id, year, total from years union all "
    "select entity_id, year, sum(total) as total from months group by entity_id, year)"
)


def test_tables_of_one_folder_are_distinguished_by_their_headings(reports, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text("ID,year,total\nA,2020,1\n")
    (folder / "b.csv").write_text(
        "ID,year,month,total\nA,2020,1,7\nA,2020,2,7\nB,2020,1,3\nB,2020,2,4\nC,2020,1,5\nD,2020,1,1\n"
        "D,2020,2,8\nD,2020,2,9\nD,2020,2,8\n"
    )
    rows, report = reports(two_tables(), SUMMED, folder)
    assert rows == [("A", 2020, 1.0), ("B", 2020, 7.0)]
    assert [(line.read, line.written, line.without_data, line.quarantined) for line in report.rows()] == [
        (1, 1, 0, 0),
        (9, 2, 4, 3),
    ]


def test_one_of_the_tables_is_enough(reports, tmp_path):
    (tmp_path / "a.csv").write_text("ID,year,total\nA,2020,1\n")
    rows, report = reports(two_tables(), SUMMED, tmp_path / "a.csv")
    assert (rows, len(report.rows())) == ([("A", 2020, 1.0)], 1)


def test_a_file_with_none_of_the_tables_is_refused(reports, tmp_path):
    (tmp_path / "a.csv").write_text("ID,year,total\nA,2020,1\n")
    (tmp_path / "b.csv").write_text("colour,year,total\nred,2020,1\n")
    with pytest.raises(SourceError, match=r"b\.csv: expected the columns ID; found colour, year, total"):
        reports(two_tables(), SUMMED, tmp_path)


def test_a_table_that_fits_two_inputs_is_refused(reports, tmp_path):
    (tmp_path / "a.csv").write_text("ID,year,month,total\nA,2020,1,1\n")
    tables = two_tables()
    del tables["years"]["absent"]
    with pytest.raises(SourceError, match="found those of years and months"):
        reports(tables, SUMMED, tmp_path / "a.csv")


def test_a_heading_of_another_table_is_named(reports, tmp_path):
    (tmp_path / "a.csv").write_text("ID,year,month,total\nA,2020,1,1\n")
    with pytest.raises(SourceError, match="expected a table without month"):
        reports({"years": two_tables()["years"]}, "years", tmp_path / "a.csv")


def test_currency_signs_are_no_part_of_a_number(reports, tmp_path):
    (tmp_path / "a.csv").write_text('ID,year,total\nA,2020,"$1,234.50"\nB,2020,€ 3.5\nC,2020,-¥2\nD,2020,$\n')
    rows, report = reports({"years": two_tables()["years"]}, "years", tmp_path / "a.csv")
    assert [row[2] for row in rows] == [1234.5, 3.5, -2.0]
    assert report.rows()[0].reason == "1 x wrong_type in total, such as '$'"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"spread": None}, "spread: expected the name of a column, and columns with a pattern"),
        ({"spread": "no_such"}, "expected columns of the input, found no_such"),
        ({"columns": {"year": YEAR, "t": {"spread": "no group"}}}, "expected a pattern with one group"),
        ({"columns": {"year": YEAR, "t": {"above": "(("}}}, r"expected a pattern, found '\(\('"),
    ],
)
def test_a_wrong_pattern_is_refused_with_its_entry(reports, tmp_path, change, words):
    with pytest.raises(SourceError, match=words):
        reports({"grid": spread(**{"key": [], "tonnes": None, "no_data": None, **change})}, "grid", tmp_path)


def test_a_file_delivered_under_two_names_is_read_once(reports, tmp_path):
    folder = tmp_path / "delivery"
    folder.mkdir()
    for name, text in (("a.csv", "A,1,2"), ("a (1).csv", "A,1,2"), ("b.csv", "B,4,5")):
        (folder / name).write_text(f"ID,emissions_2020,emissions_2021\n{text}\n")
    rows, report = reports({"grid": spread()}, "grid", folder)
    assert rows == [("A", 2020, 1.0), ("A", 2021, 2.0), ("B", 2020, 4.0), ("B", 2021, 5.0)]
    assert sum(line.quarantined for line in report.rows()) == 0
    assert "a.csv has the same content as a (1).csv and is read once" in report.notes
