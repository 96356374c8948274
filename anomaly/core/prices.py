"""A price of the market at the time of a finding, and the money that its tonnes come to.

The price is the average of the listed trades in all allowances of the market over the last trading days up to
the end of the finding's window, weighted by quantity. Offset credits do not count.
Belongs here: that price. Does not belong here: the money of single trades (`stakes`).
"""

from __future__ import annotations

import polars as pl

from anomaly.core.market import Market
from anomaly.core.marts import Marts
from anomaly.core.policy import PricePolicy

MART = "fct_market_days"
CREDITS = ("CCER", "CER", "ERU")
SCHEMA = {"price": pl.Float64, "price_on": pl.Date}


def market_prices(marts: Marts, policy: PricePolicy) -> pl.DataFrame:
    """One row a trading day with trades: `price_on`, `price`; no row where the market has no prices."""
    sums = ("listed_value", "listed_volume_tco2e")
    if not marts.holds(MART, "date", "unit_type", *sums):
        return pl.DataFrame(schema=SCHEMA)
    days = (
        marts.scan(MART, "date", "unit_type", *sums)
        .with_columns(pl.col("unit_type").cast(pl.String), pl.col(sums).cast(pl.Float64))
        .filter(~pl.col("unit_type").is_in(CREDITS).fill_null(False))
        .filter((pl.col("listed_volume_tco2e") > 0) & (pl.col("listed_value") > 0))
        .group_by("date")
        .agg(pl.col(sums).sum())
        .sort("date")
        .collect()
    )
    value, volume = (pl.col(name).rolling_sum(int(policy.days.value), min_samples=1) for name in sums)
    return days.select(price_on="date", price=value / volume).select(*SCHEMA)


def with_prices(rows: pl.DataFrame, marts: Marts, market: Market, policy: PricePolicy) -> pl.DataFrame:
    """Rows with `price` and `price_on` at the end of each one's window; null where none is near enough."""
    prices = market_prices(marts, policy)
    return (
        rows.with_row_index("_row")
        .with_columns(_day=market.last_day(pl.col("window_end")))
        .sort("_day")
        .join_asof(
            prices.sort("price_on"),
            left_on="_day",
            right_on="price_on",
            coalesce=False,
            tolerance=f"{int(policy.oldest.value)}d",
        )
        .sort("_row")
        .drop("_row", "_day")
    )
