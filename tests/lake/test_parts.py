"""Kept files are links to what was received, for as long as all its rows count."""

from __future__ import annotations

import io
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

HEADER = "trade_id,ts,instrument_id,mode,price,quantity,buy_account_id,sell_account_id"


def _day(name: str, day: int) -> str:
    return f"{HEADER}\n{name},2025-02-{day:02d}T09:33:00+08:00,CEA24,listed,95.00,100,A1,A2\n"


def _files(delivery, table: str) -> dict[str, int]:
    """Inodes of the kept files that hold rows."""
    folder = delivery.lake / "kept" / table
    return {
        str(path.relative_to(folder)): path.stat().st_ino
        for path in folder.glob("*/*.parquet")
        if path.name != "empty.parquet"
    }


def _received(delivery, table: str) -> set[int]:
    return {path.stat().st_ino for path in (delivery.lake / "received" / table).rglob("*.parquet")}


def test_a_part_without_a_fault_is_kept_by_a_link(delivery):
    delivery.update()
    assert set(_files(delivery, "trades").values()) <= _received(delivery, "trades")


def test_one_more_day_leaves_every_kept_file_as_it_is(delivery):
    delivery.update()
    before = _files(delivery, "trades")
    delivery.write("trades/2025-02-10.csv", _day("T9", 10))
    summary = delivery.update()
    assert summary.tables["trades"].periods_rewritten == 1
    after = _files(delivery, "trades")
    assert before.items() <= after.items()
    assert len(after) == len(before) + 1
    assert delivery.kept("trades")["trade_id"].to_list().count("T9") == 1


def test_a_correction_takes_its_row_out_of_one_file_and_leaves_the_others(delivery, accounted):
    delivery.write("trades/2025-02-10.csv", _day("T9", 10))
    delivery.write("trades/2025-02-11.csv", _day("T10", 11))
    delivery.update()
    before = _files(delivery, "trades")
    delivery.write("trades/2025-02-12.csv", _day("T9", 10).replace("95.00", "96.00"))
    summary = delivery.update()
    accounted(summary)
    assert summary.tables["trades"].superseded == 1
    after = _files(delivery, "trades")
    # T9 was alone in its file, so that nothing of it is kept.
    assert len(before.keys() - after.keys()) == 1
    assert len(after.keys() - before.keys()) == 1
    delivery.write("trades/2025-02-12.csv", _day("T9", 10))
    delivery.update()
    assert delivery.kept("trades").height == 5


def test_where_nothing_can_be_linked_parts_are_copied(delivery, monkeypatch, tmp_path):
    def refuse(source, target) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    delivery.update()
    assert not set(_files(delivery, "trades").values()) & _received(delivery, "trades")
    monkeypatch.undo()
    delivery.update(lake=tmp_path / "other")
    assert delivery.kept("trades").equals(delivery.kept("trades", tmp_path / "other"))


def _hours(count: int, **columns: list) -> bytes:
    start = datetime(2015, 1, 1, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "unit_id": ["U1"] * count,
            "ts": [start + timedelta(days=number) for number in range(count)],
            "co2_mass": [float(number) for number in range(count)],
            "quality": ["valid"] * count,
        }
        | columns
    )
    buffer = io.BytesIO()
    frame.write_parquet(buffer, row_group_size=100)
    return buffer.getvalue()


def test_a_file_of_many_months_becomes_one_part_a_month(delivery, accounted):
    days = 3700
    delivery.write("cems_hourly.parquet", _hours(days, file_row_number=list(range(days))))
    summary = delivery.update()
    accounted(summary)
    assert (summary.tables["cems_hourly"].kept, summary.tables["cems_hourly"].periods) == (days, 122)
    assert len(_files(delivery, "cems_hourly")) == 122
    assert summary.tables["cems_hourly"].unknown_columns == ["file_row_number"]


def _rows_of(lake: Path) -> pl.DataFrame:
    files = (lake / "kept" / "cems_hourly").glob("*/*.parquet")
    return pl.concat([pl.read_parquet(path) for path in files]).sort("ts")


def test_a_row_knows_its_place_in_the_delivered_file(delivery):
    delivery.write("cems_hourly.parquet", _hours(70))
    delivery.update()
    rows = _rows_of(delivery.lake)
    assert rows["_row"].to_list() == list(range(1, 71))
    assert rows["co2_mass"].to_list() == [float(number) for number in range(70)]


def test_faulty_rows_stand_apart_and_the_rest_of_their_file_is_kept_by_a_link(delivery, accounted):
    masses = [1.0] * 30
    masses[7] = float("nan")
    delivery.write("cems_hourly.parquet", _hours(30, co2_mass=masses))
    summary = delivery.update()
    accounted(summary)
    assert summary.tables["cems_hourly"].quarantined == 1
    found = delivery.quarantine().row(0, named=True)
    assert (found["reason"], found["row_number"]) == ("not_finite", 8)
    assert json.loads(found["record_key"]) == {"unit_id": "U1", "ts": "2015-01-08 00:00:00+00"}
    assert set(_files(delivery, "cems_hourly").values()) <= _received(delivery, "cems_hourly")


def test_the_key_of_a_sound_row_that_is_excluded_is_written_the_same_way(delivery):
    delivery.write("cems_hourly/a.parquet", _hours(30))
    delivery.write("cems_hourly/b.parquet", _hours(1))
    delivery.update()
    found = delivery.quarantine().row(0, named=True)
    assert found["reason"] == "duplicate_row"
    assert json.loads(found["record_key"]) == {"unit_id": "U1", "ts": "2015-01-01 00:00:00+00"}


@pytest.mark.parametrize("engine", ["2.0.0", "2.0.0, format 1"])
def test_a_lake_of_another_format_is_received_again(delivery, engine):
    delivery.update()
    before = delivery.kept("trades")
    path = delivery.lake / "state.json"
    state = json.loads(path.read_text())
    state["engine"] = engine
    for file in state["files"].values():
        file["periods"] = dict.fromkeys(file["periods"], "1:2")
    path.write_text(json.dumps(state))
    assert delivery.update().changed
    assert delivery.kept("trades").equals(before)
