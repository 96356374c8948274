"""Proposals for files that nobody has mapped, and that a completed proposal reads its file."""

from __future__ import annotations

import polars as pl
import pytest
import yaml

from pipelines.sources import SourceError, read
from pipelines.sources.mapping.propose import propose
from tests.sources.workbooks import write

QUOTES = (
    "Daily quotes,,\nDate,Close,指标\n频率,日,日\n单位,元/吨,吨\n2023/1/3,59.5,70000\n2023/1/4,60,71000\n"
)


@pytest.fixture
def quotes(tmp_path):
    path = tmp_path / "quotes.csv"
    path.write_bytes(QUOTES.encode("gb18030"))
    return path


def test_headings_types_and_what_is_open(quotes):
    found = propose(quotes, "market_days")
    assert [(c.heading, c.type, c.values, c.takes) for c in found.columns] == [
        ("Date", "date", 2, "date"),
        ("Close", "float64", 2, "close"),
        ("指标", "int64", 2, None),
    ]
    assert found.open_columns == ("instrument_id",)
    assert "quotes: encoding GB18030" in found.notes
    entry = yaml.safe_load(found.text)["inputs"]["rows_read"]
    assert (entry["further_headings"], entry["unit_row"], entry["key"]) == (["^频率$"], "^单位$", ["date"])


def test_a_completed_proposal_reads_the_file(quotes, tmp_path):
    mapping = yaml.safe_load(propose(quotes, "market_days").text)
    inputs = mapping["inputs"]["rows_read"]
    assert [column.get("units") for column in inputs["columns"].values()] == [
        None,
        {"元/吨": "STATE"},
        {"吨": "STATE"},
    ]
    inputs["columns"]["close"]["units"] = {"元/吨": 1}
    inputs["columns"]["column_3"]["units"] = {"吨": 1}
    inputs["rows"] = mapping["title"] = "daily quotes"
    mapping["market"] |= {"id": "x", "name_zh": "某", "name_en": "Some"}
    mapping["tables"]["market_days"]["columns"]["instrument_id"] = "'A'"
    (tmp_path / "mapping.yml").write_text(yaml.safe_dump(mapping, allow_unicode=True), encoding="utf-8")
    report = read(str(tmp_path / "mapping.yml"), quotes, tmp_path / "out")
    assert (report.rows()[0].written, report.quarantined) == (2, 0)
    assert pl.read_parquet(tmp_path / "out" / "market_days.parquet")["close"].to_list() == [59.5, 60]


def test_a_choice_is_left_to_a_person(tmp_path):
    (tmp_path / "t.csv").write_text('date,close\n03/04/2023,"1,234"\n05/06/2023,"2,345"\n')
    found = propose(tmp_path / "t.csv", "market_days")
    assert [c.remark for c in found.columns] == [
        "values fit two readings: state date_order",
        "values fit two readings: state decimal",
    ]
    assert yaml.safe_load(found.text)["inputs"]["rows_read"]["columns"]["date"]["date_order"] == "STATE"


def test_without_a_table_the_nearest_by_names_is_taken(tmp_path):
    (tmp_path / "t.csv").write_text("unit_id,year,heat_input,co2_mass\nU1,2023,5,6\n")
    assert list(yaml.safe_load(propose(tmp_path / "t.csv").text)["tables"]) == ["unit_years"]
    (tmp_path / "t.csv").write_text("alpha,beta\nU1,2023\n")
    with pytest.raises(SourceError, match="Name the contract table"):
        propose(tmp_path / "t.csv")


def test_a_file_without_headings_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("1,2\n3,4\n")
    with pytest.raises(SourceError, match="expected a line of headings"):
        propose(tmp_path / "t.csv", "trades")


def test_the_real_files_are_understood(real_data):
    found = propose(real_data / "eua" / "eua_daily_2008_2021.csv", "market_days")
    assert {c.heading: c.type for c in found.columns} == {
        "date": "date",
        "open": "float64",
        "high": "float64",
        "low": "float64",
        "settle": "float64",
        "volume": "int64",
    }


def test_what_is_still_open_is_refused_where_it_stands(quotes, tmp_path):
    (tmp_path / "mapping.yml").write_text(propose(quotes, "market_days").text, encoding="utf-8")
    with pytest.raises(SourceError, match=r"STATE to be replaced, found it in title, market\.id"):
        read(str(tmp_path / "mapping.yml"), quotes, tmp_path / "out")


def test_a_column_may_be_called_state(tmp_path):
    (tmp_path / "t.csv").write_text("STATE,unit_id,year,co2_mass\nTX,U1,2023,6\n")
    mapping = yaml.safe_load(propose(tmp_path / "t.csv", "unit_years").text)
    mapping["inputs"]["rows_read"]["rows"] = mapping["title"] = "a unit and year"
    mapping["market"] |= {"id": "x", "name_zh": "某", "name_en": "Some"}
    (tmp_path / "mapping.yml").write_text(yaml.safe_dump(mapping, allow_unicode=True), encoding="utf-8")
    assert read(str(tmp_path / "mapping.yml"), tmp_path / "t.csv", tmp_path / "out").rows()[0].written == 1


def test_the_widest_table_of_a_workbook_is_proposed(tmp_path):
    sheets = {
        "Read me": [["Note"], ["Figures of 2023"]],
        "Data": [["unit_id", "year", "co2_mass"], ["U1", 2023, 6]],
    }
    found = propose(write(tmp_path / "w.xlsx", sheets))
    assert "Data" in found.sheet
    assert len(found.columns) == 3
