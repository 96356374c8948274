"""Parties follow the relations of the day; a changed relation rewrites only the periods that it reaches."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import duckdb
import polars as pl
import pytest

from tests.dbt.conftest import Dbt, Lake

BUILD = ("build", "--exclude-resource-type", "unit_test", "test", "--select")
FACTS = ("+fct_trades", "+fct_transfers", "+fct_party_holdings")
MONTHS = ("2022-03", "2024-11", "2025-02", "2025-06")


def entity(code: str, **more: Any) -> dict[str, Any]:
    return {
        "entity_id": code,
        "entity_name": code,
        "sector": "power",
        "province_code": "110000",
        "status": "listed",
        **more,
    }


def moment(month: str) -> datetime:
    return datetime.fromisoformat(f"{month}-10T02:00:00")


@pytest.fixture
def lake(new_lake: Any) -> Lake:
    """A1 of group G and A2 trade in every month, A3 sells to A1 in one; A1 gives A2 ten tonnes in each."""
    pairs = [("A1", "A2", month) for month in MONTHS] + [("A1", "A3", "2024-11")]
    return new_lake(
        entities=[entity("E1", group_id="G"), entity("E2"), entity("E3")],
        accounts=[
            {"account_id": f"A{n}", "holder_id": f"E{n}", "holder_type": "compliance"} for n in (1, 2, 3)
        ],
        trades=[
            {
                "trade_id": f"T{number}",
                "ts": moment(month),
                "instrument_id": "CEA24",
                "mode": "listed",
                "price": 90,
                "quantity": 10,
                "buy_account_id": buyer,
                "sell_account_id": seller,
            }
            for number, (buyer, seller, month) in enumerate(pairs)
        ],
        transfers=[
            {
                "transfer_id": f"X{number}",
                "ts": moment(month),
                "from_account": "A1",
                "to_account": "A2",
                "unit_type": "CEA",
                "quantity": 10,
                "kind": "gift",
            }
            for number, month in enumerate(MONTHS)
        ],
    )


def relation(**more: Any) -> dict[str, Any]:
    return {
        "subject_type": "entity",
        "subject_id": "E2",
        "controller_id": "G",
        "relation": "ownership",
        "valid_from": date(2025, 3, 1),
        **more,
    }


def rewritten(dbt: Dbt, **changed: list[str]) -> dict[str, set[str]]:
    """Periods whose rows a build writes again, by table: their marks are gone afterwards."""
    marks = {"fct_trades": ("aggressor", "'kept'"), "fct_transfers": ("vintage", "-1")}
    with duckdb.connect(str(dbt.warehouse)) as connection:
        for table, (column, mark) in marks.items():
            connection.execute(f"update {table} set {column} = {mark}")
    dbt(*BUILD, *FACTS, changed=changed)
    with duckdb.connect(str(dbt.warehouse), read_only=True) as connection:
        return {
            table: {
                period
                for (period,) in connection.execute(
                    f"select distinct period from {table} where {column} is distinct from {mark}"
                ).fetchall()
            }
            for table, (column, mark) in marks.items()
        }


def same_party(dbt: Dbt) -> set[str]:
    return set(dbt.table("fct_trades").filter("is_same_party")["period"])


def test_only_the_periods_that_a_relation_reaches_are_rewritten(lake: Lake, new_dbt: Any):
    dbt = new_dbt(lake)
    dbt(*BUILD, *FACTS)
    assert same_party(dbt) == set()

    # One more entity with an account that moved nothing.
    lake.keep(
        "entities",
        pl.concat(
            [lake.kept("entities"), lake.kept("entities").tail(1).with_columns(entity_id=pl.lit("E4"))]
        ),
    )
    more = lake.kept("accounts").tail(1).with_columns(account_id=pl.lit("A4"), holder_id=pl.lit("E4"))
    lake.keep("accounts", pl.concat([lake.kept("accounts"), more]))
    nothing: set[str] = set()
    assert rewritten(dbt, accounts=["all"], entities=["all"]) == {
        "fct_trades": nothing,
        "fct_transfers": nothing,
    }

    # A takeover in 2025 makes no earlier trade one between a party and itself.
    lake.keep("control_relations", [relation()])
    assert rewritten(dbt, control_relations=["all"]) == {
        "fct_trades": {"2025-06"},
        "fct_transfers": {"2025-06"},
    }
    assert same_party(dbt) == {"2025-06"}
    balances = dbt.table("fct_party_holdings").filter(party_id="G").sort("date")
    assert balances.select("date", "movement_tco2e", "reassigned_tco2e", "balance_tco2e").rows() == [
        (date(2022, 3, 10), -10, 0, -10),
        (date(2024, 11, 10), -10, 0, -20),
        (date(2025, 2, 10), -10, 0, -30),
        (date(2025, 3, 1), 0, 30, 0),
    ]

    # The relation began earlier and ended: its first and its former last month change, no other.
    lake.keep("control_relations", [relation(valid_from=date(2024, 11, 1), valid_to=date(2025, 2, 9))])
    assert rewritten(dbt, control_relations=["all"])["fct_trades"] == {"2024-11", "2025-06"}
    assert same_party(dbt) == {"2024-11"}

    # Another controller of an account in the directory: the one month of its trade.
    accounts = lake.kept("accounts")
    named = pl.when(pl.col("account_id") == "A3").then(pl.lit("C")).otherwise("controller_id")
    lake.keep("accounts", accounts.with_columns(named.alias("controller_id")))
    assert rewritten(dbt, accounts=["all"]) == {"fct_trades": {"2024-11"}, "fct_transfers": nothing}

    rebuilt = new_dbt(lake, "rebuilt")
    rebuilt(*BUILD, *FACTS)
    for name in ("dim_control", "fct_party_holdings"):
        assert dbt.table(name).equals(rebuilt.table(name))
    compared = ["trade_id", "buy_party_id", "sell_party_id", "is_same_party"]
    ours, theirs = (one.table("fct_trades").select(compared).sort("trade_id") for one in (dbt, rebuilt))
    assert ours.equals(theirs)
