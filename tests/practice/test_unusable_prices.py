"""A price or volume that cannot be proves nothing about a market, and is named as what it is."""

from __future__ import annotations

from datetime import date, timedelta
from math import sin

import polars as pl
import pytest

from tests.anomaly.test_market_risk_detectors import market_days

AS_OF = date(2025, 6, 30)
DAYS = [day for n in range(420) if (day := AS_OF - timedelta(days=420 - n)).weekday() < 5]
INSTRUMENTS = ("FEN", "BLOCKS", "MINUS", "EMPTY")
MARTS = ("fct_market_days", "fct_trades", "fct_price_faults")


def quoted(instrument: str) -> pl.DataFrame:
    """Market days at about 80 yuan, with 10,000 t a day."""
    closes = [round(80 * (1 + 0.01 * sin(2.1 * n)), 2) for n in range(len(DAYS))]
    return pl.DataFrame(
        {
            "date": DAYS,
            "instrument_id": [instrument] * len(DAYS),
            "previous_close": [None, *closes[:-1]],
            "close": closes,
            "listed_volume": [10_000] * len(DAYS),
        },
        schema_overrides={"previous_close": pl.Float64},
    )


def changed(frame: pl.DataFrame, column: str, figures: dict[int, float]) -> pl.DataFrame:
    values = frame[column].to_list()
    for place, figure in figures.items():
        values[place] = figure
    return frame.with_columns(pl.Series(column, values, strict=False))


def block(number: int, price: float, buyer: str = "A1") -> dict[str, object]:
    day = DAYS[5 * number + 20]
    return {
        "trade_id": f"T{number}", "ts": f"{day}T14:00:00+08:00", "instrument_id": "BLOCKS", "mode": "block",
        "price": price, "quantity": 100_000, "buy_account_id": buyer, "sell_account_id": "A2",
    }  # fmt: skip


@pytest.fixture
def market(write_source, supervised):
    """Four instruments, each with faults of its own kind."""
    last = len(DAYS) - 1
    fen = changed(quoted("FEN"), "close", {last - 9: 8010.0, last - 6: 0.0, last - 3: 8.01, last: 9999.0})
    fen = changed(fen, "previous_close", {last - 8: 8010.0, last - 2: 8.01})
    empty, minus = ({place: figure for place in range(last - 59, last + 1)} for figure in (0, -1))
    blocks = [block(number, 79.0 + number % 3) for number in range(30)]
    source = write_source(
        entities=[
            {"entity_id": "E1", "entity_name": "Plant", "sector": "power", "province_code": "110000",
             "status": "listed"}
        ],
        accounts=[
            {"account_id": f"A{n}", "holder_id": f"F{n}", "holder_type": "financial"} for n in (1, 2)
        ],
        instruments=[
            {"instrument_id": name, "unit_type": "CEA", "vintage": 2024, "tick": 0.01, "lot": 1}
            for name in INSTRUMENTS
        ],
        market_days=pl.concat(
            [
                fen,
                quoted("BLOCKS"),
                changed(quoted("MINUS"), "listed_volume", minus),
                changed(quoted("EMPTY"), "listed_volume", empty),
            ]
        ),
        # ten times the price by a slipped point, a sentinel, and one that is truly far off
        trades=[*blocks, block(31, 795.0), block(33, 999.0), block(35, 40.0), block(36, 79.5, buyer="")],
    )  # fmt: skip
    return supervised(source, AS_OF, *MARTS)


# One run of lake and warehouse for the whole path from a file to its alerts.
def test_unusable_figures_accuse_nobody_and_are_named(market):
    assert market.alerts("volatility_regime", "price_limit_hits").is_empty()
    (drought,) = market.alerts("liquidity_drought").to_dicts()
    assert "EMPTY" in drought["subject_ids"]
    (far_off,) = market.alerts("off_market_block").to_dicts()
    assert "T35" in far_off["evidence"]
    faults = market.mart("fct_price_faults")
    named = faults.select("instrument_id", "quantity", "fault", "unit_factor").unique().sort(pl.all()).rows()
    assert named == [
        ("BLOCKS", "price", "placeholder", None),
        ("BLOCKS", "price", "unit_of_measure", 10.0),
        ("FEN", "close", "impossible_value", None),
        ("FEN", "close", "placeholder", None),
        ("FEN", "close", "unit_of_measure", 0.1),
        ("FEN", "close", "unit_of_measure", 100.0),
        ("FEN", "previous_close", "unit_of_measure", 0.1),
        ("FEN", "previous_close", "unit_of_measure", 100.0),
        ("MINUS", "listed_volume", "impossible_value", None),
    ]
    trades = market.mart("fct_trades").filter(pl.col("trade_id").is_in(["T31", "T33", "T35", "T36"]))
    assert dict(trades.select("trade_id", pl.col("value").cast(pl.Float64)).rows()) == {
        "T31": None, "T33": None, "T35": 4_000_000.0, "T36": 7_950_000.0,
    }  # fmt: skip
    returns = (
        market.mart("fct_market_days").filter(instrument_id="FEN").drop_nulls("log_return")["log_return"]
    )
    assert returns.abs().max() < 0.05


def test_a_sum_over_days_of_unknown_volume_is_unknown(marts, run):
    """The same figures accuse where they are volumes, and do not where they cannot be."""
    days = market_days(DAYS, volume=[10_000] * (len(DAYS) - 60) + [0] * 60)
    found = []
    for usable in (True, False):
        frame = days.with_columns(
            block_volume_tco2e=pl.lit(0),
            is_volume_usable=pl.when(pl.col("listed_volume_tco2e") == 0).then(usable).otherwise(True),
        )
        frame.write_parquet(marts / "fct_market_days.parquet")
        found.append(run("liquidity_drought", as_of=AS_OF).height)
    assert found == [1, 0]
