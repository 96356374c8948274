"""off_market_block, ledger_break, pass_through; an honest order book."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

START = datetime(2024, 3, 4, 2, 0)
TRADE_SCHEMA = {
    "trade_id": pl.String, "traded_at": pl.Datetime("us"), "trade_date": pl.Date, "instrument_id": pl.String,
    "mode": pl.String, "price": pl.Decimal(12, 2), "quantity_tco2e": pl.Int64, "buy_account_id": pl.String,
    "sell_account_id": pl.String, "buy_party_id": pl.String, "sell_party_id": pl.String,
    "previous_close": pl.Float64, "is_same_party": pl.Boolean,
}  # fmt: skip
TRANSFER_SCHEMA = {
    "transfer_id": pl.String, "transferred_at": pl.Datetime("us"), "from_account_id": pl.String,
    "to_account_id": pl.String, "unit_type": pl.String, "vintage": pl.Int64, "quantity_tco2e": pl.Int64,
    "kind": pl.String, "trade_id": pl.String, "is_plain": pl.Boolean,
}  # fmt: skip


def trade(number, at, seller, buyer, quantity, price=80.0, mode="listed", party=None, close=80.0):
    same = party is not None
    return {
        "trade_id": f"T{number:05}", "traded_at": at, "trade_date": at.date(), "instrument_id": "CEA24",
        "mode": mode, "price": f"{price:.2f}", "quantity_tco2e": quantity, "buy_account_id": buyer,
        "sell_account_id": seller, "buy_party_id": party or buyer, "sell_party_id": party or seller,
        "previous_close": close, "is_same_party": same,
    }  # fmt: skip


def transfer(number, at, source, target, quantity, kind="other", plain=True, trade_id=None):
    return {
        "transfer_id": f"M{number:05}", "transferred_at": at, "from_account_id": source,
        "to_account_id": target, "unit_type": "CEA", "vintage": 2024, "quantity_tco2e": quantity,
        "kind": kind, "trade_id": trade_id, "is_plain": plain,
    }  # fmt: skip


def settlement(number, row):
    """The transfer that settles a trade."""
    accounts = row["sell_account_id"], row["buy_account_id"]
    settled = (row["quantity_tco2e"], "trade_settlement", True, row["trade_id"])
    return transfer(number, row["traded_at"], *accounts, *settled)


def noise(count=600, accounts=40, seed=5):
    """An order book: lively accounts that meet in every order."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        seller, buyer = rng.choice(accounts, 2, replace=False)
        at = START + timedelta(minutes=int(rng.integers(0, 60 * 24 * 40)))
        rows.append(trade(number, at, f"N{seller}", f"N{buyer}", int(rng.integers(1, 60)) * 500))
    return rows


def write_trades(marts, rows):
    frame = pl.DataFrame([{**row, "price": None} for row in rows], schema=TRADE_SCHEMA)
    prices = pl.Series("price", [row["price"] for row in rows], dtype=pl.String).cast(pl.Decimal(12, 2))
    frame.with_columns(prices).write_parquet(marts / "fct_trades.parquet")


def write_transfers(marts, rows):
    transfers = pl.DataFrame(rows, schema=TRANSFER_SCHEMA)
    transfers.write_parquet(marts / "fct_transfers.parquet")
    sides = [
        transfers.select(account_id=side, moved_at="transferred_at").drop_nulls()
        for side in ("from_account_id", "to_account_id")
    ]
    before = pl.col("moved_at").shift(1).over("account_id")
    moves = pl.concat(sides).unique().sort("moved_at").with_columns(previous_moved_at=before)
    moves.filter(
        pl.col("previous_moved_at").is_null()
        | (pl.col("moved_at") - pl.col("previous_moved_at") >= timedelta(days=30))
    ).with_columns(
        pause_days=(pl.col("moved_at") - pl.col("previous_moved_at")).dt.total_days(),
        opened_on=pl.lit(None, pl.Date),
    ).write_parquet(marts / "fct_account_pauses.parquet")


@pytest.mark.parametrize("kind", ["wash_trade", "off_market_block"])
def test_an_honest_order_book_stays_silent(marts, run, kind):
    write_trades(marts, noise())
    assert run(kind).is_empty()


def history(first=0):
    """A year of ordinary transfers between old accounts, issued long before."""
    rows = [transfer(first, datetime(2022, 1, 1), None, "OLD0", 10**7, "issuance", False)]
    for n in range(1, 120):
        at = datetime(2022, 1, 1) + timedelta(days=6 * n)
        rows.append(transfer(first + n, at, f"OLD{(n - 1) % 7}", f"OLD{n % 7}", 20_000 + 100 * n))
    return rows


def test_pass_through_finds_a_rush_through_young_accounts(marts, run):
    chain = ["OLD3", "Y1", "Y2", "Y3", "SINK"]
    planted = [
        transfer(900 + n, datetime(2023, 6, 1, 12) + timedelta(hours=n), chain[n], chain[n + 1], 400_000)
        for n in range(4)
    ]
    write_transfers(marts, history() + planted)
    alerts = run("pass_through")
    assert alerts.height == 1
    assert {"Y1", "Y2", "Y3"} <= set(alerts["subject_ids"][0])
    measures = json.loads(alerts["measures"][0])
    assert measures["relays"]["value"] == 3
    assert len(json.loads(alerts["evidence"][0])[0]["rows"]) == 4


def test_pass_through_leaves_slow_chains_and_old_lively_accounts_alone(marts, run):
    chain = ["OLD3", "Y1", "Y2", "Y3", "SINK"]
    slow = [
        transfer(900 + n, datetime(2023, 6, 1, 12) + timedelta(days=9 * n), chain[n], chain[n + 1], 400_000)
        for n in range(4)
    ]
    lively = [
        transfer(950 + n, datetime(2023, 7, 1, 12) + timedelta(hours=n), f"OLD{n}", f"OLD{n + 1}", 400_000)
        for n in range(4)
    ]
    write_transfers(marts, history() + slow + lively)
    assert run("pass_through").is_empty()


def test_pass_through_takes_an_account_that_had_long_been_idle_or_was_just_opened(marts, run):
    chain = ["OLD3", "A1", "A2", "SINK"]
    first = [
        transfer(800 + n, datetime(2022, 1, 3), "OLD3", account, 10) for n, account in enumerate(chain[1:3])
    ]
    rush = [
        transfer(900 + n, datetime(2022, 3, 20, 12) + timedelta(hours=n), chain[n], chain[n + 1], 400_000)
        for n in range(3)
    ]
    # Idle for 76 days, and first seen when the data begins, so that nothing says how old they are.
    write_transfers(marts, history() + first + rush)
    assert run("pass_through").is_empty()
    pauses = pl.read_parquet(marts / "fct_account_pauses.parquet")
    opened = pl.when(pl.col("account_id").is_in(chain[1:3])).then(date(2022, 1, 2))
    pauses.with_columns(opened_on=opened).write_parquet(marts / "fct_account_pauses.parquet")
    young = run("pass_through").row(0, named=True)
    assert json.loads(young["measures"])["young_accounts"]["value"] == 2
    later = [row | {"transferred_at": row["transferred_at"] + timedelta(days=150)} for row in rush]
    write_transfers(marts, history() + first + later)
    idle = run("pass_through").row(0, named=True)
    assert json.loads(idle["measures"])["dormant_accounts"]["value"] == 2


def block_trades(count=40, seed=3):
    rng = np.random.default_rng(seed)
    return [
        trade(n, START + timedelta(days=n), "S", "B", 200_000, 80 * (1 - rng.normal(0.035, 0.02)), "block")
        for n in range(count)
    ]


def test_off_market_block_finds_a_price_far_from_the_usual_discount(marts, run):
    rows = [*block_trades(), trade(90, START + timedelta(days=60), "X", "Y", 300000, 56.0, "block")]
    write_trades(marts, rows)
    alerts = run("off_market_block")
    assert alerts.height == 1
    assert {"X", "Y"} <= set(alerts["subject_ids"][0])


@pytest.mark.parametrize(("price", "stated"), [(56.0, "-30.0%"), (100.0, "+25.0%")])
def test_a_block_is_said_to_lie_on_the_side_of_the_close_on_which_it_lies(marts, run, price, stated):
    write_trades(
        marts, [*block_trades(), trade(90, START + timedelta(days=60), "X", "Y", 300000, price, "block")]
    )
    (alert,) = run("off_market_block").to_dicts()
    assert f"{stated} against the previous close" in alert["title_en"]
    assert f"较前收盘价 {stated}" in alert["title_zh"]


def test_off_market_block_takes_usual_discounts_as_usual(marts, run):
    write_trades(
        marts, [*block_trades(), trade(90, START + timedelta(days=60), "X", "Y", 300000, 75.0, "block")]
    )
    assert run("off_market_block").is_empty()


def settlement_break(number, **more):
    """A trade of 1,000 t of which 700 t were settled, in a month that settles nearly all its trades."""
    return {
        "record_type": "trade",
        "date": date(2024, 3, 8),
        "trade_id": f"T{number}",
        "sell_account_id": "S",
        "buy_account_id": "B",
        "traded_tco2e": 1000,
        "settled_tco2e": 700,
        "moved_tco2e": 700,
        "transfer_ids_json": f'["X{number}"]',
        "open_days": 20,
        "settled_share": 0.99,
        **more,
    }


def test_ledger_break_joins_the_breaks_of_a_pair_and_day(marts, run):
    row = trade(1, START, "S", "B", 1000)
    write_trades(marts, [row])
    write_transfers(marts, [settlement(1, row)])
    assert run("ledger_break").is_empty()
    breaks = [
        settlement_break(1),
        settlement_break(2, settled_tco2e=0, moved_tco2e=0, transfer_ids_json=None),
        settlement_break(3, sell_account_id="young", open_days=1),
        settlement_break(4, sell_account_id="unsettled_month", settled_share=0.4),
        settlement_break(5, sell_account_id="no_trade", record_type="transfer", open_days=None),
    ]
    pl.DataFrame(breaks).write_parquet(marts / "fct_settlement_breaks.parquet")
    alerts = run("ledger_break")
    assert [set(subjects) for subjects in alerts["subject_ids"]] == [{"S", "B"}]
    measures = json.loads(alerts["measures"][0])
    assert {name: figure["value"] for name, figure in measures.items()} == {
        "traded": 2000,
        "settled": 700,
        "moved": 700,
        "trades": 2,
    }
    evidence = {entry["table"]: entry["rows"] for entry in json.loads(alerts["evidence"][0])}
    assert evidence == {"trades": [["T1"], ["T2"]], "transfers": [["X1"]]}
