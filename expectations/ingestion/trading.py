"""Trading system: prices, quantities and the exchange's own daily figures."""

from expectations.suite import Frame, Suite, at_least, between, present, where

_LISTED_AVERAGE = "(listed_value / nullif(listed_volume, 0))"
_BLOCK_AVERAGE = "(block_value / nullif(block_volume, 0))"


def instruments(frame: Frame) -> Suite:
    """One row an instrument."""
    return frame.suite("instruments", ["instrument_id"], [between("tick"), between("lot")])


def market_days(frame: Frame) -> Suite:
    """One row a day and instrument.

    A settlement price may lie outside the day's range, and the published composite blends vintages
    (J-22), so these are signs of a bad feed only when most days show them.
    """
    outside = f"(greatest(low - {_LISTED_AVERAGE}, {_LISTED_AVERAGE} - high, 0) / close)"
    return frame.suite(
        "market_days",
        ["date", "instrument_id"],
        [
            between("close"),
            between("close_majority", "close"),
            at_least("low_above_high", "high", "low"),
            between("open_outside_range", about="open"),
            between("close_outside_range", about="close"),
            between("close_outside_limits", about="close"),
            between("limits_reversed", about="limit_up"),
            between("close_step", about="close"),
            between("listed_average_gap", about="listed_value"),
            between("listed_average_majority", "listed_average_gap", about="listed_value"),
            between("block_average", about="block_value"),
            between("volume", "smaller_volume", about="listed_volume"),
            frame.not_after_as_of("date_after_as_of", "date"),
        ],
        derived={
            "open_outside_range": _outside("open", "low", "high"),
            "close_outside_range": _outside("close", "low", "high"),
            "close_outside_limits": _outside("close", "limit_down", "limit_up"),
            "limits_reversed": _outside("previous_close", "limit_down", "limit_up"),
            "close_step": where("previous_close > 0", "close / previous_close"),
            "listed_average_gap": where("close > 0 and low > 0", outside),
            "block_average": where("previous_close > 0", f"{_BLOCK_AVERAGE} / previous_close"),
            "smaller_volume": "least(listed_volume, coalesce(block_volume, listed_volume))",
        },
    )


def _outside(value: str, lowest: str, highest: str) -> str:
    """How far a price lies outside a range, in the market's currency; null where no end of it is known."""
    return where(
        f"{value} is not null and ({lowest} is not null or {highest} is not null)",
        f"greatest(coalesce({lowest} - {value}, 0), coalesce({value} - {highest}, 0), 0)",
    )


def orders(frame: Frame) -> Suite:
    """One row an event in an order's life."""
    standing = "event in ('new', 'amend')"
    return frame.suite(
        "orders",
        ["event_id"],
        [
            between("price"),
            between("price_majority", "price"),
            between("quantity"),
            between("listed_size", about="quantity"),
            between("block_size", about="quantity"),
            frame.not_after_as_of("ts_after_as_of", "ts"),
        ],
        derived={
            "listed_size": where(f"{standing} and mode = 'listed'", "quantity"),
            "block_size": where(f"{standing} and mode = 'block'", "quantity"),
        },
    )


def trades(frame: Frame) -> Suite:
    """One row a trade; sources without prices leave them null."""
    return frame.suite(
        "trades",
        ["trade_id"],
        [
            between("price"),
            between("price_majority", "price"),
            between("quantity"),
            between("quantity_majority", "quantity"),
            between("block_size", about="quantity"),
            between("year_traded", about="ts"),
            present("buyer_named", "buy_account_id"),
            present("seller_named", "sell_account_id"),
            frame.not_after_as_of("ts_after_as_of", "ts"),
        ],
        derived={
            "block_size": where("mode = 'block'", "quantity"),
            "year_traded": "extract(year from ts)",
        },
    )


def auctions(frame: Frame) -> Suite:
    """One row an auction."""
    return frame.suite(
        "auctions",
        ["auction_id"],
        [
            between("clearing_price"),
            at_least("sold_above_offered", "offered", "sold"),
            at_least("cleared_below_reserve", "clearing_price", "reserve_price"),
            frame.not_after_as_of("date_after_as_of", "date"),
        ],
    )


def auction_bids(frame: Frame) -> Suite:
    """One row a bid."""
    return frame.suite(
        "auction_bids",
        ["bid_id"],
        [
            between("price"),
            between("quantity"),
            at_least("awarded_above_bid", "quantity", "awarded"),
        ],
    )


SUITES = (instruments, market_days, orders, trades, auctions, auction_bids)
