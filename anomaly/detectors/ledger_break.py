"""Ledger break: trades and the transfers that settle them do not reconcile.

Only where the source shows settlements for nearly all trades; a source without them proves nothing. Trades of
the last days may settle yet. One finding for each account pair of a trade day that does not reconcile.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from anomaly.detectors.base import Context, Detector, ids, provinces
from anomaly.detectors.movements import evidence_of
from anomaly.findings import Finding, Measure
from anomaly.scoring import certain

KIND = "ledger_break"


def find(context: Context) -> list[Finding]:
    """Trades without settlement, or settled with another quantity or between other accounts."""
    limits = context.policy.thresholds(KIND)
    trades = context.marts.read(
        "fct_trades",
        "trade_id",
        "traded_at",
        "trade_date",
        "quantity_tco2e",
        "buy_account_id",
        "sell_account_id",
    )
    moves = context.marts.read(
        "fct_transfers", "transfer_id", "transferred_at", "trade_id", "from_account_id", "to_account_id",
        "quantity_tco2e", "kind",
    ).filter((pl.col("kind") == "trade_settlement") & pl.col("trade_id").is_not_null())  # fmt: skip
    settled = moves.join(
        trades.select("trade_id", "buy_account_id", "sell_account_id"), on="trade_id"
    ).with_columns(
        pl.when(
            (pl.col("from_account_id") == pl.col("sell_account_id"))
            & (pl.col("to_account_id") == pl.col("buy_account_id"))
        )
        .then(pl.col("quantity_tco2e"))
        .otherwise(0)
        .alias("right")
    )
    by_trade = settled.group_by("trade_id").agg(
        pl.col("right").sum().alias("settled"), pl.col("quantity_tco2e").sum().alias("moved"), "transfer_id"
    )
    joined = trades.join(by_trade, on="trade_id", how="left")
    if moves.is_empty() or joined["settled"].count() < limits["coverage"] * joined.height:
        return []
    last = moves["transferred_at"].max() - timedelta(days=limits["settle_days"])  # type: ignore[operator]
    broken = joined.filter(
        (pl.col("traded_at") <= last)
        & (
            (pl.col("settled").fill_null(0) != pl.col("quantity_tco2e"))
            | (pl.col("moved") != pl.col("quantity_tco2e"))
        )
    ).sort("trade_date", "trade_id")
    keys = ["trade_date", "sell_account_id", "buy_account_id"]
    return [
        _finding(context, limits, rows)
        for _, rows in sorted(broken.group_by(keys, maintain_order=True), key=str)
    ]


def _finding(context: Context, limits: dict[str, float], rows: pl.DataFrame) -> Finding:
    head = rows.row(0, named=True)
    traded = float(rows["quantity_tco2e"].sum())
    settled = float(rows["settled"].fill_null(0).sum())
    moved = float(rows["moved"].fill_null(0).sum())
    accounts = ids(head["sell_account_id"], head["buy_account_id"])
    where = provinces(context, accounts)
    transfers = [name for names in rows["transfer_id"].drop_nulls() for name in names]
    start, end = context.market.days(head["trade_date"], head["trade_date"])
    off = max(abs(traded - settled), abs(moved - traded)) / traded if traded else 1.0
    return Finding(
        kind=KIND,
        subject_type="account",
        subject_ids=accounts,
        province_code=next((where[account] for account in accounts if account in where), None),
        window_start=start,
        window_end=end,
        score=certain(limits["base_score"], off, limits["off_share"]),
        measures={
            "traded": Measure(traded, None, "tCO2e"),
            "settled": Measure(settled, traded, "tCO2e"),
            "moved": Measure(moved, traded, "tCO2e"),
            "trades": Measure(rows.height, 0, "trades"),
        },
        evidence=(
            evidence_of("trades", rows["trade_id"].to_list()),
            *((evidence_of("transfers", transfers),) if transfers else ()),
        ),
        title_values={
            "seller": head["sell_account_id"],
            "buyer": head["buy_account_id"],
            "date": head["trade_date"],
            "traded": traded,
            "settled": settled,
        },
    )


DETECTOR = Detector(KIND, "1.0.0", ("fct_trades", "fct_transfers"), find)
