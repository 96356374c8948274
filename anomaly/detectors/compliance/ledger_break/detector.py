"""Ledger break: trades and the transfers that settle them do not reconcile.

Only where the source shows settlements for nearly all trades; a source without them proves nothing. Trades of
the last days may settle yet. One candidate for each account pair of a trade day that does not reconcile.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.scoring import certain

KIND = "ledger_break"
PAIR = ("trade_date", "sell_account_id", "buy_account_id")


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    coverage: float
    settle_days: float
    base_score: float
    off_share: float


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Trades without settlement, or settled with another quantity or between other accounts."""
    limits = inputs.limits
    trades = inputs.read("fct_trades")
    moves = inputs.read("fct_transfers").filter(
        (pl.col("kind") == "trade_settlement") & pl.col("trade_id").is_not_null()
    )
    joined = trades.join(_settled(moves, trades), on="trade_id", how="left")
    if moves.is_empty() or joined["settled"].count() < limits.coverage * joined.height:
        return pl.DataFrame()
    last = pl.lit(moves["transferred_at"].max()) - timedelta(days=limits.settle_days)
    quantity = pl.col("quantity_tco2e")
    broken = joined.filter(
        (pl.col("traded_at") <= last)
        & ((pl.col("settled").fill_null(0) != quantity) | (pl.col("moved") != quantity))
    )
    traded, settled, moved = pl.col("traded"), pl.col("settled"), pl.col("moved")
    off = pl.max_horizontal((traded - settled).abs(), (moved - traded).abs()) / traded
    return (
        broken.sort("trade_date", "trade_id")
        .group_by(PAIR, maintain_order=True)
        .agg(
            quantity.cast(pl.Float64).sum().alias("traded"),
            settled.cast(pl.Float64).sum(),
            moved.cast(pl.Float64).sum(),
            pl.len().alias("trades"),
            "trade_id",
            pl.col("transfer_id").explode().drop_nulls(),
        )
        .with_columns(
            first_on="trade_date",
            last_on="trade_date",
            score=certain(limits.base_score, pl.when(traded != 0).then(off).otherwise(1.0), limits.off_share),
        )
    )


def _settled(moves: pl.DataFrame, trades: pl.DataFrame) -> pl.DataFrame:
    """One row a trade: `moved` in all, of that `settled` from its seller to its buyer, `transfer_id`s."""
    between = (pl.col("from_account_id") == pl.col("sell_account_id")) & (
        pl.col("to_account_id") == pl.col("buy_account_id")
    )
    return (
        moves.join(trades.select("trade_id", "buy_account_id", "sell_account_id"), on="trade_id")
        .group_by("trade_id")
        .agg(
            pl.when(between).then("quantity_tco2e").otherwise(0).sum().alias("settled"),
            pl.col("quantity_tco2e").sum().alias("moved"),
            "transfer_id",
        )
    )


DETECTOR = Detector(
    KIND,
    "1.0.0",
    Limits,
    (
        Search(
            name="default",
            subject_type="account",
            subjects=("sell_account_id", "buy_account_id"),
            needs=(
                Need(
                    "fct_trades",
                    (
                        "trade_id", "traded_at", "trade_date", "quantity_tco2e", "buy_account_id",
                        "sell_account_id",
                    ),
                    source="trades",
                    period="trade_date",
                    subject="buy_account_id",
                    filled=("quantity_tco2e", "buy_account_id", "sell_account_id"),
                ),
                Need(
                    "fct_transfers",
                    (
                        "transfer_id", "transferred_at", "trade_id", "from_account_id", "to_account_id",
                        "quantity_tco2e", "kind",
                    ),
                    source="transfers",
                    period="transferred_at",
                    subject="to_account_id",
                    filled=("trade_id", "quantity_tco2e", "from_account_id", "to_account_id"),
                ),
            ),
            evidence=(Rows("trades", ("trade_id",)), Rows("transfers", ("transfer_id",))),
            measures={
                "traded": Figure("tCO2e"),
                "settled": Figure("tCO2e", "traded"),
                "moved": Figure("tCO2e", "traded"),
                "trades": Figure("trades", 0),
            },
            extra=("trade_date",),
            find=find,
        ),
    ),
)  # fmt: skip
