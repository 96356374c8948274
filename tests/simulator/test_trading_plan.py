"""Every field of the trading plan does what it says; identities of a market that is full of plans."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from pipelines.simulator.credits import issue_credits
from pipelines.simulator.emitters.reports import make_reports
from pipelines.simulator.emitters.truth import true_run
from pipelines.simulator.plan import Plan
from pipelines.simulator.plan.trading import Campaign, Deal, PlannedBid, PlannedOrder
from pipelines.simulator.registry import Registry
from pipelines.simulator.scales import scale_named
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.trading.auctions import auction_days
from pipelines.simulator.trading.market import Market
from pipelines.simulator.world import build_world

JUNE = [date(2025, 6, day) for day in (9, 10, 11, 12, 13, 16, 17, 18, 19, 20)]
JULY = [date(2025, 7, day) for day in (7, 8, 9, 10, 11, 14, 15, 16, 17, 18)]
MANY = 300_000
DEAL, BLOCK, TAKING, RESTING, FAR, BUYING, SEEKING, BID, CUT = range(1, 10)
OLDER, NEWER = "CEA22", "CEA23"


def _run(out, arrange):
    scale, timeline, streams = scale_named("small"), Timeline.ending(1), Streams(21)
    world = build_world(scale, timeline, streams)
    plan = Plan.empty(len(timeline.months), len(world.fleet))
    out.mkdir()
    sink = Sink(out, "parquet")
    column = {asset.instrument_id: n for n, asset in enumerate(timeline.assets) if asset.instrument_id}
    setup = SimpleNamespace(world=world, plan=plan, timeline=timeline, column=column)
    arrange(setup)
    truth = true_run(world, timeline, plan.emitters, streams)
    reports = make_reports(world, truth, plan.emitters, streams)
    credits = issue_credits(world, timeline, plan.projects, streams, sink)
    registry = Registry(world, timeline, reports, credits, plan, streams)
    Market(world, timeline, registry, plan, streams, sink).run()
    return SimpleNamespace(**vars(setup), out=out, sink=sink, registry=registry)


def _actors(setup):
    """Two sides for each arrangement, none of them an emitter that somebody else needs."""
    funds = setup.world.accounts.with_role("fund")
    opened = setup.world.accounts.opened_on
    return [int(one) for one in funds if opened[one] < date(2025, 1, 1)]


def _arrange(setup):
    trading, opening = setup.plan.trading, setup.plan.registry.opening
    who = _actors(setup)
    older, newer = setup.column[OLDER], setup.column[NEWER]
    seller, buyer, spoofer, giant, sleeper, keeper = who[:6]
    for account in (seller, spoofer, keeper):
        opening[account, newer] = MANY
    opening[giant, newer] = 900_000
    for number, day in enumerate(JUNE):
        trading.deals.append(
            Deal(day, newer, seller, buyer, 700 + number, 3_000.0 + 900 * number, pause=1.5, tag=DEAL)
        )
    trading.deals.append(
        Deal(JUNE[2], newer, giant, buyer, 150_000, 9_000.0, mode="block", discount=0.15, tag=BLOCK)
    )
    trading.deals.append(Deal(JUNE[5], newer, giant, buyer, 250_000, 9_500.0, mode="block", discount=-0.02))
    for day in JUNE:
        trading.orders.append(
            PlannedOrder(day, newer, spoofer, "sell", 5_000.0, 60, rule="other", ticks=500, tag=TAKING)
        )
        trading.orders.append(
            PlannedOrder(
                day,
                newer,
                spoofer,
                "buy",
                6_000.0,
                400,
                rule="own",
                ticks=-15,
                lifetime_seconds=30.0,
                tag=RESTING,
            )
        )
        trading.orders.append(
            PlannedOrder(day, newer, spoofer, "buy", 7_000.0, 10, rule="close", ticks=-5_000, tag=FAR)
        )
    trading.orders.append(
        PlannedOrder(JUNE[0], newer, keeper, "sell", 100.0, 99_999, rule="fixed", ticks=9_000, tag=CUT)
    )
    trading.campaigns.append(
        Campaign(who[6], newer, "buy", JUNE[0], JUNE[-1], daily_quantity=2_000, urgency=0.9, tag=BUYING)
    )
    trading.campaigns.append(
        Campaign(who[7], newer, "buy", JUNE[1], JUNE[3], daily_quantity=180_000, urgency=1.0, tag=SEEKING)
    )
    trading.bids.append(PlannedBid(3, buyer, 0.04, 3_000, step=0.5, tag=BID))
    trading.keep_quiet([seller, buyer, spoofer, giant, sleeper, who[6], who[7]], JUNE)
    trading.withhold([keeper], JUNE)
    trading.news[JULY[0], older] = 0.25
    for day in JULY:
        trading.unrest[day, setup.column["CCER"]] = 6.0
        trading.activity[day, newer] = 0.05
        trading.tilt[day, setup.column["CEA24"]] = 1.0
        trading.levels[date(2025, 9, day.day if day.day != 7 else 1), older] = (30.0, 1.0)
    setup.plan.trading.quiet[date(2025, 9, 1)].add(sleeper)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    return _run(tmp_path_factory.mktemp("trading") / "planned", _arrange)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return _run(tmp_path_factory.mktemp("trading") / "plain", lambda setup: None)


def _table(ran, name):
    path = ran.out / name
    frame = pl.read_parquet(path / "*.parquet" if path.is_dir() else path.with_suffix(".parquet"))
    if "ts" in frame.columns:
        local = pl.col("ts").dt.convert_time_zone("Asia/Shanghai")
        frame = frame.with_columns(local.dt.date().alias("day"))
    if "price" in frame.columns:
        frame = frame.with_columns(
            (pl.col("price").cast(pl.Float64) * 100).round().cast(pl.Int64).alias("cents")
        )
    return frame


def _tagged(ran, name, tag):
    keys = [row[0] for row in ran.sink.affected.get(tag, {}).get(name, [])]
    key = {"orders": "event_id", "trades": "trade_id", "auction_bids": "bid_id"}[name]
    return _table(ran, name).filter(pl.col(key).is_in(keys))


def _closes(ran, instrument):
    days = _table(ran, "market_days").filter(pl.col("instrument_id") == instrument).sort("date")
    return dict(zip(days["date"], days["close"].cast(pl.Float64), strict=True))


def test_listed_deals_meet(planned):
    who = planned.world.accounts.id
    seller, buyer = (who[n] for n in _actors(planned)[:2])
    trades = _tagged(planned, "trades", DEAL)
    met = trades.filter((pl.col("sell_account_id") == seller) & (pl.col("buy_account_id") == buyer))
    assert met["quantity"].sum() >= 0.9 * sum(700 + n for n in range(10))
    assert met["day"].n_unique() >= 9
    orders = _tagged(planned, "orders", DEAL)
    assert set(orders["account_id"]) == {seller, buyer}
    news = orders.filter(pl.col("event") == "new").sort("ts")
    pauses = news.with_columns(gap=pl.col("ts").diff().over("day").dt.total_microseconds() / 1e6)
    assert pauses["gap"].drop_nulls().min() == pytest.approx(1.5, abs=0.01)


def test_a_block_is_dealt_at_its_discount_in_the_afternoon(planned):
    trade = _tagged(planned, "trades", BLOCK).row(0, named=True)
    assert (trade["mode"], trade["quantity"]) == ("block", 150_000)
    before = _closes(planned, NEWER)[JUNE[1]]
    assert trade["cents"] == pytest.approx(100 * before * 0.85, abs=1)
    assert trade["ts"].hour * 60 + trade["ts"].minute >= 5 * 60
    assert _tagged(planned, "orders", BLOCK).height == 2


def test_orders_are_priced_by_their_rule(planned):
    for row in _tagged(planned, "orders", FAR).filter(pl.col("event") == "new").iter_rows(named=True):
        days = _table(planned, "market_days").filter(
            (pl.col("date") == row["day"]) & (pl.col("instrument_id") == NEWER)
        )
        assert row["price"] == days["limit_down"][0]
    taken = _tagged(planned, "trades", TAKING)
    assert taken["quantity"].sum() >= 0.8 * 60 * len(JUNE)
    assert set(taken["aggressor"]) == {"sell"}


def test_an_order_is_withdrawn_after_its_lifetime(planned):
    orders = _tagged(planned, "orders", RESTING)
    ends = orders.filter(pl.col("event") == "cancel").join(
        orders.filter(pl.col("event") == "new"), on="order_id", suffix="_new"
    )
    assert ends.height >= 8
    life = (ends["ts"] - ends["ts_new"]).dt.total_microseconds() / 1e6
    assert life.max() == pytest.approx(30.0, abs=0.01)


def test_campaigns_trade_about_their_daily_quantity(planned):
    bought = _tagged(planned, "trades", BUYING).filter(
        pl.col("buy_account_id") == planned.world.accounts.id[_actors(planned)[6]]
    )
    entered = _tagged(planned, "orders", BUYING).filter(pl.col("event") == "new")["quantity"].sum()
    assert 0.8 * 2_000 * len(JUNE) < entered < 1.2 * 2_000 * len(JUNE)
    assert 0.2 * entered < bought["quantity"].sum() <= entered
    sought = _tagged(planned, "trades", SEEKING)
    assert set(sought["mode"]) == {"block"}
    assert sought["quantity"].sum() >= 100_000


def test_planned_sales_go_before_withheld_ones(planned):
    keeper = planned.world.accounts.id[_actors(planned)[5]]
    orders = _table(planned, "orders").filter(
        (pl.col("account_id") == keeper) & pl.col("day").is_in(JUNE) & (pl.col("side") == "sell")
    )
    assert set(orders["event_id"]) == set(_tagged(planned, "orders", CUT)["event_id"])
    assert orders.filter(pl.col("event") == "new")["quantity"].to_list() == [99_999]


def test_quiet_accounts_do_only_what_is_planned(planned):
    names = planned.world.accounts.id
    actors = _actors(planned)
    for frame, column in (("orders", "account_id"),):
        rows = _table(planned, frame).filter(pl.col("day").is_in(JUNE) & (pl.col(column) == names[actors[4]]))
        assert rows.height == 0
    spoofer = _table(planned, "orders").filter(
        pl.col("day").is_in(JUNE) & (pl.col("account_id") == names[actors[2]])
    )
    tagged = pl.concat([_tagged(planned, "orders", tag) for tag in (TAKING, RESTING, FAR)])
    assert set(spoofer["event_id"]) == set(tagged["event_id"])


def test_a_planned_bid_is_entered_at_its_step(planned):
    bid = _tagged(planned, "auction_bids", BID).row(0, named=True)
    day = auction_days(planned.timeline)[3]
    asset = _table(planned, "auctions").filter(pl.col("date") == day)["instrument_id"][0]
    days = _table(planned, "market_days").filter((pl.col("date") == day) & (pl.col("instrument_id") == asset))
    reference = float(days["previous_close"][0])
    assert bid["cents"] % 50 == 0
    assert bid["cents"] == pytest.approx(104 * reference, abs=26)
    assert bid["quantity"] == 3_000


def test_news_moves_the_price_for_good(planned, plain):
    after, before = _closes(planned, OLDER), _closes(plain, OLDER)
    changed = {day: np.log(after[day] / before[day]) for day in before}
    assert abs(changed[date(2025, 7, 4)]) < 0.04
    assert changed[JULY[4]] > 0.15
    assert changed[JULY[-1]] > 0.12


def test_unrest_makes_prices_erratic(planned, plain):
    span = [day for day in plain.timeline.trading_days if JULY[0] <= day <= JULY[-1]]
    spread = [
        np.std(np.diff(np.log([_closes(ran, "CCER")[day] for day in span]))) for ran in (planned, plain)
    ]
    assert spread[0] > 2 * spread[1]


def test_activity_thins_orders(planned, plain):
    counts = [
        _table(ran, "orders").filter(pl.col("day").is_in(JULY) & (pl.col("instrument_id") == NEWER)).height
        for ran in (planned, plain)
    ]
    assert counts[0] < 0.35 * counts[1]


def test_tilt_makes_speculators_buy(planned, plain):
    roles = planned.world.accounts.with_role("fund", "individual", "broker")
    names = [planned.world.accounts.id[n] for n in roles]
    shares = []
    for ran in (planned, plain):
        entered = _table(ran, "orders").filter(
            pl.col("day").is_in(JULY)
            & (pl.col("instrument_id") == "CEA24")
            & pl.col("account_id").is_in(names)
            & (pl.col("event") == "new")
        )
        shares.append((entered["side"] == "buy").mean())
    assert shares[0] > max(0.65, shares[1] + 0.15)


def test_levels_draw_the_price_towards_them(planned):
    closes = _closes(planned, OLDER)
    days = [day for day in planned.timeline.trading_days if date(2025, 9, 8) <= day <= date(2025, 9, 18)]
    inside = [day for day in days if (day, planned.column[OLDER]) in planned.plan.trading.levels]
    assert closes[inside[-1]] < 0.9 * closes[date(2025, 9, 5)]


def test_nobody_sells_what_was_not_there_in_the_morning(planned):
    transfers = _table(planned, "transfers").with_columns(
        instrument=pl.when(pl.col("unit_type") == "CCER").then(pl.lit("CCER"))
        .otherwise(pl.format("CEA{}", pl.col("vintage") % 100))
    )  # fmt: skip
    out = transfers.select("day", "instrument", a="from_account", q=-pl.col("quantity"))
    into = transfers.select("day", "instrument", a="to_account", q="quantity")
    moved = pl.concat([out, into]).drop_nulls("a").group_by("a", "instrument", "day").agg(pl.col("q").sum())
    moved = moved.sort("day").with_columns(
        opening=pl.col("q").cum_sum().over("a", "instrument") - pl.col("q")
    )
    sold = (
        _table(planned, "trades")
        .group_by(a="sell_account_id", instrument="instrument_id", day="day")
        .agg(pl.col("quantity").sum())
    )
    joined = sold.join(moved, on=["a", "instrument", "day"], how="left")
    assert joined["opening"].null_count() == 0
    assert (joined["quantity"] <= joined["opening"]).all()


def test_nothing_is_given_without_having_it(planned):
    transfers = _table(planned, "transfers")
    kept = ["unit_type", "vintage"]
    out = transfers.select("ts", "transfer_id", *kept, a="from_account", q=-pl.col("quantity"))
    into = transfers.select("ts", "transfer_id", *kept, a="to_account", q="quantity")
    legs = pl.concat([out, into]).drop_nulls("a").sort("ts", "transfer_id", "q")
    assert legs.with_columns(b=pl.col("q").cum_sum().over("a", *kept))["b"].min() >= 0


def test_day_figures_are_those_of_the_trades(planned):
    trades = _table(planned, "trades").with_columns(value=pl.col("cents") * pl.col("quantity"))
    listed = trades.filter(pl.col("mode") == "listed").group_by("day", "instrument_id").agg(
        pl.col("quantity").sum().alias("v"), pl.col("value").sum(), pl.col("cents").first().alias("o"),
        pl.col("cents").max().alias("h"), pl.col("cents").min().alias("l"),
    )  # fmt: skip
    days = _table(planned, "market_days").join(
        listed, left_on=["date", "instrument_id"], right_on=["day", "instrument_id"], how="left"
    )
    quiet, busy = days.filter(pl.col("v").is_null()), days.filter(pl.col("v").is_not_null())
    assert (quiet["close"] == quiet["previous_close"]).all()
    assert (quiet["listed_volume"] == 0).all()
    assert (busy["listed_volume"] == busy["v"]).all()
    cents = {
        name: (busy[name].cast(pl.Float64) * 100).round().cast(pl.Int64)
        for name in ("open", "high", "low", "close")
    }
    assert (cents["open"] == busy["o"]).all()
    assert (cents["high"] == busy["h"]).all()
    assert (cents["low"] == busy["l"]).all()
    assert (cents["close"] == (2 * busy["value"] + busy["v"]) // (2 * busy["v"])).all()
    assert (busy["high"] <= busy["limit_up"]).all()
    assert (busy["low"] >= busy["limit_down"]).all()
    following = (
        _table(planned, "market_days")
        .sort("instrument_id", "date")
        .with_columns(before=pl.col("close").shift(1).over("instrument_id"))
    )
    assert (
        following.drop_nulls("before")["before"] == following.drop_nulls("before")["previous_close"]
    ).all()


def test_trades_lie_between_the_prices_of_their_orders(planned):
    orders = _table(planned, "orders").filter(pl.col("event").is_in(["new", "amend"])).sort("ts", "event_id")
    trades = _table(planned, "trades").sort("ts", "trade_id")
    for side, sign in (("buy", 1), ("sell", -1)):
        stated = trades.join_asof(
            orders.select("ts", "order_id", limit="cents"),
            on="ts",
            by_left=f"{side}_order_id",
            by_right="order_id",
            check_sortedness=False,
        )
        assert stated["limit"].null_count() == 0
        assert (sign * (stated["limit"] - stated["cents"])).min() >= 0


def test_listed_orders_are_smaller_than_blocks(planned):
    orders = _table(planned, "orders")
    assert orders.filter(pl.col("mode") == "listed")["quantity"].max() < 100_000
    assert orders.filter(pl.col("mode") == "block")["quantity"].min() >= 100_000
    hours = pl.col("ts").dt.convert_time_zone("Asia/Shanghai").dt.time()
    assert orders.filter((pl.col("mode") == "block") & (hours < pl.time(13))).height == 0


def test_numbers_follow_time_and_refer_to_each_other(planned):
    orders, trades = _table(planned, "orders"), _table(planned, "trades")
    for frame, key in ((orders, "event_id"), (trades, "trade_id")):
        ordered = frame.sort(key)
        assert ordered["ts"].is_sorted()
        assert ordered[key][0].endswith("000000001")
        assert ordered[key].n_unique() == frame.height == int(ordered[key][-1][2:])
    news = orders.filter(pl.col("event") == "new").sort("event_id")
    assert news["order_id"].is_sorted()
    entered = news.select("order_id", "account_id", "side", "mode", "instrument_id", "ts")
    for side in ("buy", "sell"):
        joined = trades.join(
            entered, left_on=f"{side}_order_id", right_on="order_id", how="left", suffix="_order"
        )
        assert (joined["account_id"] == joined[f"{side}_account_id"]).all()
        assert (joined["side"] == side).all()
        assert (joined["mode"] == joined["mode_order"]).all()
        assert (joined["ts"] > joined["ts_order"]).all()
    assert (trades["buy_account_id"] != trades["sell_account_id"]).all()


def test_auctions_clear_at_one_price(planned):
    auctions, bids = _table(planned, "auctions"), _table(planned, "auction_bids")
    assert auctions.height == 8
    won = bids.group_by("auction_id").agg(pl.col("awarded").sum()).join(auctions, on="auction_id")
    assert (won["awarded"] == won["sold"]).all()
    assert (won["sold"] <= won["offered"]).all()
    joined = bids.join(auctions, on="auction_id")
    above = joined.filter(pl.col("price") > pl.col("clearing_price"))
    assert (above["awarded"] == above["quantity"]).all()
    below = joined.filter(pl.col("price") < pl.col("clearing_price"))
    assert (below["awarded"] == 0).all()
    assert (auctions["clearing_price"] >= auctions["reserve_price"]).all()
    moved = _table(planned, "transfers").filter(pl.col("kind") == "auction")["quantity"].sum()
    assert moved == auctions["sold"].sum()


def test_everybody_who_means_to_can_comply(planned):
    assert sum(planned.registry.rescued.values()) == 0


def test_the_same_seed_gives_the_same_market(plain, tmp_path):
    again = _run(tmp_path / "again", lambda setup: None)
    for name in ("trades", "orders", "market_days", "auction_bids", "transfers"):
        assert _table(again, name).equals(_table(plain, name))
