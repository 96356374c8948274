"""A side of a trade that the source does not name is no party."""

from __future__ import annotations

import polars as pl

from anomaly.core.market import Market
from anomaly.core.run import detect
from tests.anomaly.conftest import publish_calendar


def trades(other: str | None) -> pl.DataFrame:
    """An exchange's report of its member A1, four trades a day; `other` stands on the other side."""
    moments = pl.datetime_range(
        pl.datetime(2025, 1, 6), pl.datetime(2025, 3, 31), "6h", eager=True, time_unit="us"
    )
    buys, unnamed = pl.col("number") % 2 == 0, pl.lit(other, pl.String)
    sides = {
        "buy": pl.when(buys).then(pl.lit("A1")).otherwise(unnamed),
        "sell": pl.when(buys).then(unnamed).otherwise(pl.lit("A1")),
    }
    return (
        pl.DataFrame({"traded_at": moments})
        .with_row_index("number")
        .select(
            "traded_at",
            trade_id=pl.format("T{}", "number"),
            trade_date=pl.col("traded_at").dt.date(),
            period=pl.col("traded_at").dt.strftime("%Y-%m"),
            instrument_id=pl.lit("CEA24"),
            mode=pl.lit("listed"),
            price=pl.lit(90.0),
            quantity_tco2e=pl.lit(1000),
            **{f"{side}_{what}_id": name for side, name in sides.items() for what in ("account", "party")},
            previous_close=pl.lit(90.0),
            is_same_party=pl.lit(False if other else None, pl.Boolean),
        )
    )


def test_searches_for_parties_do_not_see_it(marts):
    publish_calendar(marts)
    found = {}
    for other in (None, "A1"):
        trades(other).write_parquet(marts / "fct_trades.parquet")
        kinds = ["wash_trade", "circular_trade"]
        result = detect(marts, market=Market(), snapshot_id="s", kinds=kinds)
        assert "broken" not in set(result.runs["state"]), result.runs["reason"].to_list()
        found[other] = result.alerts.height
    assert found[None] == 0 < found["A1"]
