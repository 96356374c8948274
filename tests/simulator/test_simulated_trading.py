"""Trading identities: settlement, holdings, T+1, daily figures, limits, sessions, order arithmetic."""

import polars as pl
import pytest

BALANCE = ["account", "vintage"]


@pytest.fixture(params=["clean_market", "market"])
def written(request):
    return request.getfixturevalue(request.param)


def _with_local_time(frame):
    local = pl.col("ts").dt.convert_time_zone("Asia/Shanghai")
    return frame.with_columns(local.alias("local"), local.dt.date().alias("date"))


def _legs(transfers):
    """One row an account and movement, with the signed quantity."""
    common = ["ts", "transfer_id", "vintage", "kind"]
    out = transfers.select(*common, pl.col("from_account").alias("account"), -pl.col("quantity"))
    into = transfers.select(*common, pl.col("to_account").alias("account"), "quantity")
    return pl.concat([out, into]).drop_nulls("account").sort("ts", "transfer_id", "quantity")


def test_every_trade_is_settled_once_between_its_sides(written):
    settled = written["transfers"].filter(pl.col("kind") == "trade_settlement")
    trades = written["trades"].with_columns(
        (2000 + pl.col("instrument_id").str.slice(3).cast(pl.Int64)).alias("vintage")
    )
    joined = trades.join(settled, on="trade_id", how="full", suffix="_settled")
    assert joined.height == trades.height == settled.height
    assert (joined["quantity"] == joined["quantity_settled"]).all()
    assert (joined["sell_account_id"] == joined["from_account"]).all()
    assert (joined["buy_account_id"] == joined["to_account"]).all()
    assert (joined["vintage"] == joined["vintage_settled"]).all()
    assert (joined["ts"] < joined["ts_settled"]).all()
    assert (joined["ts"].dt.date() == joined["ts_settled"].dt.date()).all()
    assert written["transfers"].filter(pl.col("kind") != "trade_settlement")["trade_id"].null_count() > 0


def test_no_holding_is_ever_below_nought(written):
    balances = _legs(written["transfers"]).with_columns(
        pl.col("quantity").cum_sum().over(BALANCE).alias("balance")
    )
    assert balances["balance"].min() >= 0


def test_nobody_sells_what_was_bought_the_same_day(written):
    trades = _with_local_time(written["trades"])
    sold = trades.group_by(
        pl.col("sell_account_id").alias("account"),
        (2000 + pl.col("instrument_id").str.slice(3).cast(pl.Int64)).alias("vintage"),
        "date",
    ).agg(pl.col("quantity").sum().alias("sold"))
    daily = (
        _with_local_time(_legs(written["transfers"]))
        .group_by("account", "vintage", "date")
        .agg(pl.col("quantity").sum().alias("change"))
    )
    held = daily.sort("date").with_columns(
        (pl.col("change").cum_sum().over(BALANCE) - pl.col("change")).alias("opening")
    )
    joined = sold.join(held, on=["account", "vintage", "date"], how="left")
    given = written["transfers"].filter(pl.col("kind") == "allocation")
    morning = (
        _with_local_time(given)
        .group_by(pl.col("to_account").alias("account"), "vintage", "date")
        .agg(pl.col("quantity").sum().alias("allocated"))
    )
    joined = joined.join(morning, on=["account", "vintage", "date"], how="left").fill_null(0)
    assert (joined["sold"] <= joined["opening"] + joined["allocated"]).all()


def test_daily_figures_are_those_of_the_trades(written):
    trades = _with_local_time(written["trades"]).with_columns(
        (pl.col("price") * 100).cast(pl.Int64).alias("cents")
    )
    listed, block = (trades.filter(pl.col("mode") == mode) for mode in ("listed", "block"))
    on = ["date", "instrument_id"]
    value = (pl.col("cents") * pl.col("quantity")).sum()
    figures = (
        listed.sort("ts")
        .group_by(on)
        .agg(
            pl.col("cents").first().alias("first"),
            pl.col("cents").max().alias("most"),
            pl.col("cents").min().alias("least"),
            pl.col("quantity").sum().alias("volume"),
            value.alias("value"),
        )
    )
    blocks = block.group_by(on).agg(pl.col("quantity").sum().alias("blocks"), value.alias("block_cents"))
    prices = [
        "previous_close",
        "limit_down",
        "limit_up",
        "open",
        "high",
        "low",
        "close",
        "listed_value",
        "block_value",
    ]
    days = written["market_days"].with_columns(
        (pl.col(name).cast(pl.Decimal(30, 2)) * 100).cast(pl.Int64) for name in prices
    )
    days = days.join(figures, on=on, how="left").join(blocks, on=on, how="left").sort("instrument_id", "date")
    assert (days["listed_volume"] == days["volume"].fill_null(0)).all()
    assert (days["listed_value"] == days["value"].fill_null(0)).all()
    assert (days["block_volume"] == days["blocks"].fill_null(0)).all()
    assert (days["block_value"] == days["block_cents"].fill_null(0)).all()
    traded = days.filter(pl.col("volume") > 0)
    assert (traded["close"] == (2 * traded["value"] + traded["volume"]) // (2 * traded["volume"])).all()
    assert (traded["open"] == traded["first"]).all()
    assert (traded["high"] == traded["most"]).all()
    assert (traded["low"] == traded["least"]).all()
    still = days.filter(pl.col("volume").is_null())
    assert still.height > 0
    assert (still["close"] == still["previous_close"]).all()
    chained = days.with_columns(pl.col("close").shift(1).over("instrument_id").alias("before")).drop_nulls(
        "before"
    )
    assert (chained["previous_close"] == chained["before"]).all()
    assert (days["limit_up"] == (days["previous_close"] * 110 + 50) // 100).all()
    assert (days["limit_down"] == (days["previous_close"] * 90 + 50) // 100).all()
    assert trades.join(days, on=on, how="anti").height == 0


def test_prices_sizes_and_hours_keep_the_trading_rules(written):
    trades = _with_local_time(written["trades"]).join(written["market_days"], on=["date", "instrument_id"])
    listed, block = (trades.filter(pl.col("mode") == mode) for mode in ("listed", "block"))
    assert listed.select(pl.col("price").is_between("limit_down", "limit_up").all()).item()
    distance = (block["price"].cast(pl.Float64) / block["previous_close"].cast(pl.Float64) - 1).abs()
    assert distance.max() < 0.3001
    assert listed["quantity"].max() < 100_000 <= block["quantity"].min()
    clock = pl.col("local").dt.time()
    morning = clock.is_between(pl.time(9, 30), pl.time(11, 30, 1))
    afternoon = clock.is_between(pl.time(13, 0), pl.time(15, 0))
    assert listed.select((morning | afternoon).all()).item()
    assert block.select(afternoon.all()).item()
    assert trades["date"].dt.weekday().max() <= 5
    orders = written["orders"].filter(pl.col("event") == "new")
    assert orders.filter(pl.col("mode") == "listed")["quantity"].max() < 100_000
    assert orders.filter(pl.col("mode") == "block")["quantity"].min() >= 100_000


def test_what_an_order_shows_as_open_is_what_its_trades_left(written):
    trades = written["trades"]
    fills = pl.concat(
        trades.select("ts", pl.col(f"{side}_order_id").alias("order_id"), -pl.col("quantity"))
        for side in ("buy", "sell")
    )
    events = written["orders"]
    entered = events.filter(pl.col("event") == "new")
    assert fills.join(entered, on="order_id", how="anti").height == 0
    assert entered["order_id"].is_unique().all()
    history = pl.concat(
        [
            entered.select("ts", "order_id", "quantity", pl.lit(None, dtype=pl.Int64).alias("shown")),
            fills.select("ts", "order_id", "quantity", pl.lit(None, dtype=pl.Int64).alias("shown")),
            events.filter(pl.col("event") == "amend").select(
                "ts",
                "order_id",
                pl.lit(0, dtype=pl.Int64).alias("quantity"),
                pl.col("quantity").alias("shown"),
            ),
        ]
    ).sort("ts")
    history = history.with_columns(pl.col("quantity").cum_sum().over("order_id").alias("open"))
    assert history["open"].min() >= 0
    amended = history.drop_nulls("shown")
    assert amended.height > 0
    assert (amended["open"] == amended["shown"]).all()
    ended = events.filter(pl.col("event").is_in(["cancel", "expire"]))
    assert (ended["quantity"] == 0).all()
    left = history.group_by("order_id").agg(pl.col("open").last()).filter(pl.col("open") > 0)
    assert set(left["order_id"]) == set(ended["order_id"])


def test_trades_stand_between_the_prices_of_their_two_orders(written):
    last = (
        written["orders"]
        .filter(pl.col("event").is_in(["new", "amend"]))
        .select("order_id", "ts", "price", "account_id")
    )
    trades = written["trades"].sort("ts")
    for side, bound in (("buy", 1), ("sell", -1)):
        joined = trades.join_asof(
            last.sort("ts"),
            on="ts",
            by_left=f"{side}_order_id",
            by_right="order_id",
            suffix="_order",
            check_sortedness=False,
        )
        gap = (joined["price_order"].cast(pl.Float64) - joined["price"].cast(pl.Float64)) * bound
        assert gap.min() > -1e-9
        assert (joined["account_id"] == joined[f"{side}_account_id"]).all()
