from __future__ import annotations

import json
import subprocess
import sys

import duckdb
import polars as pl
import pytest

from pipelines.contract.tables import TABLES
from pipelines.core.errors import UsageError
from pipelines.sources import SourceError, formats, read
from pipelines.sources.report import ReasonCount, ReportLine
from pipelines.sources.writer import conform

QUOTES = (
    "date,open,high,low,settle,volume\n2019-01-03,1,1,1,2,1\n2019-01-02,1,1,1,1,1\n2019-01-02,1,1,1,1,1\n"
)


@pytest.fixture
def quotes(tmp_path):
    path = tmp_path / "eua.csv"
    path.write_text(QUOTES)
    return path


def content(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_input_gives_the_same_bytes(quotes, tmp_path):
    read("eua", quotes, tmp_path / "one")
    read("eua", quotes, tmp_path / "two")
    assert content(tmp_path / "one") == content(tmp_path / "two")


def test_rows_are_sorted_by_key(quotes, tmp_path):
    read("eua", quotes, tmp_path / "out")
    assert pl.read_parquet(tmp_path / "out" / "market_days.parquet")["date"].is_sorted()


def test_account_on_disk(quotes, tmp_path):
    report = read("eua", quotes, tmp_path / "out")
    written = json.loads((tmp_path / "out" / "_read_report.json").read_text())
    assert written["lines"] == [
        {
            "source": "eua",
            "table": "market_days",
            "read": 3,
            "written": 2,
            "quarantined": 1,
            "without_data": 0,
            "reasons": [
                {
                    "reason": "duplicate_row",
                    "column": "date",
                    "rows": 1,
                    "example": "2019-01-02",
                    "tonnes": None,
                },
            ],
            "tonnes_read": None,
        }
    ]
    assert set(written["files"]) == set(content(tmp_path / "out"))
    assert len(written["inputs"][0]["sha256"]) == 64
    assert str(tmp_path) not in json.dumps(written)
    assert report.out == tmp_path / "out"


def test_an_earlier_reading_is_replaced_whole(quotes, tmp_path):
    read("eua", quotes, tmp_path / "out")
    quotes.write_text("\n".join(QUOTES.splitlines()[:2]) + "\n")
    read("eua", quotes, tmp_path / "out")
    assert "_quarantined/eua.csv" not in content(tmp_path / "out")
    assert pl.read_parquet(tmp_path / "out" / "market_days.parquet").height == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["eua.csv", "out"], "nothing is left beside it"


def test_a_failed_reading_leaves_the_earlier_one(quotes, tmp_path):
    read("eua", quotes, tmp_path / "out")
    before = content(tmp_path / "out")
    quotes.write_text("nonsense\n1\n")
    with pytest.raises(SourceError):
        read("eua", quotes, tmp_path / "out")
    assert content(tmp_path / "out") == before


def test_a_reading_without_one_good_row_leaves_the_earlier_one(quotes, tmp_path):
    read("eua", quotes, tmp_path / "out")
    before = content(tmp_path / "out")
    quotes.write_text(QUOTES.replace("2019-", "19."))
    with pytest.raises(SourceError, match=r"found 0 .* Nothing was written"):
        read("eua", quotes, tmp_path / "out")
    assert content(tmp_path / "out") == before


def test_a_failure_while_writing_leaves_nothing(quotes, tmp_path, monkeypatch):
    def fail(*_args):
        raise OSError("disk full")

    monkeypatch.setattr("pipelines.sources.writer._write_account", fail)
    with pytest.raises(SourceError, match="disk full"):
        read("eua", quotes, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["eua.csv"]


def test_foreign_files_are_never_overwritten(quotes, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    read("eua", quotes, out)
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"found thesis\.txt \(1 files\)"):
        read("eua", quotes, out)
    assert (out / "thesis.txt").read_text() == "mine"


def test_a_file_in_place_of_the_folder(quotes, tmp_path):
    with pytest.raises(UsageError, match="expected a folder to write to, found a file"):
        read("eua", quotes, quotes)


def test_unknown_format_names_those_there_are(tmp_path):
    with pytest.raises(
        ValueError, match=r"expected a format of campd, .*cea, .*eutl, .*, or a mapping file; found 'xls'"
    ):
        read("xls", tmp_path, tmp_path / "out")


def test_import_is_light():
    code = "import sys, pipelines.sources; print(sorted({'polars', 'dagster', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert set(formats()) >= {"eutl", "campd", "mrr", "cea", "eua"}


@pytest.fixture
def parks():
    con = duckdb.connect()
    con.execute("create table parks (park_id varchar, park_name varchar, province_code varchar)")
    con.execute("insert into parks values ('b', 'B', '1'), ('a', 'A', '1')")
    return con


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("alter table parks add column park_code varchar", "columns of the contract only, found park_code"),
        ("update parks set park_name = null", "park_name: expected a value in each row, found 2 without"),
        ("update parks set park_id = 'same'", "expected unique park_id; found 1 that stand there twice"),
        ("alter table parks drop column park_name", "park_name: expected the column"),
    ],
)
def test_a_table_that_breaks_the_contract_is_refused(parks, change, words):
    assert parks.execute(conform(parks, TABLES["parks"], "parks")).fetchall()
    parks.execute(change)
    with pytest.raises(SourceError, match=words):
        conform(parks, TABLES["parks"], "parks")


def test_a_value_outside_its_enum_is_refused():
    con = duckdb.connect()
    con.execute("create table bodies as select 'a' as body_id, 'A' as body_name, 'wizard' as kind")
    with pytest.raises(SourceError, match="found wizard"):
        conform(con, TABLES["service_bodies"], "bodies")


def test_columns_are_written_under_the_names_of_a_source():
    con = duckdb.connect()
    table = next(table for table in TABLES.values() if table.renamed)
    values = ", ".join(
        f"cast({'null' if column.nullable else repr(column.enum[0]) if column.enum else repr('1')} "
        f"as {column.duckdb_type}) as {column.delivered_name}"
        for column in table.columns
        if column.type not in ("date", "timestamp")
    )
    dates = ", ".join(
        f"cast('2024-01-01' as {column.duckdb_type}) as {column.delivered_name}"
        for column in table.columns
        if column.type in ("date", "timestamp")
    )
    con.execute(f"create table made as select {values}{', ' if dates else ''}{dates}")
    names = [row[0] for row in con.execute(conform(con, table, "made")).description]
    assert names == [column.delivered_name for column in table.columns]


def test_an_account_that_does_not_add_up_is_refused():
    with pytest.raises(ValueError, match="expected rows read = written"):
        ReportLine("a", "b", read=3, written=1, quarantined=1, reasons=(ReasonCount("wrong_type", "x", 1),))
    with pytest.raises(ValueError, match="do not add up"):
        ReportLine("a", "b", read=2, written=1, quarantined=1)


@pytest.mark.parametrize(
    ("reasons", "tonnes", "said"),
    [
        ((ReasonCount("wrong_type", "x", 1, tonnes=1.0),), 200.0, None),
        (
            (ReasonCount("wrong_type", "x", 2, tonnes=1.0),),
            200.0,
            "2 of 100 rows (2.0%) with 0.5% of its tonnes",
        ),
        (
            (ReasonCount("wrong_type", "x", 1, tonnes=9.0),),
            200.0,
            "1 of 100 rows (1.0%) with 4.5% of its tonnes",
        ),
        ((ReasonCount("duplicate_row", "x", 9, tonnes=9.0),), 200.0, None),
        ((ReasonCount("wrong_type", "x", 3),), None, "3 of 100 rows (3.0%) were quarantined"),
    ],
)
def test_a_table_that_lost_more_than_a_regular_one_is_named(reasons, tonnes, said):
    lost = sum(reason.rows for reason in reasons)
    line = ReportLine("a", "b", 100, 100 - lost, lost, reasons, tonnes_read=tonnes)
    assert line.warning is None if said is None else said in (line.warning or "")
