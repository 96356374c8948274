"""The realism table measures what it says, on series made by hand and on the exchange's file."""

from datetime import date
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from pipelines.simulator.realism.market import gini, return_measures
from pipelines.simulator.realism.published import published
from pipelines.simulator.realism.series import exchange_measures
from pipelines.simulator.realism.table import COLUMNS, realism


def test_gini_of_equal_and_of_one_holder():
    assert gini(np.full(10, 5.0)) == pytest.approx(0)
    assert gini(np.array([0.0, 0, 0, 1])) == pytest.approx(0.75)


def test_returns_of_a_calm_and_a_stormy_half():
    rng = np.random.default_rng(1)
    returns = np.concatenate([rng.normal(0, 0.001, 120), rng.normal(0, 0.03, 120)])
    measures = return_measures(returns)
    assert measures["daily_volatility"] == pytest.approx(100 * returns.std())
    assert measures["clustering"] > 0.2
    assert measures["return_kurtosis"] > 4


def test_figures_of_a_market_made_by_hand(tmp_path):
    days = [date(2025, 1, 2), date(2025, 11, 3), date(2025, 11, 4)]
    pl.DataFrame({"instrument_id": ["CEA24"], "unit_type": ["CEA"]}).write_parquet(
        tmp_path / "instruments.parquet"
    )
    pl.DataFrame(
        {
            "date": days,
            "instrument_id": ["CEA24"] * 3,
            "listed_volume": [100, 0, 300],
            "listed_value": [Decimal("5000.00"), Decimal("0.00"), Decimal("18000.00")],
            "block_volume": [0, 1_600, 0],
            "block_value": [Decimal("0.00"), Decimal("88000.00"), Decimal("0.00")],
            "close": [50.0, 50.0, 60.0],
            "previous_close": [49.0, 50.0, 50.0],
            "limit_up": [53.9, 55.0, 60.0],
            "limit_down": [44.1, 45.0, 40.0],
        }
    ).write_parquet(tmp_path / "market_days.parquet")
    pl.DataFrame({"entity_id": ["E"], "year": [2024], "verified_emissions": [100_000.0]}).write_parquet(
        tmp_path / "compliance.parquet"
    )
    measured = {line.published.id: line.measured for line in realism(tmp_path)}
    assert measured["fourth_quarter_share"] == {"2025": pytest.approx(0.95)}
    assert measured["block_share"] == {"2025": pytest.approx(0.8)}
    assert measured["average_price"] == {"2025": pytest.approx(55.5)}
    assert measured["volume_share"] == {"2025": pytest.approx(2.0)}
    assert measured["no_listed_trade_days"] == {"2025": 1}
    assert measured["limit_days_by_vintage"] == {"2025": 1}


def test_every_line_says_where_its_figure_comes_from():
    assert len({one.id for one in published()}) == len(published())
    for one in published():
        assert one.verified in {"yes", "page", "computed", "none"}
        assert bool(one.source) == (one.verified != "none")
        assert (one.low is None) == (one.high is None)


def test_no_source_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected a source directory"):
        realism(tmp_path / "absent")


def test_the_exchange_s_own_file_lies_within_the_bounds_or_near(real_data):
    """The bounds were not drawn around the simulation: the real years must mostly pass them too."""
    measures = exchange_measures(real_data / "china" / "cea_daily_2021_2024h1.csv")
    passed = [
        one.low <= value <= one.high
        for one in published()
        if one.low is not None and one.high is not None
        for value in measures.get(one.id, {}).values()
    ]
    assert len(passed) > 20
    assert np.mean(passed) > 0.8


def test_every_figure_is_measured_on_a_small_market(market):
    lines = realism(market.report.out)
    assert all(len(line.row()) == len(COLUMNS) for line in lines)
    assert [line.published.id for line in lines if not line.measured] == []


def test_a_market_like_the_real_one(medium_market):
    lines = realism(medium_market.report.out)
    unlike = [line.row() for line in lines if line.is_like is False]
    assert unlike == []
