"""How old the data are, and names that cannot turn the figures beside them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from anomaly.core.periods import latest_due
from dashboards import safety
from dashboards.ages import ages
from dashboards.data import Snapshot


def snapshot(
    folder: Path, deliveries: list[tuple[str, dt.date, str]], counts: list[tuple[str, str]]
) -> Snapshot:
    (folder / "marts").mkdir(parents=True)
    rows = pl.DataFrame(deliveries, schema=("table_name", "received_on", "status"), orient="row")
    rows.write_parquet(folder / "marts" / "fct_deliveries.parquet")
    periods = pl.DataFrame(counts, schema=("table_name", "period"), orient="row")
    periods.write_parquet(folder / "marts" / "fct_row_counts.parquet")
    return Snapshot(folder, 1)


def test_the_age_of_data_is_that_of_each_source_and_not_of_the_run(tmp_path):
    early, late = dt.date(2025, 4, 9), dt.date(2026, 1, 15)
    found = ages(
        snapshot(
            tmp_path,
            [
                ("trades", early, "in_force"),
                ("trades", late, "copy"),
                ("cems_hourly", early, "in_force"),
                ("cems_hourly", late, "withdrawn"),
                ("compliance", late, "in_force"),
                ("penalties", early, "in_force"),
                ("accounts", late, "in_force"),
            ],
            [
                ("trades", "2025-11"),
                ("trades", "2026-01"),
                ("trades", "2099-01"),
                ("cems_hourly", "2025-03"),
                ("compliance", "2024"),
                ("compliance", "2099"),
                ("penalties", "2025-03"),
                ("accounts", "all"),
            ],
        ),
        "2026-01-15",
    )
    assert found.select("table_name", "received_on", "last_period", "age_days", "is_stale").rows() == [
        ("cems_hourly", early, "2025-03", 290, True),
        ("compliance", late, "2024", 380, False),
        ("trades", late, "2026-01", 0, False),
    ]


@pytest.mark.parametrize(
    ("day", "unit", "due"),
    [
        (dt.date(2026, 1, 15), "month", "2025-10"),
        (dt.date(2026, 4, 1), "month", "2026-01"),
        (dt.date(2026, 4, 1), "year", "2024"),
    ],
)
def test_what_must_have_come_by_a_day(day, unit, due):
    assert latest_due(day, unit) == due


@pytest.mark.parametrize("character", ["\u202e", "\u2066", "\u200f", "\u061c", "\u0007", "\u009b"])
def test_a_name_cannot_turn_what_stands_beside_it(character):
    name = f"Works{character} 001 t"
    frame = pl.DataFrame({"name": [name], "tonnes": [100]})
    for shown in (
        safety.markdown(name),
        safety.csv(frame).decode(),
        safety.visible_columns(frame)["name"][0],
    ):
        assert character not in shown and "\ufffd" in shown


def test_ordinary_names_are_left_as_they_are():
    names = ["示例发电有限公司", "Größe & Co", "a\tb"]
    assert safety.visible_columns(pl.DataFrame({"name": names}))["name"].to_list() == names
