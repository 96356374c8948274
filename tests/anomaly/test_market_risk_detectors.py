"""volatility_regime, liquidity_drought, price_limit_hits, off_market_block by day."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest


def market_days(dates, returns=None, volume=None, hits=None, discount=None):
    count = len(dates)
    rng = np.random.default_rng(11)
    returns = rng.normal(0, 0.01, count) if returns is None else returns
    volume = rng.integers(50_000, 150_000, count) if volume is None else volume
    hits = np.zeros(count, dtype=int) if hits is None else hits
    discount = rng.normal(0.035, 0.01, count) if discount is None else discount
    close = 60 * np.exp(np.cumsum(returns))
    return pl.DataFrame(
        {
            "date": dates,
            "instrument_id": ["CEA24"] * count,
            "log_return": returns,
            "listed_volume_tco2e": np.asarray(volume, dtype=np.int64),
            "block_volume_tco2e": np.full(count, 100_000),
            "is_volume_usable": np.full(count, True),
            "block_average_price": close * (1 - discount),
            "block_discount": discount,
            "is_limit_up": hits > 0,
            "is_limit_down": hits < 0,
            "limit_basis": ["rule"] * count,
        }
    )


KINDS = ["volatility_regime", "liquidity_drought", "price_limit_hits", "off_market_block"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_calm_market_stays_silent(marts, run, trading_days, kind):
    market_days(trading_days(600)).write_parquet(marts / "fct_market_days.parquet")
    assert run(kind).is_empty()


def test_volatility_regime_finds_the_storm_and_its_days(marts, run, trading_days):
    dates = trading_days(400)
    returns = np.random.default_rng(1).normal(0, 0.01, 400)
    returns[300:325] *= 6
    market_days(dates, returns=returns).write_parquet(marts / "fct_market_days.parquet")
    alerts = run("volatility_regime")
    assert alerts.height == 1
    assert alerts["window_start"][0].date() < dates[325]
    assert alerts["window_end"][0].date() >= dates[310]
    assert alerts["subject_ids"][0].to_list() == ["CEA24", "cn"]


def instruments(dates, returns):
    """Trading days of several instruments with the given returns."""
    return pl.concat(
        market_days(dates, returns=values).with_columns(instrument_id=pl.lit(name))
        for name, values in returns.items()
    )


def test_one_day_of_news_is_no_volatility_regime(marts, run, trading_days):
    returns = np.random.default_rng(1).normal(0, 0.01, 400)
    returns[300] = 0.1
    market_days(trading_days(400), returns=returns).write_parquet(marts / "fct_market_days.parquet")
    assert run("volatility_regime").is_empty()


def test_an_instrument_that_is_often_erratic_needs_more(marts, run, trading_days):
    """The same two weeks stand out after a calm year, and not where a third of the year was like them."""
    calm = 0.01 * np.where(np.arange(400) % 2, 1.0, -1.0)
    erratic = calm.copy()
    for first in range(20, 340, 60):
        erratic[first : first + 20] *= 3.5
    for returns in (calm, erratic):
        returns[360:370] *= 3.5
    days = trading_days(400)
    market_days(days, returns=calm).write_parquet(marts / "fct_market_days.parquet")
    assert run("volatility_regime").height == 1
    market_days(days, returns=erratic).write_parquet(marts / "fct_market_days.parquet")
    assert run("volatility_regime").is_empty()


def test_what_moves_the_whole_market_is_one_finding_of_the_market(marts, run, trading_days):
    rng = np.random.default_rng(2)
    returns = {name: rng.normal(0, 0.01, 400) for name in ("CEA22", "CEA23", "CEA24", "CCER")}
    for values in returns.values():
        values[300:315] *= 6
    days = trading_days(400)
    instruments(days, returns).write_parquet(marts / "fct_market_days.parquet")
    alerts = run("volatility_regime")
    assert alerts["subject_type"].to_list() == ["market"]
    assert alerts["subject_ids"][0].to_list() == ["CCER", "CEA22", "CEA23", "CEA24", "cn"]
    returns["CEA22"][300:315] *= 3
    instruments(days, returns).write_parquet(marts / "fct_market_days.parquet")
    assert sorted(run("volatility_regime")["subject_type"]) == ["instrument", "market"]


def test_volatility_of_carried_closes_is_a_number(marts, run, trading_days):
    returns = np.random.default_rng(1).normal(0, 0.01, 400)
    returns[200:] = 0.0
    market_days(trading_days(400), returns=returns).write_parquet(marts / "fct_market_days.parquet")
    assert run("volatility_regime").is_empty()


def test_liquidity_drought_finds_an_empty_summer_and_forgives_the_season(marts, run, trading_days):
    dates = trading_days(780)
    seasonal = np.array([150_000 if day.month >= 10 else 20_000 for day in dates])
    frame = market_days(dates, volume=seasonal)
    frame.with_columns(pl.lit(0).alias("block_volume_tco2e")).write_parquet(marts / "fct_market_days.parquet")
    assert run("liquidity_drought").is_empty()
    dry = np.array(
        [
            0 if day.year == 2024 and day.month in (5, 6, 7) else v
            for day, v in zip(dates, seasonal, strict=True)
        ]
    )
    frame = market_days(dates, volume=dry).with_columns(pl.lit(0).alias("block_volume_tco2e"))
    frame.write_parquet(marts / "fct_market_days.parquet")
    alerts = run("liquidity_drought")
    assert alerts.height == 1
    assert alerts["window_start"][0].month in (5, 6)


def test_price_limit_hits_makes_one_finding_of_a_cluster(marts, run, trading_days):
    hits = np.zeros(100, dtype=int)
    hits[[50, 51, 53]] = 1
    hits[90] = -1
    dates = trading_days(100)
    market_days(dates, hits=hits).write_parquet(marts / "fct_market_days.parquet")
    alerts = run("price_limit_hits")
    assert alerts.height == 1
    assert '"value": 3' in alerts["measures"][0]
    assert dates[51].isoformat() in alerts["evidence"][0]


def test_off_market_block_by_day_where_trades_are_not_known(marts, run, trading_days):
    discount = np.random.default_rng(2).normal(0.035, 0.01, 200)
    discount[150] = 0.26
    dates = trading_days(200)
    market_days(dates, discount=discount).write_parquet(marts / "fct_market_days.parquet")
    alerts = run("off_market_block")
    assert alerts.height == 1
    assert dates[150].isoformat() in alerts["evidence"][0]
