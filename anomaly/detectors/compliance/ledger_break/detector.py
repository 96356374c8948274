"""Ledger break: trades and the transfers that settle them do not reconcile.

The mart `fct_settlement_breaks` compares them. Only months in which nearly all trades are settled count, as
a source without settlements proves nothing. One candidate for each account pair of a trade day that does not
reconcile; trades of the last days may settle yet and make no alert.
"""

from __future__ import annotations

import polars as pl

from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.helpers import id_list
from anomaly.core.scoring import certain
from anomaly.core.stakes import Stake

KIND = "ledger_break"
SUMS = ("traded", "settled", "moved")
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
    broken = inputs.read("fct_settlement_breaks").filter(
        (pl.col("record_type") == "trade") & (pl.col("settled_share") >= limits.coverage)
    )
    traded, settled, moved = pl.col("traded"), pl.col("settled"), pl.col("moved")
    difference = pl.max_horizontal((traded - settled).abs(), (moved - traded).abs())
    off = difference / traded
    return (
        broken.rename({"date": "trade_date"})
        .sort("trade_date", "trade_id")
        .group_by(PAIR, maintain_order=True)
        .agg(
            *(pl.col(f"{name}_tco2e").cast(pl.Float64).sum().alias(name) for name in SUMS),
            pl.len().alias("trades"),
            (pl.col("open_days") >= limits.settle_days).any().alias("is_alert"),
            "trade_id",
            id_list("transfer_ids_json").explode().drop_nulls().alias("transfer_id"),
        )
        .with_columns(
            first_on="trade_date",
            last_on="trade_date",
            difference=difference,
            score=certain(limits.base_score, pl.when(traded != 0).then(off).otherwise(1.0), limits.off_share),
        )
    )


DETECTOR = Detector(
    KIND,
    "2.1.0",
    Limits,
    (
        Search(
            name="default",
            subject_type="account",
            subjects=("sell_account_id", "buy_account_id"),
            needs=(
                Need(
                    "fct_trades",
                    ("quantity_tco2e", "buy_account_id", "sell_account_id"),
                    source="trades",
                    period="trade_date",
                    subject="buy_account_id",
                    filled=("quantity_tco2e", "buy_account_id", "sell_account_id"),
                ),
                Need(
                    "fct_transfers",
                    ("trade_id", "quantity_tco2e", "from_account_id", "to_account_id"),
                    source="transfers",
                    period="transferred_at",
                    subject="to_account_id",
                    filled=("trade_id", "quantity_tco2e", "from_account_id", "to_account_id"),
                ),
                Need(
                    "fct_settlement_breaks",
                    (
                        "record_type", "date", "trade_id", "sell_account_id", "buy_account_id",
                        "traded_tco2e", "settled_tco2e", "moved_tco2e", "transfer_ids_json", "open_days",
                        "settled_share",
                    ),
                    source="transfers",
                    is_selection=True,
                ),
            ),
            evidence=(Rows("trades", ("trade_id",)), Rows("transfers", ("transfer_id",))),
            measures={
                "traded": Figure("tCO2e"),
                "settled": Figure("tCO2e", "traded", less_is_worse=True),
                "moved": Figure("tCO2e", "traded", less_is_worse=True),
                "trades": Figure("trades", 0),
            },
            extra=("trade_date",),
            find=find,
            stake=Stake("unsettled", "difference"),
            rests_on=("transfers",),
            is_absence=True,
        ),
    ),
)  # fmt: skip
