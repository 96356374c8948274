"""A quantity that stands for none is no quantity: it enters no sum and accuses nobody, and is named."""

from __future__ import annotations

from datetime import date

AS_OF = date(2025, 6, 30)
MARTS = ("fct_trades", "fct_transfers", "fct_holdings", "fct_settlement_breaks", "fct_price_faults")
ENTITIES = [
    {"entity_id": "E1", "entity_name": "Plant", "sector": "power", "province_code": "110000",
     "status": "listed"}
]  # fmt: skip
ACCOUNTS = [{"account_id": f"A{n}", "holder_id": f"F{n}", "holder_type": "financial"} for n in (1, 2)]
INSTRUMENTS = [
    {"instrument_id": "CEA24", "unit_type": "CEA", "vintage": 2024, "tick": 0.01, "lot": 1},
]


def trade(name: str, day: str, quantity: int) -> dict[str, object]:
    return {
        "trade_id": name, "ts": f"{day}T10:00:00+08:00", "instrument_id": "CEA24", "mode": "listed",
        "price": 80, "quantity": quantity, "buy_account_id": "A1", "sell_account_id": "A2",
    }  # fmt: skip


def transfer(of: dict[str, object], **changed: object) -> dict[str, object]:
    row = {
        "transfer_id": f"X{of['trade_id']}", "ts": of["ts"], "from_account": "A2", "to_account": "A1",
        "unit_type": "CEA", "vintage": 2024, "quantity": of["quantity"], "kind": "trade_settlement",
        "trade_id": of["trade_id"],
    }  # fmt: skip
    return row | changed


# One run of lake and warehouse for the whole path from a file to its alerts. That an unsettled trade of a
# known quantity is found is shown by the unit test of the mart.
def test_placeholders_accuse_nobody_and_are_named(write_source, supervised):
    """January has three trades of 9,999 t beside 100 to 124 t; February a single one, which is a trade.

    The three were settled by other quantities; one settlement of February does not name its sender.
    """
    plain = [trade(f"P{month}{n}", f"2025-0{month}-10", 100 + n) for month in (1, 2) for n in range(25)]
    nines = [trade(f"N{n}", "2025-01-15", 9_999) for n in range(3)]
    lone, half = trade("LONE", "2025-02-12", 9_999), trade("HALF", "2025-02-12", 110)
    settled = [transfer(row) for row in [*plain, lone]]
    settled += [transfer(row, quantity=120 + n) for n, row in enumerate(nines)]
    settled += [transfer(half, from_account=None)]
    issued = trade("ISSUED", "2024-12-01", 1_000_000)
    impossible = trade("TOO_MUCH", "2025-01-20", 20_000_000_001)
    source = write_source(
        entities=ENTITIES, accounts=ACCOUNTS, instruments=INSTRUMENTS,
        trades=[*plain, *nines, lone, half, trade("NOTHING", "2025-02-13", 0)],
        transfers=[
            transfer(issued, from_account=None, to_account="A2", kind="issuance", trade_id=None),
            transfer(impossible, kind="other", trade_id=None),
            *settled,
        ],
    )  # fmt: skip
    market = supervised(source, AS_OF, *MARTS)

    assert market.alerts("ledger_break").is_empty()
    assert market.mart("fct_settlement_breaks").is_empty()
    faults = market.mart("fct_price_faults").select("source_table", "fault", "figures", "highest")
    assert sorted(faults.rows()) == [
        ("trades", "impossible_value", 1, 0.0),
        ("trades", "placeholder", 3, 9_999.0),
        ("transfers", "impossible_value", 1, 20_000_000_001.0),
    ]
    traded = 2 * sum(range(100, 125)) + 9_999
    moved = traded + 120 + 121 + 122
    assert market.mart("fct_trades")["quantity_tco2e"].sum() == traded + 110
    held = market.mart("fct_holdings").sort("date").group_by("account_id").last()
    assert dict(held.select("account_id", "balance_tco2e").rows()) == {
        "A1": moved + 110,
        "A2": 1_000_000 - moved,
    }
