"""Tiny marts for detectors: each test writes the columns it means and the rest is null."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from anomaly.core.market import Market
from anomaly.core.run import detect
from pipelines.contract.tables import TABLES
from pipelines.core.rules import SEEDS

Write = Callable[..., None]


def publish_calendar(folder: Path) -> None:
    """Writes the compliance calendar as a run publishes it: the seed as Parquet."""
    rules = pl.read_csv(
        SEEDS / "rule_compliance_calendar.csv",
        try_parse_dates=True,
        schema_overrides={"month_day": pl.String, "note": pl.String},
    )
    rules.write_parquet(folder / "rule_compliance_calendar.parquet")


def names_the_contract(evidence: list[dict]) -> None:
    """Evidence names tables and columns of the source contract, and ranges only over a table's own time."""
    assert evidence
    for entry in evidence:
        table = TABLES[entry["table"]]
        assert entry["rows"] and set(entry["key"]) <= set(table.names), entry
        assert all(len(row) == len(entry["key"]) for row in entry["rows"]), entry
        if "from" in entry:
            types = {column.name: column.type for column in table.columns}
            assert types[table.period_column] in ("date", "timestamp"), entry
            assert entry["from"] < entry["to"] and not set(entry["key"]) & {table.period_column}, entry


@pytest.fixture
def marts(tmp_path: Path) -> Path:
    folder = tmp_path / "marts"
    folder.mkdir()
    publish_calendar(folder)
    return folder


@pytest.fixture
def run(marts: Path) -> Callable[..., pl.DataFrame]:
    """Run one kind of detector over the marts of the test and return its alerts."""

    def _run(kind: str, **market: object) -> pl.DataFrame:
        alerts = detect(marts, market=Market(**market), snapshot_id="s", kinds=[kind]).alerts  # type: ignore[arg-type]
        for evidence in alerts["evidence"]:
            names_the_contract(json.loads(evidence))
        return alerts

    return _run


@pytest.fixture
def trading_days() -> Callable[[int], list[date]]:
    def _days(count: int, first: date = date(2022, 1, 3)) -> list[date]:
        days, day = [], first
        while len(days) < count:
            if day.weekday() < 5:
                days.append(day)
            day += timedelta(days=1)
        return days

    return _days


def months(units: int = 12, count: int = 12) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Honest unit months and their units: meters scatter by 1 %, stacks by 2 % around a common bias."""
    rng = np.random.default_rng(4)
    rows = []
    for unit in range(units):
        for n in range(count):
            month = date(2024 + n // 12, n % 12 + 1, 1)
            fuel = 50_000 * (1 + rng.normal(0, 0.05))
            electricity = fuel / 0.85
            rows.append(
                {
                    "unit_id": f"U{unit:02}", "month": month, "entity_id": f"E{unit:02}",
                    "entity_name": f"Plant {unit}", "province_code": "110000", "sector": "power",
                    "revision": 1,
                    "reported_emissions_tco2": fuel, "fuel_emissions_tco2": fuel * (1 + rng.normal(0, 1e-4)),
                    "metered_emissions_tco2": fuel * (1 + rng.normal(0, 0.01)),
                    "cems_emissions_tco2": fuel * (1.03 + rng.normal(0, 0.02)),
                    "fuel_consumption_t": fuel / (0.6 * 0.99 * 44 / 12),
                    "cems_valid_hours": 700, "cems_hours": 730, "electricity_generated_mwh": electricity,
                    "lab_emissions_tco2": None, "sample_ids_json": None,
                    "heat_supplied_gj": 0.0, "fuel_energy_gj": electricity * 9.0,
                    "submitted_at": datetime(month.year, month.month, 1) + timedelta(days=55),
                    "due_on": month + timedelta(days=70),
                }
            )  # fmt: skip
    laboratory = {"lab_emissions_tco2": pl.Float64, "sample_ids_json": pl.String}
    frame = pl.DataFrame(rows, schema_overrides=laboratory)
    classes = pl.DataFrame(
        {
            "unit_id": [f"U{unit:02}" for unit in range(units)],
            "unit_class": ["coal_gt300"] * units,
            "retired_on": pl.Series([None] * units, dtype=pl.Date),
        }
    )
    return frame, classes


@pytest.fixture
def unit_months() -> Callable[..., tuple[pl.DataFrame, pl.DataFrame]]:
    return months
