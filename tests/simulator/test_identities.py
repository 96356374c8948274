"""What must hold exactly holds on clean markets, and every identity notices when it is broken."""

import shutil

import polars as pl
import pytest

from pipelines.simulator.identities import IDENTITIES, identities


def _broken(source):
    return {one.what for one in identities(source) if one.broken}


def test_clean_market_breaks_none(clean_market):
    found = identities(clean_market.report.out)
    assert [one for one in found if one.broken] == []
    assert all(one.checked for one in found)


@pytest.fixture
def copy(clean_market, tmp_path):
    return shutil.copytree(clean_market.report.out, tmp_path / "market")


def _largest_part(source, name):
    return max((source / name).glob("*.parquet"), key=lambda path: path.stat().st_size)


def _rewrite(path, change):
    change(pl.read_parquet(path)).write_parquet(path)


def _identity(words):
    (found,) = [what for what in IDENTITIES if words in what]
    return found


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("transfers", lambda f: f.filter(pl.col("kind") != "trade_settlement"), "every trade is settled"),
        ("trades", lambda f: f.with_columns(pl.col("quantity") + 1), "daily volumes"),
        ("trades", lambda f: f.tail(-1), "every settlement"),
        ("trades", lambda f: f.with_columns(price=pl.col("price") * 2), "listed prices"),
        ("trades", lambda f: f.with_columns(buy_account_id="sell_account_id"), "trades with itself"),
        ("trades", lambda f: f.with_columns(quantity=pl.col("quantity") * 1_000), "listed trades are below"),
        ("orders", lambda f: f.filter(pl.col("event") != "new"), "every order begins"),
        ("orders", lambda f: f.with_columns(quantity=pl.lit(1, pl.Int64)), "orders fill"),
        (
            "transfers",
            lambda f: f.with_columns(
                quantity=pl.when(pl.col("kind") == "trade_settlement")
                .then(pl.col("quantity") * 1_000_000)
                .otherwise("quantity")
            ),
            "below nought",
        ),
    ],
)
def test_identities_notice(copy, table, change, words):
    _rewrite(_largest_part(copy, table), change)
    assert _identity(words) in _broken(copy)


def test_daily_figures_notice(copy):
    _rewrite(copy / "market_days.parquet", lambda f: f.with_columns(close=pl.col("close") + 1))
    broken = _broken(copy)
    assert _identity("open, high, low") in broken
    assert _identity("previous close is the close before") in broken or len(broken) >= 1
