"""Trading system: prices, quantities and the exchange's own daily figures."""

from expectations.suite import Figure, Frame, Suite, flag, where

_LISTED_AVERAGE = "(listed_value / nullif(listed_volume, 0))"
_BLOCK_AVERAGE = "(block_value / nullif(block_volume, 0))"


def instruments(frame: Frame) -> Suite:
    """One row an instrument."""
    return frame.suite("instruments", ["instrument_id"], [Figure("tick", "tick"), Figure("lot", "lot")])


def market_days(frame: Frame) -> Suite:
    """One row a day and instrument.

    A settlement price may lie outside the day's range, and the published composite blends vintages
    (J-22), so these are signs of a bad feed only when most days show them.
    """
    listed = _LISTED_AVERAGE
    outside = f"greatest(low - {listed}, {listed} - high, 0) / close"
    return frame.suite(
        "market_days",
        ["date", "instrument_id"],
        [
            Figure("close", "close"),
            Figure("close_majority", "close"),
            flag("low_above_high", "low", "low > high"),
            flag("open_outside_range", "open", "open < low or open > high"),
            flag("close_outside_range", "close", "close < low or close > high"),
            flag("close_outside_limits", "close", "close < limit_down or close > limit_up"),
            flag("limits_reversed", "limit_up", "limit_down > previous_close or limit_up < previous_close"),
            Figure("close_step", "close", where("previous_close > 0", "close / previous_close")),
            Figure("listed_average_gap", "listed_value", where("close > 0 and low > 0", f"({outside})")),
            Figure("listed_average_majority", "listed_value", where("close > 0 and low > 0", f"({outside})")),
            Figure(
                "block_average",
                "block_value",
                where("previous_close > 0", f"{_BLOCK_AVERAGE} / previous_close"),
            ),
            Figure("volume", "listed_volume", "least(listed_volume, coalesce(block_volume, listed_volume))"),
            frame.after_as_of("date_after_as_of", "date"),
        ],
    )


def orders(frame: Frame) -> Suite:
    """One row an event in an order's life."""
    standing = "event in ('new', 'amend')"
    return frame.suite(
        "orders",
        ["event_id"],
        [
            Figure("price", "price"),
            Figure("price_majority", "price"),
            Figure("quantity", "quantity"),
            Figure("listed_size", "quantity", where(f"{standing} and mode = 'listed'", "quantity")),
            Figure("block_size", "quantity", where(f"{standing} and mode = 'block'", "quantity")),
            frame.after_as_of("ts_after_as_of", "ts"),
        ],
    )


def trades(frame: Frame) -> Suite:
    """One row a trade; sources without prices leave them null."""
    return frame.suite(
        "trades",
        ["trade_id"],
        [
            Figure("price", "price"),
            Figure("price_majority", "price"),
            Figure("quantity", "quantity"),
            Figure("quantity_majority", "quantity"),
            Figure("block_size", "quantity", where("mode = 'block'", "quantity")),
            Figure("year_traded", "ts", "extract(year from ts)"),
            frame.after_as_of("ts_after_as_of", "ts"),
        ],
    )


def auctions(frame: Frame) -> Suite:
    """One row an auction."""
    return frame.suite(
        "auctions",
        ["auction_id"],
        [
            Figure("clearing_price", "clearing_price"),
            flag("sold_above_offered", "sold", "sold > offered"),
            flag("cleared_below_reserve", "clearing_price", "clearing_price < reserve_price"),
            frame.after_as_of("date_after_as_of", "date"),
        ],
    )


def auction_bids(frame: Frame) -> Suite:
    """One row a bid."""
    return frame.suite(
        "auction_bids",
        ["bid_id"],
        [
            Figure("price", "price"),
            Figure("quantity", "quantity"),
            flag("awarded_above_bid", "awarded", "awarded > quantity or awarded < 0"),
        ],
    )


SUITES = (instruments, market_days, orders, trades, auctions, auction_bids)
