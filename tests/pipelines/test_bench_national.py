"""The bench of a national market counts rewritten periods and compares with its limits."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from pipelines.bench import national
from pipelines.bench.measure import DAY, FLOOR, RUN, Figures
from pipelines.core.settings import Settings


@pytest.fixture
def home(tmp_path):
    with duckdb.connect(str(Settings.load(tmp_path).warehouse)) as con:
        con.execute("create table fct_trades (period varchar, aggressor varchar)")
        con.execute("insert into fct_trades select '2025-0' || n, 'buy' from range(1, 5) t(n)")
        con.execute("create table fct_transfers as select '2025-01' as period, cast(null as varchar) as kind")
    return tmp_path


def test_periods_that_were_written_again_are_counted(home):
    with (
        national.rewritten_periods(home) as counts,
        duckdb.connect(str(Settings.load(home).warehouse)) as con,
    ):
        con.execute("delete from fct_trades where period = '2025-02'")
        con.execute("insert into fct_trades values ('2025-02', null), ('2025-02', 'sell')")
    assert counts == {"fct_trades": (1, 4), "fct_transfers": (0, 1)}


def test_a_further_account_differs_in_its_id_alone_and_leaves_the_source_as_it_was(tmp_path):
    source, path = tmp_path / "source.parquet", tmp_path / "accounts.parquet"
    pl.DataFrame({"account_id": ["A", "B"], "holder_id": ["x", "y"]}).write_parquet(source)
    path.hardlink_to(source)
    national.add_account(path)
    assert pl.read_parquet(path).rows() == [("A", "x"), ("B", "y"), ("A-further", "x")]
    assert pl.read_parquet(source).height == 2


def test_figures_are_compared_with_the_limits():
    taken = {
        FLOOR: Figures(10.0, 10.0, 100.0),
        RUN: Figures(50.0, 70.0, 9000.0),
        DAY: Figures(40.0, 30.0, 200.0),
    }
    from_nothing, day, memory = national._verdicts(taken)
    assert "7.0 times, above" in from_nothing
    assert "(30 CPU s): 40.0 s elapsed, within" in day
    assert "9000.0 MB, above" in memory
