"""A market day that changes nothing but a reference price reaches the trades that are compared with it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from polars.testing import assert_frame_equal

BUILD = (
    "build",
    "--exclude-resource-type",
    "unit_test",
    "test",
    "--select",
    "+fct_trades",
    "+fct_price_faults",
)
MONTHS = [date(2024, 11, 1), date(2024, 12, 1), date(2025, 1, 1), date(2025, 2, 1)]


def market_days(january: str) -> list[dict]:
    """One day a month with an opening price alone: nothing but the median of the month follows from it."""
    return [
        {"date": month.replace(day=10), "instrument_id": "CEA24",
         "open": Decimal(january) if month == MONTHS[2] else Decimal("90.00")}
        for month in MONTHS
    ]  # fmt: skip


def trades(quantity: int = 100) -> list[dict]:
    """One trade a month, and one on New Year's Day in Shanghai, which is still December in UTC."""
    moments = {
        "NOVEMBER": datetime(2024, 11, 20, 2), "NEW_YEAR": datetime(2024, 12, 31, 17),
        "JANUARY": datetime(2025, 1, 20, 2), "FEBRUARY": datetime(2025, 2, 20, 2),
    }  # fmt: skip
    return [
        {"trade_id": name, "ts": moment, "instrument_id": "CEA24", "mode": "listed", "price": Decimal(90),
         "quantity": quantity if name == "NOVEMBER" else 100, "buy_account_id": "A1", "sell_account_id": "A2"}
        for name, moment in moments.items()
    ]  # fmt: skip


def test_trades_of_its_month_are_judged_anew_and_earlier_ones_stay(new_lake, new_dbt):
    lake = new_lake(
        accounts=[{"account_id": f"A{n}", "holder_id": f"F{n}", "holder_type": "financial"} for n in (1, 2)],
        instruments=[
            {"instrument_id": "CEA24", "unit_type": "CEA", "vintage": 2024, "tick": Decimal("0.01"), "lot": 1}
        ],
        market_days=market_days("90.00"),
        trades=trades(),
    )
    dbt = new_dbt(lake, "incremental")
    dbt(*BUILD)
    assert dbt.table("fct_trades")["price_fault"].null_count() == 4

    lake.keep("market_days", market_days("9.00"))
    # Rows of a period that did not change: a build that read them would take this quantity along.
    lake.keep("trades", trades(quantity=7))
    dbt(*BUILD, changed={"market_days": ["2025-01"]})
    lake.keep("trades", trades())
    rebuilt = new_dbt(lake, "rebuilt")
    rebuilt(*BUILD)

    found = dbt.table("fct_trades")
    assert dict(found.select("trade_id", "price_fault").rows()) == {
        "NOVEMBER": None, "NEW_YEAR": "unit_of_measure", "JANUARY": "unit_of_measure", "FEBRUARY": None,
    }  # fmt: skip
    for name in ("fct_trades", "fct_price_faults", "fct_market_days"):
        assert_frame_equal(dbt.table(name), rebuilt.table(name), check_row_order=False)
