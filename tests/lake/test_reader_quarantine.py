"""Rows that a reader quarantined count in the same accounting as those of the lake."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from pipelines.core.errors import SourceError
from pipelines.lake.store import connect
from pipelines.lake.update import update_lake
from pipelines.sources import read

HEADER = (
    "date,listed_open,listed_high,listed_low,listed_close,listed_volume_t,listed_amount_cny,block_volume_t,"
    "block_amount_cny\n"
)


@pytest.fixture
def reading(tmp_path):
    def make(wrong: int):
        days = [f"{date(2022, 1, 3) + timedelta(n)},48,48,48,48,10,480,0,0\n" for n in range(90)]
        lines = [*days, *["no day,48,48,48,48,10,480,0,0\n"] * wrong]
        (tmp_path / "cea.csv").write_text(HEADER + "".join(lines))
        read("cea", tmp_path / "cea.csv", tmp_path / "source")
        with connect("512MB", 2, tmp_path / "scratch") as con:
            return update_lake(con, tmp_path / "source", tmp_path / "lake", lambda _: None)

    return make


def test_they_are_in_the_accounting_and_the_quarantine(reading, tmp_path, accounted):
    summary = reading(5)
    accounted(summary)
    handover = tmp_path / "lake" / "handover"
    accounting = pl.read_parquet(handover / "row_accounting.parquet").filter(table_name="market_days")
    assert accounting.select("rows_in", "rows_kept", "rows_quarantined").row(0) == (95, 90, 5)
    quarantine = pl.read_parquet(handover / "quarantine.parquet")
    assert quarantine.select("table_name", "reason", "column_name", "value", "file").unique().rows() == [
        ("market_days", "wrong_type", "date", "no day", "cea")
    ]
    assert quarantine["row_number"].to_list() == [92, 93, 94, 95, 96]
    assert quarantine["quarantine_id"].n_unique() == 5


def test_each_published_file_has_its_account_beside_those_of_the_delivered_files(reading, tmp_path):
    reading(5)
    files = pl.read_parquet(tmp_path / "lake" / "handover" / "file_accounting.parquet")
    read = files.filter(stage="reader").row(0, named=True)
    assert (read["table_name"], read["file"], read["rows_in"], read["rows_kept"]) == (
        "market_days",
        "cea",
        95,
        90,
    )
    assert (read["rows_quarantined"], read["rows_repeated"]) == (5, 0)
    assert (read["tonnes_in"], read["tonnes_quarantined"]) == (950.0, 50.0)
    received = files.filter(stage="lake", table_name="market_days").row(0, named=True)
    assert (received["rows_in"], received["rows_kept"], received["tonnes_in"]) == (90, 90, 900.0)
    quarantine = pl.read_parquet(tmp_path / "lake" / "handover" / "quarantine.parquet")
    assert quarantine["tonnes"].to_list() == [10.0] * 5


def test_an_account_that_no_reader_wrote_is_refused(reading, tmp_path):
    reading(5)
    path = tmp_path / "source" / "_quarantined" / "files.parquet"
    pl.DataFrame({"file": ["x"]}).write_parquet(path)
    with (
        connect("512MB", 2, tmp_path / "scratch") as con,
        pytest.raises(SourceError, match=r"files\.parquet"),
    ):
        update_lake(con, tmp_path / "source", tmp_path / "lake", lambda _: None)


def test_a_reading_that_differs_in_them_alone_is_a_change(reading, tmp_path):
    reading(5)
    assert reading(3).changed
    assert not reading(3).changed
    assert reading(0).changed
    assert pl.read_parquet(tmp_path / "lake" / "handover" / "quarantine.parquet").is_empty()


@pytest.mark.parametrize("content", ["nonsense", "table", "reason"])
def test_a_file_that_no_reader_wrote_is_refused(reading, tmp_path, content):
    reading(5)
    path = tmp_path / "source" / "_quarantined" / "rows.parquet"
    if content == "nonsense":
        path.write_text("x")
    else:
        column = {"table": "table_name", "reason": "reason"}[content]
        pl.read_parquet(path).with_columns(pl.lit("unheard_of").alias(column)).write_parquet(path)
    with connect("512MB", 2, tmp_path / "scratch") as con, pytest.raises(SourceError, match=r"rows\.parquet"):
        update_lake(con, tmp_path / "source", tmp_path / "lake", lambda _: None)
