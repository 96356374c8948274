"""wash_trade: what chance explains, what it does not, and sets whose trades cancel."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from anomaly.core.parts import Parts
from anomaly.core.policy import load_policy
from anomaly.detectors.manipulation.wash_trade.book import Trades
from anomaly.detectors.manipulation.wash_trade.closing import alike_share, cancelling_probability
from anomaly.detectors.manipulation.wash_trade.limits import Limits
from anomaly.detectors.manipulation.wash_trade.meetings import suspect_sets
from anomaly.detectors.manipulation.wash_trade.one_party import one_party_rows
from anomaly.detectors.manipulation.wash_trade.rates import expected_within_parties

START = datetime(2024, 3, 4, 2, 0)
LIMITS = Limits(**load_policy().detectors["wash_trade"].values)


def book(count=3000, accounts=80, days=180, seed=11, skew=0.0):
    """An anonymous order book: `skew` makes some accounts much livelier than others."""
    rng = np.random.default_rng(seed)
    weight = rng.pareto(1.2, accounts) + 0.1 if skew else np.ones(accounts)
    sides = rng.choice(accounts, (count, 2), p=weight / weight.sum())
    sides = sides[sides[:, 0] != sides[:, 1]]
    minutes = np.sort(rng.integers(0, 240, len(sides))) + 1440 * np.sort(rng.integers(0, days, len(sides)))
    quantity = rng.integers(1, 60, len(sides)) * 100
    return [
        (START + timedelta(minutes=int(minute)), f"N{seller:03}", f"N{buyer:03}", int(amount))
        for minute, (seller, buyer), amount in zip(minutes, sides, quantity, strict=True)
    ]


def frame(rows, parties=None, mode="listed"):
    """Trades from (time, seller, buyer, quantity[, mode]); `parties` maps accounts to their controller."""
    parties = parties or {}
    rows = sorted(rows)
    seller, buyer = [row[1] for row in rows], [row[2] for row in rows]
    return pl.DataFrame(
        {
            "trade_id": [f"T{number:06}" for number in range(len(rows))],
            "traded_at": pl.Series([row[0] for row in rows], dtype=pl.Datetime("us")),
            "instrument_id": ["CEA24"] * len(rows),
            "mode": [row[4] if len(row) > 4 else mode for row in rows],
            "price": [80.0] * len(rows),
            "quantity_tco2e": [row[3] for row in rows],
            "sell_account_id": seller,
            "buy_account_id": buyer,
            "sell_party_id": [parties.get(name, name) for name in seller],
            "buy_party_id": [parties.get(name, name) for name in buyer],
        }
    ).with_columns(is_same_party=pl.col("sell_party_id") == pl.col("buy_party_id"))


def write(marts, rows, **options):
    frame(rows, **options).write_parquet(marts / "fct_trades.parquet")


def closed_set(accounts, deals, start, hours=6, seed=2):
    """Deals between a set's members: each comes back later between the same two."""
    rng = np.random.default_rng(seed)
    out = []
    for _ in range(deals // 2):
        one, other = rng.choice(accounts, 2, replace=False)
        out.append((str(one), str(other), int(rng.integers(900, 2500))))
    back = [(buyer, seller, quantity) for seller, buyer, quantity in out]
    order = [out[n] for n in rng.permutation(len(out))] + [back[n] for n in rng.permutation(len(back))]
    return [(start + timedelta(hours=hours * n), *deal) for n, deal in enumerate(order)]


@pytest.mark.parametrize("skew", [0.0, 1.0])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_anonymous_book_stays_silent_even_where_few_accounts_are_the_market(marts, run, seed, skew):
    write(marts, book(seed=seed, skew=skew))
    assert run("wash_trade").is_empty()


def test_groups_that_meet_by_chance_are_left_out(marts, run):
    """Forty groups of two accounts in a lively book meet themselves often enough, and none is reported."""
    parties = {f"N{number:03}": f"G{number // 2}" for number in range(80)}
    rows = book(seed=4)
    met = frame(rows, parties)["is_same_party"].sum()
    assert met > 20
    write(marts, rows, parties=parties)
    assert run("wash_trade").is_empty()


def test_the_expectation_is_what_free_mixing_gives():
    parties = {f"N{number:03}": f"G{number // 2}" for number in range(80)}
    expected, met = 0.0, 0
    for seed in range(20):
        trades = frame(book(seed=seed, skew=1.0), parties)
        expected += expected_within_parties(trades.lazy())["expected"].sum()
        met += trades["is_same_party"].sum()
    assert expected == pytest.approx(met, rel=0.1)


def test_repeated_meetings_of_one_controller_stand_out_and_state_what_chance_gives(marts, run):
    planted = [
        (START + timedelta(days=30 + 2 * n), *(("W1", "W2") if n % 2 else ("W2", "W1")), 3000)
        for n in range(5)
    ]
    write(marts, book() + planted, parties={"W1": "GROUP", "W2": "GROUP"})
    alert = run("wash_trade").row(0, named=True)
    assert alert["subject_ids"] == ["GROUP", "W1", "W2"]
    assert alert["p_value"] < 0.01
    measures = json.loads(alert["measures"])
    assert measures["trades"]["value"] == 5 and 0 < measures["meetings_by_chance"]["value"] < 1


def test_one_account_on_both_sides_is_never_chance(marts, run):
    write(marts, [*book(), (START + timedelta(days=3), "W1", "W1", 500)])
    alerts = run("wash_trade")
    assert alerts["subject_ids"].to_list() == [["W1"]]
    assert alerts["score"][0] >= 0.8


def to_and_fro(one, other, count, start, quantity=3000, **extra):
    """Trades between two accounts, out and back in turn."""
    sides = [(one, other), (other, one)]
    return [(start + timedelta(hours=5 * n), *sides[n % 2], quantity, *extra.values()) for n in range(count)]


def test_blocks_within_a_group_count_where_they_come_back(marts, run):
    lone = (START + timedelta(days=3), "N001", "N002", 200_000, "block")
    back = (START + timedelta(days=5), "N002", "N001", 200_000, "block")
    parties = {"N001": "GROUP", "N002": "GROUP"}
    write(marts, [*book(count=300), lone, back], parties=parties)
    assert run("wash_trade")["subject_ids"].to_list() == [["GROUP", "N001", "N002"]]
    write(marts, [*book(count=300), lone], parties=parties)
    assert run("wash_trade").is_empty()
    held = list(one_party_rows(frame([*book(count=300), lone], parties).lazy(), LIMITS))
    assert [(row["accounts"], row["is_alert"]) for row in held] == [(["N001", "N002"], False)]


def test_a_series_in_one_direction_within_a_party_is_a_candidate_only(marts, run):
    planted = [(START + timedelta(days=30, hours=n), "W1", "W2", 3000) for n in range(8)]
    parties = {"W1": "GROUP", "W2": "GROUP"}
    write(marts, book() + planted, parties=parties)
    assert run("wash_trade").is_empty()
    held = list(one_party_rows(frame(book() + planted, parties).lazy(), LIMITS))
    assert [(row["trades"], row["is_alert"]) for row in held] == [(8, False)]


def test_two_trades_that_cancel_exactly_may_be_chance(marts, run):
    """The chance of two directions to cancel is one half, however exactly their quantities agree."""
    parties = {f"N{number:03}": f"G{number // 2}" for number in range(80)}
    pair = to_and_fro("N000", "N001", 2, START + timedelta(days=30), quantity=1200)
    write(marts, book() + pair, parties=parties)
    assert run("wash_trade").is_empty()


def test_other_meetings_of_the_group_do_not_hide_a_pair_that_closes(marts, run):
    """A large group moves a position in the weeks in which two of its accounts trade to and fro."""
    parties = {name: "GROUP" for name in ("W1", "W2", "W3", "W4")}
    moved = [(START + timedelta(days=30, hours=7 * n), "W3", "W4", 40_000) for n in range(6)]
    write(marts, book() + to_and_fro("W1", "W2", 8, START + timedelta(days=30)) + moved, parties=parties)
    assert run("wash_trade")["subject_ids"].to_list() == [["GROUP", "W1", "W2"]]


def test_a_ring_within_a_party_is_left_to_circular_trade(marts, run):
    ring = [
        (START + timedelta(days=30, hours=n), f"W{n % 3}", f"W{(n + 1) % 3}", 3000 - 10 * n) for n in range(3)
    ]
    write(marts, book() + ring, parties={f"W{n}": "GROUP" for n in range(3)})
    assert run("wash_trade").is_empty()


@pytest.mark.parametrize(("year", "found"), [(2022, []), (2026, [["GROUP", "W1", "W2"]])])
def test_a_takeover_changes_no_trade_before_it(marts, run, year, found):
    """Two accounts of one controller since 2025 trade to and fro; in 2022 they had two controllers.

    The party of a trade is that of its day; the relation that holds today says nothing about earlier trades.
    """
    shift = datetime(year, 3, 7, 2, 0) - START
    rows = [(at + shift, *rest) for at, *rest in book()]
    start = START + shift + timedelta(days=30)
    noise = frame(rows)
    pair = frame(to_and_fro("W1", "W2", 3, start), {"W1": "GROUP", "W2": "GROUP" if year >= 2025 else "OLD"})
    pair = pair.with_columns(trade_id=pl.format("P{}", "trade_id"))
    pl.concat([noise, pair]).write_parquet(marts / "fct_trades.parquet")
    assert run("wash_trade")["subject_ids"].to_list() == found


def test_an_account_belongs_to_the_party_that_its_trades_of_the_week_name():
    """Half of the accounts change hands between the first and the second part of the year."""
    rows = book(count=4000)
    middle = START + timedelta(days=91)
    before = frame([row for row in rows if row[0] < middle])
    paired = {f"N{number:03}": f"G{number // 2}" for number in range(80)}
    after = frame([row for row in rows if row[0] >= middle], paired)
    expected = expected_within_parties(pl.concat([before, after]).lazy())
    assert expected["week"].min() >= middle - timedelta(days=7)
    assert expected["expected"].sum() == pytest.approx(after["is_same_party"].sum(), rel=0.5)


def test_quantities_are_alike_within_the_margin():
    assert alike_share(np.array([100.0, 104.0, 200.0, 1000.0]), 0.05) == pytest.approx(6 / 16)
    assert alike_share(np.full(10, 7.0), 0.05) == 1.0


@pytest.mark.parametrize(("size", "deals"), [(4, 60), (5, 60), (6, 80)])
def test_a_closed_set_that_is_most_of_the_market_is_found(marts, run, size, deals):
    accounts = [f"W{number}" for number in range(size)]
    thin = book(count=1200, accounts=40)
    write(marts, thin + closed_set(accounts, deals, START + timedelta(days=60), hours=6))
    assert run("wash_trade")["subject_ids"].to_list() == [accounts]


@pytest.mark.parametrize(("size", "deals"), [(2, 12), (3, 18), (5, 48)])
def test_a_closed_set_is_found_with_its_members_and_trades(marts, run, size, deals):
    accounts = [f"W{number}" for number in range(size)]
    # Its members trade with others too, now and then.
    around = [
        (START + timedelta(days=61 + n), account, f"N{n:03}", 700) for n, account in enumerate(accounts)
    ]
    write(marts, book() + around + closed_set(accounts, deals, START + timedelta(days=60)))
    alerts = run("wash_trade")
    assert alerts["subject_ids"].to_list() == [accounts]
    measures = json.loads(alerts["measures"][0])
    assert measures["trades"]["value"] == deals
    assert measures["trades"]["value"] > 3 * measures["meetings_by_chance"]["value"]
    assert alerts["p_value"][0] < 0.01


def test_a_market_of_blocks_alone_is_looked_at(marts, run):
    rows = [(START + timedelta(days=n), f"N{n}", f"N{n + 1}", 1000) for n in range(6)]
    back = (START + timedelta(days=9), "N3", "N2", 1000)
    write(marts, [*rows, back], mode="block", parties={"N2": "GROUP", "N3": "GROUP"})
    assert run("wash_trade")["subject_ids"].to_list() == [["GROUP", "N2", "N3"]]


def test_a_set_need_not_cancel_to_the_last_tonne(marts, run):
    deals = closed_set(["W0", "W1"], 12, START + timedelta(days=60))
    frayed = [
        (at, seller, buyer, quantity + 7 * (n % 3)) for n, (at, seller, buyer, quantity) in enumerate(deals)
    ]
    write(marts, book() + frayed)
    assert run("wash_trade")["subject_ids"].to_list() == [["W0", "W1"]]


def test_a_steady_supplier_meets_often_and_is_left_alone(marts, run):
    rows = [(START + timedelta(days=60, hours=6 * n), "S", "B", 1000 + 10 * n) for n in range(30)]
    write(marts, book() + rows)
    assert run("wash_trade").is_empty()


def test_suspect_sets_are_the_same_whatever_the_order_of_rows():
    trades = frame(book() + closed_set(["W0", "W1", "W2"], 24, START + timedelta(days=60)))
    again = trades.sample(fraction=1.0, shuffle=True, seed=1)
    found, same = (suspect_sets(Trades.of(rows), LIMITS, Parts().once) for rows in (trades, again))
    assert found == same and found[0].accounts == ("W0", "W1", "W2")


def test_the_chance_of_cancelling_is_that_of_random_directions():
    rng = np.random.default_rng(3)
    quantity = rng.integers(500, 3000, 40).astype(float)
    chances = []
    for _ in range(400):
        gain = quantity * rng.choice([-1.0, 1.0], 40)
        chances.append(cancelling_probability(np.column_stack([gain, -gain])))
    assert np.mean(chances) == pytest.approx(0.5, abs=0.05)
    assert np.mean(np.array(chances) <= 0.1) == pytest.approx(0.1, abs=0.04)
