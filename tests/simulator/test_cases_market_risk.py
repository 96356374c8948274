"""Known market-wide episodes really show in the exchange's own figures."""

import json
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from pipelines.simulator.cases import market_risk
from pipelines.simulator.market_settings import PRICE_CORRIDOR

GRADED = {"faint", "plain", "blatant"}
EPISODES = ("liquidity_drought", "price_corridor", "price_limit_hits", "volatility_regime")


def _cases(market, kind):
    return market.labels.filter(pl.col("kind") == kind).iter_rows(named=True)


def _figures(market):
    money = ("previous_close", "limit_down", "limit_up", "close")
    return market["market_days"].with_columns(pl.col(money).cast(pl.Float64)).sort("date")


def _days(market, row):
    affected = json.loads(row["affected"])["market_days"]
    days, instrument = [date.fromisoformat(key[0]) for key in affected], affected[0][1]
    mine = _figures(market).filter(pl.col("instrument_id") == instrument)
    inside = mine.filter(pl.col("date").is_in(days))
    assert inside.height == len(days)
    return inside, mine.filter(pl.col("date") < days[0])


@pytest.mark.parametrize("kind", [kind.name for kind in market_risk.KINDS])
def test_every_kind_comes_in_three_severities_with_look_alikes(market, kind):
    assert {row["severity"] for row in _cases(market, kind)} == GRADED
    assert market.lookalikes.filter(pl.col("kind") == kind).height >= 2


def test_none_of_market_risk_is_left_out(market):
    kinds = {kind.name for kind in market_risk.KINDS}
    assert [text for text in market.report.unrealised if text.split()[0] in kinds] == []


def test_runs_close_at_the_limit(market):
    lengths = {}
    for row in _cases(market, "price_limit_hits"):
        inside, _ = _days(market, row)
        at_limit = (inside["close"] == inside["limit_up"]) | (inside["close"] == inside["limit_down"])
        near = (inside["close"] / inside["previous_close"] - 1).abs() > 0.085
        assert near.all()
        assert at_limit.sum() >= min(inside.height, 2)
        lengths[row["severity"]] = inside.height
    assert lengths["faint"] < lengths["plain"] < lengths["blatant"]


def test_prices_leave_the_corridor_for_longer_than_it_admits(market):
    for row in _cases(market, "price_corridor"):
        inside, _ = _days(market, row)
        outside = (inside["close"] < PRICE_CORRIDOR["low"]) | (inside["close"] > PRICE_CORRIDOR["high"])
        assert outside.sum() >= PRICE_CORRIDOR["days"] - (row["severity"] == "faint")
        assert row["subject_ids"][1] == "cn"


def test_volatility_rises(market):
    for row in _cases(market, "volatility_regime"):
        inside, _ = _days(market, row)
        instrument = _figures(market).filter(pl.col("instrument_id") == row["subject_ids"][0])
        usual = (instrument["close"] / instrument["previous_close"]).log().abs().median()
        spread = float(np.std((inside["close"] / inside["previous_close"]).log().to_numpy()))
        assert spread > {"faint": 1.2, "plain": 2.0, "blatant": 3.0}[row["severity"]] * usual


def test_droughts_bring_fewer_orders(market):
    orders = market["orders"].filter((pl.col("event") == "new") & (pl.col("mode") == "listed"))
    orders = orders.with_columns(day=pl.col("ts").dt.convert_time_zone("Asia/Shanghai").dt.date())
    for row in _cases(market, "liquidity_drought"):
        inside, before = _days(market, row)
        mine = orders.filter(pl.col("instrument_id") == row["subject_ids"][0])
        now = mine.filter(pl.col("day").is_in(inside["date"].to_list())).height / inside.height
        usual = before.tail(30)["date"].to_list()
        then = mine.filter(pl.col("day").is_in(usual)).height / len(usual)
        assert now < {"faint": 1.0, "plain": 0.8, "blatant": 0.7}[row["severity"]] * then


def test_concentrated_parties_buy_much_of_an_instrument(market):
    trades = market["trades"].filter(pl.col("mode") == "listed")
    for row in _cases(market, "concentration"):
        keys = [key[0] for key in json.loads(row["affected"])["trades"]]
        own = trades.filter(pl.col("trade_id").is_in(keys))
        window = trades.filter(
            (pl.col("instrument_id") == row["subject_ids"][-1])
            & pl.col("ts").is_between(row["window_start"], row["window_end"])
        )
        share = own["quantity"].sum() / window["quantity"].sum()
        assert share >= {"faint": 0.05, "plain": 0.08, "blatant": 0.12}[row["severity"]]


def test_squeezing_companies_sell_nothing_of_their_own_accord(market):
    arranged = {
        key[0]
        for row in market.labels.iter_rows(named=True)
        for key in json.loads(row["affected"]).get("trades", [])
    }
    for row in _cases(market, "compliance_squeeze"):
        members = row["subject_ids"][:-1]
        sold = market["trades"].filter(
            pl.col("sell_account_id").is_in(members)
            & pl.col("ts").is_between(row["window_start"], row["window_end"])
            & ~pl.col("trade_id").is_in(arranged)
        )
        bought = market["trades"].filter(pl.col("ts").is_between(row["window_start"], row["window_end"]))
        assert sold["quantity"].sum() < 0.02 * bought["quantity"].sum()
        assert row["window_end"].date() >= date(row["window_end"].year, 12, 31) - timedelta(days=1)


def test_episodes_do_not_overlap_on_one_instrument(market):
    seen = set()
    for kind in EPISODES:
        for row in _cases(market, kind):
            for key in json.loads(row["affected"])["market_days"]:
                assert tuple(key) not in seen
                seen.add(tuple(key))
