"""When a file came is remembered, whatever is built anew."""

from __future__ import annotations

import json
from datetime import date

import polars as pl

from pipelines.lake.deliveries import record_deliveries

FIRST, SECOND = date(2025, 3, 1), date(2025, 4, 1)


def _deliveries(delivery) -> dict[tuple[str, str], date]:
    frame = pl.read_parquet(delivery.lake / "handover" / "deliveries.parquet")
    return {(file, status): day for file, status, day in frame.select("file", "status", "received_on").rows()}


def _run(delivery, day: date) -> None:
    delivery.update()
    record_deliveries(delivery.lake, day)


def test_a_file_keeps_the_day_of_the_run_that_first_read_it(delivery):
    _run(delivery, FIRST)
    _run(delivery, SECOND)
    assert set(_deliveries(delivery).values()) == {FIRST}


def test_a_corrected_file_is_a_delivery_of_its_own(delivery):
    _run(delivery, FIRST)
    delivery.write("trades.csv", (delivery.source / "trades.csv").read_text().replace("96.00", "96.01"))
    (delivery.source / "compliance.csv").unlink()
    _run(delivery, SECOND)
    found = _deliveries(delivery)
    assert found["trades.csv", "in_force"] == SECOND
    assert found["trades.csv", "replaced"] == FIRST
    assert found["compliance.csv", "withdrawn"] == FIRST


def test_a_delivery_states_its_periods(delivery):
    _run(delivery, FIRST)
    rows = pl.read_parquet(delivery.lake / "handover" / "deliveries.parquet").filter(file="trades.csv")
    columns = ("first_period", "last_period", "period_count", "row_count", "period_end")
    assert rows.select(columns).row(0) == ("2025-01", "2025-02", 2, 3, date(2025, 2, 28))


def test_an_upgrade_that_receives_everything_anew_changes_no_day(delivery):
    _run(delivery, FIRST)
    path = delivery.lake / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"engine": "an earlier version"}))
    _run(delivery, SECOND)
    assert set(_deliveries(delivery).values()) == {FIRST}
