"""Known cases of market manipulation really happened as their labels say, and at their severity."""

import json
from datetime import timedelta
from itertools import pairwise

import polars as pl
import pytest

from pipelines.simulator.cases import manipulation

GRADED = {"faint", "plain", "blatant"}


def _cases(market, kind):
    return market.labels.filter(pl.col("kind") == kind).iter_rows(named=True)


def _keys(row, table):
    return [key[0] for key in json.loads(row["affected"]).get(table, [])]


def _rows(market, row, table, key):
    frame = market[table].filter(pl.col(key).is_in(_keys(row, table)))
    if "price" in frame.columns:
        frame = frame.with_columns(pl.col("price").cast(pl.Float64))
    return frame.sort("ts") if "ts" in frame.columns else frame


def _trades(market, row):
    return _rows(market, row, "trades", "trade_id")


def _own(trades, row):
    both = [pl.col(side).is_in(row["subject_ids"]) for side in ("buy_account_id", "sell_account_id")]
    return trades.filter(both[0] & both[1])


def _side(account_ids):
    return pl.when(pl.col("buy_account_id").is_in(account_ids)).then(pl.lit("buy")).otherwise(pl.lit("sell"))


@pytest.mark.parametrize("kind", [kind.name for kind in manipulation.KINDS])
def test_every_kind_comes_in_three_severities_with_look_alikes(market, kind):
    assert {row["severity"] for row in _cases(market, kind)} == GRADED
    assert market.lookalikes.filter(pl.col("kind") == kind).height >= 2
    known = set(market["accounts"]["account_id"])
    for row in _cases(market, kind):
        assert set(row["subject_ids"]) <= known
        assert json.loads(row["affected"])


def test_none_of_manipulation_is_left_out(market):
    kinds = {kind.name for kind in manipulation.KINDS}
    assert [text for text in market.report.unrealised if text.split()[0] in kinds] == []


def test_wash_trades_leave_positions_as_they_were(market):
    for row in _cases(market, "wash_trade"):
        own = _own(_trades(market, row), row)
        assert own.height >= 3
        signed = pl.concat(
            [
                own.select(account="buy_account_id", quantity="quantity"),
                own.select(account="sell_account_id", quantity=-pl.col("quantity")),
            ]
        )
        drift = signed.group_by("account").agg(pl.col("quantity").sum())["quantity"].abs().max()
        most = {"faint": 0.6, "plain": 0.25, "blatant": 0.15}[row["severity"]]
        assert drift <= most * own["quantity"].sum()


def test_circles_come_back_to_the_first(market):
    for row in _cases(market, "circular_trade"):
        trades = _own(_trades(market, row), row)
        legs = list(trades.select("sell_account_id", "buy_account_id").iter_rows())
        if not legs:
            moves = _rows(market, row, "transfers", "transfer_id")
            legs = list(moves.select("from_account", "to_account").iter_rows())
        legs = [leg for number, leg in enumerate(legs) if number == 0 or leg != legs[number - 1]]
        assert len(legs) >= 3
        assert all(before[1] == after[0] for before, after in pairwise(legs))
        assert legs[-1][1] == legs[0][0]
        assert row["window_end"] - row["window_start"] <= timedelta(days=40)


def test_matched_orders_meet_within_seconds(market):
    entered = market["orders"].filter(pl.col("event") == "new").select("order_id", "ts")
    for row in _cases(market, "matched_orders"):
        own = _own(_trades(market, row), row)
        assert own.height >= {"faint": 3, "plain": 6, "blatant": 12}[row["severity"]]
        both = own.join(entered.rename({"ts": "bought"}), left_on="buy_order_id", right_on="order_id")
        both = both.join(entered.rename({"ts": "sold"}), left_on="sell_order_id", right_on="order_id")
        apart = (both["bought"] - both["sold"]).dt.total_milliseconds().abs() / 1000
        assert apart.median() <= {"faint": 30, "plain": 12, "blatant": 3}[row["severity"]]


@pytest.mark.parametrize("kind", ["spoofing", "layering"])
def test_baits_are_withdrawn_after_trades_on_the_other_side(market, kind):
    for row in _cases(market, kind):
        events, trades = _rows(market, row, "orders", "event_id"), _trades(market, row)
        entered = events.filter(pl.col("event") == "new")
        by_side = entered.group_by("side").agg(pl.col("quantity").sum()).sort("quantity")
        bait_side = by_side["side"][-1]
        ratio = by_side["quantity"][-1] / by_side["quantity"][0]
        assert ratio >= {"faint": 1.5, "plain": 4.0, "blatant": 8.0}[row["severity"]]
        traded = trades.with_columns(side=_side(row["subject_ids"]))
        meant = traded.filter(pl.col("side") != bait_side)
        assert meant.height >= 1
        baits = events.filter(pl.col("side") == bait_side)
        withdrawn = baits.filter(pl.col("event") == "cancel")
        assert withdrawn["quantity"].len() >= 0.7 * baits["order_id"].n_unique()
        followed = [
            withdrawn["ts"].is_between(moment, moment + timedelta(seconds=120)).any()
            for moment in meant["ts"]
        ]
        assert sum(followed) >= 0.6 * len(followed)


def test_layers_stand_at_several_prices_at_once(market):
    for row in _cases(market, "layering"):
        events = _rows(market, row, "orders", "event_id").filter(pl.col("event") == "new")
        bait_side = events.group_by("side").agg(pl.col("quantity").sum()).sort("quantity")["side"][-1]
        baits = events.filter(pl.col("side") == bait_side).sort("ts")
        cycles = baits.group_by_dynamic("ts", every="10m").agg(pl.col("price").n_unique())
        assert cycles["price"].max() >= 3


def test_marked_closes_are_traded_in_the_last_minutes(market):
    for row in _cases(market, "marking_the_close"):
        trades = _trades(market, row)
        assert trades.height >= 1
        local = trades["ts"].dt.convert_time_zone("Asia/Shanghai")
        assert (local.dt.hour() == 14).all()
        assert local.dt.minute().min() >= 44
        assert trades.with_columns(side=_side(row["subject_ids"]))["side"].n_unique() == 1


def test_ramps_turn_round(market):
    for row in _cases(market, "ramping"):
        trades = _trades(market, row).with_columns(side=_side(row["subject_ids"]))
        first = _rows(market, row, "orders", "event_id")["side"][0]
        run, out = (trades.filter(pl.col("side") == side) for side in ("buy", "sell"))
        if first == "sell":
            run, out = out, run
        assert run.height >= 1
        assert out.height >= 1
        assert out["ts"].dt.date().min() >= run["ts"].dt.date().min()


def test_blocks_lie_as_far_off_as_their_severity(market):
    days = market["market_days"].select("date", "instrument_id", pl.col("previous_close").cast(pl.Float64))
    bounds = {"faint": (0.09, 0.16), "plain": (0.15, 0.23), "blatant": (0.21, 0.3)}
    for row in _cases(market, "off_market_block"):
        trades = _trades(market, row).with_columns(
            pl.col("ts").dt.convert_time_zone("Asia/Shanghai").dt.date().alias("date")
        )
        joined = trades.join(days, on=["date", "instrument_id"])
        assert joined.height == trades.height >= 1
        assert (joined["mode"] == "block").all()
        low, high = bounds[row["severity"]]
        assert (joined["price"] / joined["previous_close"] - 1).abs().is_between(low, high).all()


def test_corners_gather_before_the_deadline(market):
    for row in _cases(market, "cornering"):
        trades = _trades(market, row)
        bought = trades.filter(pl.col("buy_account_id").is_in(row["subject_ids"]))["quantity"].sum()
        sold = trades.filter(pl.col("sell_account_id").is_in(row["subject_ids"]))["quantity"].sum()
        assert bought > 3 * sold
        assert trades["instrument_id"].n_unique() == 1
        assert row["window_end"].month in (11, 12, 1)


def test_pass_through_hurries_and_sells(market):
    for row in _cases(market, "pass_through"):
        moves = _rows(market, row, "transfers", "transfer_id").filter(pl.col("kind") != "trade_settlement")
        assert moves["to_account"].to_list() == row["subject_ids"]
        assert moves["from_account"].to_list()[1:] == row["subject_ids"][:-1]
        assert moves["ts"].max() - moves["ts"].min() <= timedelta(hours=26)
        assert _trades(market, row)["sell_account_id"].unique().to_list() == row["subject_ids"][-1:]


def test_insiders_trade_one_way_only(market):
    for row in _cases(market, "insider_timing"):
        sides = _trades(market, row).with_columns(side=_side(row["subject_ids"]))["side"]
        assert sides.n_unique() == 1


def test_agreed_bids_lie_close_together(market):
    bids = market["auction_bids"].with_columns(pl.col("price").cast(pl.Float64))
    for row in _cases(market, "bid_rigging"):
        own = bids.filter(pl.col("bid_id").is_in(_keys(row, "auction_bids")))
        assert set(own["account_id"]) <= set(row["subject_ids"])
        spread = own.group_by("auction_id").agg(pl.col("price").max() / pl.col("price").min() - 1)
        most = {"faint": 0.04, "plain": 0.025, "blatant": 0.015}[row["severity"]]
        assert spread["price"].max() <= most


def test_some_cases_cross_a_month_end(market):
    kinds = [kind.name for kind in manipulation.KINDS]
    rows = market.labels.filter(pl.col("kind").is_in(kinds))
    crossing = rows.filter(pl.col("window_start").dt.month() != pl.col("window_end").dt.month())
    assert crossing["kind"].n_unique() >= 4
