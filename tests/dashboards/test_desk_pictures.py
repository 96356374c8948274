"""The picture of an alert contains the finding itself."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import polars as pl
import pytest

from dashboards.charts import detail, ledger, output, reports
from dashboards.language import Words

EN = Words("en")
MONTHS = [dt.date(2025, month, 1) for month in (1, 2, 3)]


def drawn(chart: Any) -> list[dict[str, Any]]:
    """All rows of a picture's data."""
    assert chart is not None
    return [row for values in json.loads(chart.to_json())["datasets"].values() for row in values]


def test_a_mass_balance_gap_shows_every_reference_and_the_laboratory():
    figures = {"fuel_emissions_tco2": 98.0, "metered_emissions_tco2": 99.0, "cems_emissions_tco2": 101.0}
    rows = pl.DataFrame(
        [
            {"unit_id": "U", "month": month, "reported_emissions_tco2": 70.0, "lab_emissions_tco2": 103.0,
             "marked": month > MONTHS[0], **figures}
            for month in MONTHS
        ]
    )  # fmt: skip
    points = [row for row in drawn(reports.monthly(rows, EN)) if "series" in row]
    by_series = {row["series"]: row["tonnes"] for row in points}
    assert by_series == {
        "Reported": 70, "By the declared fuel": 98, "Metered": 99, "By the laboratory": 103, "CEMS": 101,
    }  # fmt: skip


def test_a_block_shows_its_own_price_beside_the_closes():
    days = pl.DataFrame(
        {
            "date": MONTHS,
            "instrument_id": "CEA24",
            "close": [80.0, 81.0, 82.0],
            "marked": [False, True, False],
        }
    )
    deals = pl.DataFrame(
        {"date": MONTHS[1:2], "instrument_id": ["CEA24"], "price": [96.3], "quantity": [155_000]}
    )
    rows = drawn(detail.marked_prices(days, deals, EN, "CNY"))
    (own,) = [row for row in rows if "price" in row]
    assert (own["price"], own["quantity"], own["date"][:10]) == (96.3, 155_000, "2025-02-01")
    assert drawn(detail.marked_prices(days, deals.clear(), EN, "CNY"))


def test_a_ledger_break_shows_what_is_not_settled():
    trades = pl.DataFrame({"trade_id": ["T-1", "T-2"], "quantity_tco2e": [51, 10]})
    moved = pl.DataFrame({"trade_id": ["T-1", "T-1", "T-2"], "quantity_tco2e": [20, 6, 10]})
    rows = ledger.balance(trades, moved)
    assert rows.row(0, named=True) == {"trade_id": "T-1", "traded": 51, "settled": 26, "difference": 25}
    shown = {
        (row["trade_id"], row["side"]): row["tonnes"]
        for row in drawn(ledger.traded_settled(trades, moved, EN))
    }
    assert shown["T-1", "Difference"] == 25 and shown["T-2", "Difference"] == 0
    assert ledger.balance(trades, None)["difference"].to_list() == [51, 10]


def months(**columns: Any) -> pl.DataFrame:
    base = {name: [None] * 3 for name in output.COLUMNS} | {"month": MONTHS, "marked": [False, True, True]}
    return pl.DataFrame(
        base | columns, strict=False, schema_overrides=dict.fromkeys(output.COLUMNS, pl.Float64)
    )


def test_an_output_above_its_meter_shows_output_and_not_emissions():
    rows = months(
        electricity_generated_mwh=[100.0, 101.0, 100.0],
        metered_electricity_at_most_mwh=[100.0, 100.0, 100.0],
        heat_supplied_gj=[10.0, 14.0, 15.0],
        metered_heat_at_most_gj=[10.0, 10.0, 10.0],
    )
    shown = {
        (row["month"][:7], row["series"]): row["value"]
        for row in drawn(output.declared_metered(rows, EN))
        if "series" in row
    }
    assert shown["2025-03", "Declared"] == 15 and shown["2025-03", "Metered"] == 10


def test_a_drop_of_inputs_shows_them_per_output_as_a_share_of_the_usual():
    rows = months(electricity_generated_mwh=[100.0, 100.0, 200.0], fuel_energy_gj=[900.0, 600.0, 1_260.0])
    shown = {
        row["month"][:7]: row["value"] for row in drawn(output.inputs_per_output(rows, EN)) if "value" in row
    }
    assert shown == pytest.approx({"2025-01": 100, "2025-02": 200 / 3, "2025-03": 70})


def test_a_late_and_a_missing_report_show_lateness():
    rows = pl.DataFrame(
        {
            "period_start": MONTHS,
            "state": ["on_time", "late", "missing"],
            "days_late": [0, 24, None],
            "due_on": [dt.date(2025, 3, 12)] * 3,
        }
    )
    shown = {
        row["period_start"][:7]: (row["name"], row["days"]) for row in drawn(reports.obligations(rows, EN))
    }
    assert shown == {"2025-01": ("On time", 0), "2025-02": ("Late", 24), "2025-03": ("Missing", 0)}
    assert reports.obligations(rows.filter(pl.col("state") == "unknown"), EN) is None
