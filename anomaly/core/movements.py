"""Movements of allowances between accounts, from trades and from plain transfers, as one frame.

Belongs here: what `circular_trade`, `pass_through` and `wash_trade` share about edges. Only trades and
transfers that the marts mark as plain are included: issuance, allocation, surrender, replacement and other
acts of administration are not.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from anomaly.core.detector import Inputs, Need

TRADES = Need(
    "fct_trades",
    {
        "trade_id": pl.String,
        "traded_at": pl.Datetime("us"),
        "sell_account_id": pl.String,
        "buy_account_id": pl.String,
        "instrument_id": pl.String,
        "quantity_tco2e": pl.Float64,
    },
    source="trades",
    period="traded_at",
    subject="buy_account_id",
    filled=("traded_at", "sell_account_id", "buy_account_id", "quantity_tco2e"),
)
TRANSFERS = Need(
    "fct_transfers",
    (
        "transfer_id", "transferred_at", "from_account_id", "to_account_id", "unit_type", "vintage",
        "quantity_tco2e", "is_plain", "trade_id",
    ),
    source="transfers",
    period="transferred_at",
    subject="to_account_id",
    filled=("transferred_at", "from_account_id", "to_account_id", "quantity_tco2e"),
)  # fmt: skip


def trades(inputs: Inputs[Any]) -> pl.DataFrame:
    """Trades as movements from seller to buyer; one without both sides or a usable quantity is none."""
    named = inputs.read("fct_trades").drop_nulls(["sell_account_id", "buy_account_id", "quantity_tco2e"])
    return named.select(
        record_id="trade_id",
        ts=pl.col("traded_at").cast(pl.Datetime("us")),
        source="sell_account_id",
        target="buy_account_id",
        product="instrument_id",
        quantity=pl.col("quantity_tco2e").cast(pl.Float64),
    )


def plain_transfers(inputs: Inputs[Any]) -> pl.LazyFrame:
    """Plain transfers of a usable quantity as movements, with the `trade_id` of a trade that one settles."""
    return (
        inputs.scan("fct_transfers")
        .filter(pl.col("is_plain") & pl.col("quantity_tco2e").is_not_null())
        .select(
            record_id="transfer_id",
            ts=pl.col("transferred_at").cast(pl.Datetime("us")),
            source="from_account_id",
            target="to_account_id",
            product=pl.concat_str(
                ["unit_type", pl.col("vintage").cast(pl.String).fill_null("")], separator=" "
            ),
            quantity=pl.col("quantity_tco2e").cast(pl.Float64),
            trade_id="trade_id",
        )
    )


def time_order(moments: pl.Series, ids: pl.Series) -> np.ndarray:
    """Places in order of time, by id where moments are equal.

    Few are, so that only these are sorted by their texts.
    """
    values = moments.to_physical().to_numpy()
    order = np.argsort(values, kind="stable")
    equal = np.diff(values[order]) == 0
    tied = np.zeros(order.size, dtype=bool)
    tied[1:] |= equal
    tied[:-1] |= equal
    places = pl.DataFrame({"place": order[tied]}).with_columns(
        moment=moments.gather(order[tied]), id=ids.gather(order[tied])
    )
    order[tied] = places.sort("moment", "id")["place"].to_numpy()
    return order
