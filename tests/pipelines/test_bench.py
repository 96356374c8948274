"""The bench measures whole processes, and what it measures against does the work that it claims."""

from __future__ import annotations

import resource
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from pipelines.bench import fixed
from pipelines.bench import measure as measuring
from pipelines.bench.delivery import hold_back_last_day
from pipelines.bench.fixed import change_one_row
from pipelines.bench.floor import copy_source
from pipelines.bench.measure import Figures, measure
from pipelines.bench.pandas_marts import build
from pipelines.contract.tables import TABLES


def _python(script: str) -> Figures:
    return measure([sys.executable, "-S", "-c", script])


def test_a_child_that_fails_raises_with_its_exit_code_and_its_last_words():
    script = "import sys; print('x' * 5000); print('disk full', file=sys.stderr); sys.exit(3)"
    with pytest.raises(RuntimeError, match=r"ended with 3: x+\ndisk full") as raised:
        _python(script)
    assert len(str(raised.value)) < 3000


def test_a_child_that_is_killed_raises():
    with pytest.raises(RuntimeError, match="ended with -9"):
        _python("import os; os.kill(os.getpid(), 9)")


def test_memory_is_the_largest_that_the_child_had():
    idle = _python("pass")
    hungry = _python("held = b'x' * (300 << 20); del held")
    assert hungry.peak_mb - idle.peak_mb == pytest.approx(300, abs=50)


def test_memory_of_whoever_measures_does_not_count():
    held = b"x" * (400 << 20)
    ours = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert len(held) and _python("pass").peak_mb < ours / 4


def _frame(table: str, *rows: dict) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=TABLES[table].polars_schema)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """One emitter, two accounts, two trades in two files; nothing else was delivered."""
    folder = tmp_path / "source"
    (folder / "trades").mkdir(parents=True)
    entity = {"entity_id": "E1", "entity_name": "NA", "sector": "power", "province_code": "010000"}
    _frame("entities", entity | {"status": "listed"}).write_csv(folder / "entities.csv")
    accounts = ({"account_id": name, "holder_id": "E1", "holder_type": "compliance"} for name in ("A", "B"))
    _frame("accounts", *accounts).write_parquet(folder / "accounts.parquet")
    for number, hour in enumerate((1, 17)):
        trade = {
            "trade_id": f"T{number}",
            "ts": datetime(2025, 1, 31, hour, tzinfo=UTC),
            "instrument_id": "CEA24",
            "mode": "listed",
            "price": Decimal("84.47"),
            "quantity": 100,
            "buy_account_id": "A",
            "sell_account_id": "B",
        }
        _frame("trades", trade).write_parquet(folder / "trades" / f"{number}.parquet")
    return folder


def _rows(folder: Path) -> dict[str, int]:
    return {path.stem: pq.read_metadata(path).num_rows for path in folder.glob("*.parquet")}


def test_the_floor_writes_every_row_it_reads(source, tmp_path):
    assert copy_source(source, tmp_path / "floor") == 5
    assert sum(_rows(tmp_path / "floor").values()) == 5


def test_the_baseline_takes_absent_tables_for_empty_ones(source, tmp_path):
    build(source, tmp_path / "out")
    names = ("fct_holdings", "fct_market_days", "fct_mass_balance_months")
    assert _rows(tmp_path / "out") == dict.fromkeys(names, 0)


def test_the_baseline_rounds_price_limits_of_the_rules_half_up(source, tmp_path):
    instrument = {"instrument_id": "CEA24", "unit_type": "CEA", "tick": Decimal("0.01"), "lot": 1}
    _frame("instruments", instrument).write_parquet(source / "instruments.parquet")
    days = (
        {"date": date(2025, 1, day), "instrument_id": "CEA24", "close": Decimal(close)}
        for day, close in ((30, "93.85"), (31, "84.47"))
    )
    _frame("market_days", *days).write_parquet(source / "market_days.parquet")
    build(source, tmp_path / "out")
    first, second = pl.read_parquet(tmp_path / "out" / "fct_market_days.parquet").sort("date").to_dicts()
    assert (first["limit_basis"], first["limit_down"]) == (None, None)
    # 93.85 less a tenth is 84.465.
    assert (second["limit_basis"], second["limit_rule_id"]) == ("rule", "B-04")
    assert (second["limit_down"], second["limit_up"]) == (Decimal("84.47"), Decimal("103.24"))
    assert (second["is_limit_down"], second["is_limit_up"]) == (True, False)


def test_the_baseline_says_where_it_found_no_source(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a source directory"):
        build(tmp_path / "nowhere", tmp_path / "out")


def test_the_last_day_is_held_back_and_delivered_as_further_files(source, tmp_path):
    late = {"trade_id": "T9", "ts": datetime(2025, 2, 1, 2, tzinfo=UTC), "instrument_id": "CEA24"}
    late |= {"mode": "listed", "quantity": 1, "buy_account_id": "A", "sell_account_id": "B"}
    _frame("trades", late).write_parquet(source / "trades" / "2.parquet")
    days = ({"date": date(2025, month, 1), "instrument_id": "CEA24"} for month in (1, 2))
    _frame("market_days", *days).write_parquet(source / "market_days.parquet")
    delivery = hold_back_last_day(source, tmp_path / "split")
    assert delivery.day == date(2025, 2, 1)
    assert _rows(delivery.before / "trades") == {"0": 1, "1": 1, "2": 0}
    assert _rows(delivery.before / "market_days") == {"all": 1}
    assert (delivery.before / "entities.csv").is_file()
    delivery.deliver()
    assert sum(_rows(delivery.before / "trades").values()) == 3
    assert _rows(delivery.before / "market_days") == {"all": 1, "all-2025-02-01": 1}


def test_a_source_whose_days_are_csv_is_not_split(source, tmp_path):
    _frame("market_days").write_csv(source / "market_days.csv")
    assert hold_back_last_day(source, tmp_path / "split") is None


def test_a_source_too_large_for_pandas_is_measured_without_it(source, tmp_path, monkeypatch):
    """The processes are not started: what counts is which of them there are, and in what order."""
    monkeypatch.setattr(measuring, "PANDAS_LIMIT_MB", -1)
    monkeypatch.setattr(measuring, "step_seconds", lambda settings: {"lake": 1.0})
    monkeypatch.setattr(measuring, "measure", lambda command: Figures(2.0, 1.0, 100.0))
    (tmp_path / "round" / "floor").mkdir(parents=True)
    bench = measuring._Bench(source)
    bench.round(tmp_path / "round")
    report = bench.report()
    assert [row[0] for row in report.figures] == [
        measuring.FLOOR,
        measuring.RUN,
        measuring.AGAIN,
        measuring.DAY,
    ]
    assert report.steps == [("lake", 1.0, 0.5), ("starting the program", 1.0, 0.5)]
    assert any("pandas: left out" in remark for remark in report.remarks)


def test_one_row_is_changed_and_no_other(source):
    before = pl.concat(pl.read_parquet(path) for path in sorted((source / "trades").iterdir()))
    change_one_row(source)
    after = pl.concat(pl.read_parquet(path) for path in sorted((source / "trades").iterdir()))
    assert after.schema == before.schema
    differs = (after["price"] - before["price"]).to_list()
    assert differs == [0, 1]


def test_the_fixed_cost_is_reported_beside_the_imports():
    taken = {fixed.IMPORTS: [Figures(2.0, 1.0, 100.0)], fixed.ROW: [Figures(5.0, 4.0, 200.0)]}
    report = fixed._report(taken, {"lake": [1.0, 3.0, 2.0]})
    assert report.figures[1] == (fixed.ROW, 5.0, 4.0, 200, 2.5, 4.0)
    assert report.steps == [("outside the steps", 3.0, 1.5), ("lake", 2.0, 1.0)]
    assert "no --source" in report.remarks[0]
