"""The views over a table's files that a gate judges."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest

from expectations.session import Limits, open_tables, rows_in

NOON = datetime(2025, 3, 3, 12)


@pytest.fixture
def files(tmp_path) -> tuple[Path, Path]:
    """The same moment as delivered, with a zone, and as the lake writes it, with one column more."""
    delivered, written = tmp_path / "a.parquet", tmp_path / "b.parquet"
    pl.DataFrame({"ts": [NOON.replace(tzinfo=UTC)]}).write_parquet(delivered)
    pl.DataFrame({"ts": [NOON], "quantity": [7]}).write_parquet(written)
    return delivered, written


def read(tmp_path: Path, files, query: str) -> list[tuple]:
    database = tmp_path / "gate.duckdb"
    open_tables(database, {"trades": files}, Limits().config(tmp_path))
    with duckdb.connect(str(database)) as con:
        con.execute("set timezone = 'Asia/Shanghai'")
        return con.execute(query).fetchall()


def test_a_moment_means_the_same_with_a_zone_and_without_on_any_machine(tmp_path, files):
    rows = read(tmp_path, files, "select ts, quantity from trades order by quantity nulls first")
    assert rows == [(NOON, None), (NOON, 7)]


def test_rows_of_some_files_have_the_columns_of_all(tmp_path, files):
    assert read(tmp_path, files, rows_in("trades", files[:1])) == [(NOON, None)]
