"""Off-market block: a block trade priced away from the listed market without cause.

Discounts of two to five percent are usual and some reach twenty. A block is therefore compared with the
discounts of the blocks before it, in their own scatter, and must be far off in absolute terms as well. Where
trades are known the candidate names the accounts; otherwise the day's block value over volume is used.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from anomaly.core.detector import Detector, Figure, Need, Rows, Search
from anomaly.core.stakes import Stake, Sum
from anomaly.detectors.manipulation.off_market_block.blocks import days, trades
from anomaly.detectors.manipulation.off_market_block.limits import Limits

TRADES = Need(
    "fct_trades",
    {
        "trade_id": pl.String,
        "traded_at": pl.Datetime("us"),
        "instrument_id": pl.String,
        "mode": pl.String,
        "price": pl.Float64,
        "quantity_tco2e": pl.Float64,
        "buy_account_id": pl.String,
        "sell_account_id": pl.String,
        "previous_close": pl.Float64,
        "is_same_party": pl.Boolean,
    },
    source="trades",
    period="traded_at",
    subject="buy_account_id",
)
DAYS = Need(
    "fct_market_days",
    ("date", "instrument_id", "block_volume_tco2e", "block_average_price", "block_discount"),
    source="market_days",
    period="date",
    subject="instrument_id",
)
TRADE = Search(
    name="trade",
    subject_type="account",
    subjects=("seller", "buyer", "instrument"),
    needs=(TRADES,),
    evidence=(Rows("trades", ("trade_id",)),),
    measures={
        "discount": Figure("fraction of previous close"),
        "usual_discount": Figure("fraction of previous close"),
        "away_from_usual": Figure("fraction", "away"),
        "scales": Figure("scaled MAD", "scales"),
        "quantity": Figure("tCO2e"),
    },
    extra=("price", "usual", "against_close", "usually", "currency"),
    find=trades,
    stake=Stake("traded", "quantity", money=Sum("fct_trades", ("value",), ("trade_id",))),
    rests_on=("market_days",),
)
DAY = replace(
    TRADE,
    name="day",
    subject_type="instrument",
    subjects=("instrument", "market_id"),
    needs=(DAYS, replace(TRADES, optional=True)),
    evidence=(Rows("market_days", ("date", "instrument_id")),),
    find=days,
    stake=Stake(
        "traded", "quantity", money=Sum("fct_market_days", ("block_value",), ("date", "instrument_id"))
    ),
)
DETECTOR = Detector("off_market_block", "1.1.0", Limits, (TRADE, DAY))
