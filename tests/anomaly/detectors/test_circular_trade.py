"""circular_trade: rings among trades and transfers, and what is none."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from anomaly.detectors.manipulation.circular_trade.legs import legs_of
from anomaly.detectors.manipulation.circular_trade.rings import Reach, rings_of

START = datetime(2024, 3, 4, 2, 0)
REACH = Reach(days=10, retained=0.85, dominance=0.5, min_accounts=3, max_accounts=6)


def trades(rows):
    """Trades from (time, seller, buyer, quantity)."""
    rows = sorted(rows)
    return pl.DataFrame(
        {
            "trade_id": [f"T{number:05}" for number in range(len(rows))],
            "traded_at": pl.Series([row[0] for row in rows], dtype=pl.Datetime("us")),
            "sell_account_id": [row[1] for row in rows],
            "buy_account_id": [row[2] for row in rows],
            "instrument_id": "CEA24",
            "quantity_tco2e": [row[3] for row in rows],
        }
    )


def transfers(rows, plain=True, trade_ids=None):
    """Transfers from (time, source, target, quantity)."""
    return pl.DataFrame(
        {
            "transfer_id": [f"M{number:05}" for number in range(len(rows))],
            "transferred_at": pl.Series([row[0] for row in rows], dtype=pl.Datetime("us")),
            "from_account_id": [row[1] for row in rows],
            "to_account_id": [row[2] for row in rows],
            "unit_type": "CEA",
            "vintage": 2024,
            "quantity_tco2e": [row[3] for row in rows],
            "is_plain": plain,
            "trade_id": pl.Series(trade_ids or [None] * len(rows), dtype=pl.String),
        }
    )


def movements(rows):
    """Movements of one product as the search reads them."""
    return pl.DataFrame(
        {
            "record_id": [f"R{number:05}" for number in range(len(rows))],
            "ts": pl.Series([row[0] for row in rows], dtype=pl.Datetime("us")),
            "source": [row[1] for row in rows],
            "target": [row[2] for row in rows],
            "product": "CEA24",
            "quantity": [float(row[3]) for row in rows],
        }
    )


def rings(rows):
    return rings_of(legs_of(movements(sorted(rows)), timedelta(hours=1), 10), REACH)


def ring(accounts, start, every, quantity, loss=0, rounds=1):
    """Legs from account to account and back, each a little smaller than the one before."""
    count = len(accounts)
    return [
        (start + every * leg, accounts[leg % count], accounts[(leg + 1) % count], quantity - loss * leg)
        for leg in range(count * rounds)
    ]


def noise(count=1500, accounts=40, seed=5):
    """An order book: active accounts that meet in every order."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        seller, buyer = rng.choice(accounts, 2, replace=False)
        at = START + timedelta(minutes=int(rng.integers(0, 60 * 24 * 40)))
        rows.append((at, f"N{seller}", f"N{buyer}", int(rng.integers(1, 30)) * 10))
    return rows


@pytest.mark.parametrize("seed", range(4))
def test_an_honest_order_book_stays_silent(marts, run, seed):
    trades(noise(seed=seed)).write_parquet(marts / "fct_trades.parquet")
    assert run("circular_trade").is_empty()


@pytest.mark.parametrize("quantity", [60, 90_000])
def test_a_ring_in_an_order_book_is_found_whatever_its_size(marts, run, quantity):
    accounts = ["R1", "R2", "R3", "R4"]
    planted = ring(accounts, START + timedelta(days=5), timedelta(hours=20), quantity, quantity // 50)
    trades(noise() + planted).write_parquet(marts / "fct_trades.parquet")
    alerts = run("circular_trade")
    assert alerts["subject_ids"].to_list() == [accounts]
    assert alerts["window_start"][0] == planted[0][0]
    assert alerts["window_end"][0] > planted[-1][0]
    assert len(json.loads(alerts["evidence"][0])[0]["rows"]) == 4


def test_what_the_members_trade_before_and_after_does_not_hide_a_ring(marts, run):
    around = [
        (START + timedelta(days=day), *sides, 5000)
        for day in (3, 4, 9, 10)
        for sides in (("R1", "N1"), ("N2", "R2"), ("R3", "N3"))
    ]
    planted = ring(["R1", "R2", "R3"], START + timedelta(days=5), timedelta(days=1), 500)
    trades(noise() + around + planted).write_parquet(marts / "fct_trades.parquet")
    assert run("circular_trade")["subject_ids"].to_list() == [["R1", "R2", "R3"]]


def test_rounds_are_counted_and_repetition_scores_higher(marts, run):
    def score(count):
        rows = [
            leg
            for number in range(count)
            for leg in ring(["R1", "R2", "R3"], START + timedelta(days=12 * number), timedelta(days=1), 5000)
        ]
        trades(rows).write_parquet(marts / "fct_trades.parquet")
        alerts = run("circular_trade")
        assert alerts.height == 1
        assert json.loads(alerts["measures"][0])["rounds"]["value"] == count
        return alerts["score"][0]

    assert score(3) > score(1)


def test_two_rounds_by_transfer_across_midnight_are_one_finding(marts, run):
    rows = ring(
        ["R1", "R2", "R3", "R4"], START + timedelta(hours=6), timedelta(hours=2, minutes=40), 2400, 0, 2
    )
    transfers(rows).write_parquet(marts / "fct_transfers.parquet")
    alerts = run("circular_trade")
    assert alerts["subject_ids"].to_list() == [["R1", "R2", "R3", "R4"]]
    assert json.loads(alerts["measures"][0])["rounds"]["value"] == 2


def test_acts_of_administration_are_no_ring(marts, run):
    rows = ring(["R1", "R2", "R3"], START, timedelta(days=1), 5000)
    transfers(rows, plain=False).write_parquet(marts / "fct_transfers.parquet")
    assert run("circular_trade").is_empty()


def test_a_settled_trade_is_looked_at_once(marts, run):
    rows = ring(["R1", "R2", "R3"], START, timedelta(days=1), 5000)
    frame = trades(rows)
    frame.write_parquet(marts / "fct_trades.parquet")
    transfers(rows, trade_ids=frame["trade_id"].to_list()).write_parquet(marts / "fct_transfers.parquet")
    assert run("circular_trade").height == 1


def test_slices_of_an_order_are_one_leg():
    slices = [
        (at + timedelta(minutes=minutes), source, target, quantity // 2)
        for at, source, target, quantity in ring(["A", "B", "C"], START, timedelta(days=1), 1000)
        for minutes in (0, 20)
    ]
    (found,) = rings(slices)
    assert (found.accounts, found.quantity, found.retained) == (("A", "B", "C"), 1000.0, 1.0)


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(ring(["A", "B", "C"], START, timedelta(days=1), 1000)[:2], id="never comes back"),
        pytest.param(ring(["A", "B", "C"], START, timedelta(days=6), 1000), id="too slow"),
        pytest.param(ring(["A", "B", "C"], START, timedelta(days=1), 1000, 200), id="loses too much"),
        pytest.param(ring(["A", "B", "C"], START, timedelta(days=-1), 1000), id="against time"),
        pytest.param(ring(["A", "B"], START, timedelta(days=1), 1000), id="two accounts"),
        pytest.param(ring(list("ABCDEFG"), START, timedelta(days=1), 1000), id="seven accounts"),
    ],
)
def test_what_is_no_ring(rows):
    assert rings(rows) == []


def test_dominance_is_what_an_account_trades_besides():
    """B sells 500 to others between receiving and handing on 1000; the account that began trades 250."""
    rows = ring(["A", "B", "C"], START, timedelta(days=1), 1000)
    besides = [(START + timedelta(hours=3), "B", "X", 500), (START + timedelta(hours=30), "Y", "A", 250)]
    (found,) = rings(rows + besides)
    assert found.dominance == pytest.approx(1000 / 1500)
    (found,) = rings(rows + besides[1:])
    assert found.dominance == pytest.approx(1000 / 1250)
    before = [(START - timedelta(hours=3), "B", "X", 9000), (START + timedelta(days=3), "Y", "A", 9000)]
    (found,) = rings(rows + before)
    assert found.dominance == 1.0
    assert rings([*rows, (START + timedelta(hours=3), "B", "X", 1200)]) == []


def test_the_search_agrees_with_trying_every_path():
    """On a small dense book the bounded search finds what a search over all paths finds."""
    for seed in range(5):
        rng = np.random.default_rng(seed)
        rows = []
        for _ in range(60):
            source, target = rng.choice(5, 2, replace=False)
            minute = int(rng.integers(0, 60 * 24 * 12))
            quantity = int(rng.integers(8, 12)) * 100
            rows.append((START + timedelta(minutes=minute), f"A{source}", f"A{target}", quantity))
        legs = legs_of(movements(sorted(rows)), timedelta(hours=1), 10)
        reach = Reach(days=10, retained=0.85, dominance=0.2, min_accounts=3, max_accounts=5)
        assert {found.legs for found in rings_of(legs, reach)} == every_ring(legs, reach)


def every_ring(legs, reach):
    columns = ("source", "target", "first", "last", "quantity")
    rows = [
        dict(zip(columns, leg, strict=True))
        for leg in zip(*(getattr(legs, name) for name in columns), strict=True)
    ]
    found = set()

    def besides(account, after, before):
        """What the account traded after one moment and before another."""
        return sum(
            leg["quantity"]
            for leg in rows
            if account in (leg["source"], leg["target"]) and after < leg["first"] < before
        )

    def walk(path):
        for place, leg in enumerate(rows):
            legs_so_far = [rows[number] for number in (*path, place)]
            quantities = [held["quantity"] for held in legs_so_far]
            sources = [held["source"] for held in legs_so_far]
            tip, first = rows[path[-1]], rows[path[0]]
            if (
                leg["source"] != tip["target"]
                or leg["first"] <= tip["last"]
                or leg["last"] > first["first"] + reach.days * 24 * 3600 * 1_000_000
                or min(quantities) < reach.retained * max(quantities)
                or leg["target"] in sources[1:]
            ):
                continue
            if leg["target"] != first["source"]:
                if len(legs_so_far) < reach.max_accounts:
                    walk((*path, place))
            elif len(legs_so_far) >= reach.min_accounts:
                gaps = [*pairwise(legs_so_far), (first, leg)]
                most = max(
                    besides(account, one["last"], other["first"])
                    for account, (one, other) in zip([*sources[1:], sources[0]], gaps, strict=True)
                )
                if max(quantities) / (max(quantities) + most) >= reach.dominance:
                    found.add((*path, place))

    for place in range(len(rows)):
        walk((place,))
    return found
