"""Tables a gate lets pass, one plausible row each; a test changes what it means to be wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from anomaly.core.texts import with_folders
from expectations.results import GateResult
from expectations.runner import MESSAGES, validate
from pipelines.contract.tables import TABLES

INGESTION_ROWS: dict[str, dict[str, Any]] = {
    "entities": {"entity_name": "甲电厂", "listed_on": date(2020, 1, 1), "exited_on": date(2024, 1, 1)},
    "units": {"capacity": 600.0, "capacity_unit": "MW", "commissioned_on": date(2010, 1, 1)},
    "accounts": {"opened_on": date(2021, 7, 1), "closed_on": date(2024, 1, 1)},
    "control_relations": {
        "subject_type": "entity",
        "subject_id": "E1",
        "controller_id": "G1",
        "relation": "ownership",
        "share": 0.6,
        "valid_from": date(2021, 7, 1),
        "valid_to": date(2024, 12, 31),
    },
    "consortium_members": {"consortium_id": "K", "share": 1.0},
    "allocations": {
        "stage": "final",
        "quantity": 2_000_000,
        "year": 2024,
        "decided_on": date(2025, 2, 1),
    },
    "transfers": {
        "quantity": 1000,
        "ts": datetime(2025, 3, 3, 2),
        "kind": "gift",
        "from_account": "A1",
        "to_account": "A2",
    },
    "compliance": {"year": 2023, "verified_emissions": 1.5e6, "due_on": date(2024, 12, 31)},
    "trades": {
        "price": 70,
        "quantity": 100_000,
        "mode": "block",
        "ts": datetime(2025, 3, 3, 2),
        "buy_account_id": "A1",
        "sell_account_id": "A2",
    },
    "orders": {"price": 70, "quantity": 500, "mode": "listed", "event": "new", "ts": datetime(2025, 3, 3, 2)},
    "market_days": {
        "date": date(2025, 3, 3),
        "previous_close": 70,
        "limit_down": 63,
        "limit_up": 77,
        "open": 70,
        "high": 72,
        "low": 69,
        "close": 71,
        "listed_volume": 1000,
        "listed_value": 71_000,
        "block_volume": 100_000,
        "block_value": 6_800_000,
    },
    "activity_reports": {
        "month": date(2025, 1, 1),
        "fuel": "coal",
        "fuel_consumption": 100_000.0,
        "ncv": 21.0,
        "carbon_content": 0.55,
        "oxidation_factor": 0.99,
        "reported_emissions": 199_650.0,
        "electricity_generated": 230_000.0,
        "electricity_supplied": 215_000.0,
        "submitted_at": datetime(2025, 3, 1),
    },
    "emission_reports": {
        "year": 2024,
        "combustion": 2e6,
        "process": 1e4,
        "total": 2.01e6,
        "verified_total": 2.0e6,
        "submitted_at": datetime(2025, 3, 1),
        "verified_at": datetime(2025, 5, 1),
    },
    "lab_tests": {
        "fuel": "coal",
        "sampled_on": date(2025, 1, 10),
        "total_moisture": 10.0,
        "moisture": 3.0,
        "ash": 22.0,
        "volatile": 28.0,
        "sulphur": 0.8,
        "hydrogen": 4.0,
        "carbon": 60.0,
        "ncv": 21.3,
    },
    "cems_hourly": {
        "ts": datetime(2025, 1, 10, 3),
        "co2_mass": 500.0,
        "co2_concentration": 12.0,
        "flow": 2.1e6,
        "o2": 6.5,
        "heat_input": 5200.0,
        "gross_load": 560.0,
        "operating": 1.0,
        "quality": "valid",
    },
    "unit_years": {
        "year": 2024,
        "operating_hours": 6000.0,
        "heat_input": 3e7,
        "gross_load": 3.2e6,
        "co2_mass": 2.8e6,
        "fuel": "coal",
    },
    "meters_daily": {"date": date(2025, 1, 10), "meter": "coal_feed", "value": 6000.0},
}


def _naive(kind: pl.DataType) -> pl.DataType:
    return pl.Datetime("us") if isinstance(kind, pl.Datetime) else kind


def _contract_frame(table: str, rows: list[dict[str, Any]]) -> pl.DataFrame:
    """Rows of a contract table as the lake keeps them; keys that are not given are numbered."""
    schema = {name: _naive(kind) for name, kind in TABLES[table].polars_schema.items()}
    full = [
        {
            name: (f"{name}-{i}" if name in TABLES[table].key and schema[name] == pl.String else None)
            for name in schema
        }
        | row
        for i, row in enumerate(rows)
    ]
    columns = {
        name: pl.Series(name, [row[name] for row in full], dtype=kind, strict=False)
        for name, kind in schema.items()
    }
    return pl.DataFrame(columns).with_columns(period=pl.lit("all"))


@pytest.fixture
def ingestion_gate(tmp_path: Path) -> Callable[..., GateResult]:
    """Run the ingestion gate over contract tables given as lists of rows, or as ready frames."""

    def _run(tables: dict[str, Any], **arguments: Any) -> GateResult:
        paths: dict[str, Any] = {}
        for name, rows in tables.items():
            frame = rows if isinstance(rows, pl.DataFrame) else _contract_frame(name, rows)
            paths[name] = tmp_path / f"{name}.parquet"
            frame.write_parquet(paths[name])
        return _gate("ingestion", paths, tmp_path, **arguments)

    return _run


@pytest.fixture
def publication(tmp_path: Path) -> Callable[..., GateResult]:
    """Run the gate before publication over marts given as frames."""

    def _run(marts: dict[str, pl.DataFrame], **arguments: Any) -> GateResult:
        paths = {}
        for name, frame in marts.items():
            paths[name] = tmp_path / f"{name}.parquet"
            frame.write_parquet(paths[name])
        return _gate("publication", paths, tmp_path, **arguments)

    return _run


def _gate(gate: str, paths: dict[str, Any], folder: Path, **arguments: Any) -> GateResult:
    settings: dict[str, Any] = {
        "market": {"id": "cn", "currency": "CNY"},
        "as_of": "2025-06-30",
        "work_dir": folder / "work",
        "describe": with_folders(MESSAGES).text,
    }
    return validate(gate, paths, **settings | arguments)


@pytest.fixture
def plausible() -> dict[str, dict[str, Any]]:
    """One plausible row a contract table, free to be changed."""
    return {table: dict(row) for table, row in INGESTION_ROWS.items()}


@pytest.fixture
def broken() -> Callable[[GateResult], dict[str, str]]:
    """Failed expectations, named with their tables, and their severities."""

    def _broken(result: GateResult) -> dict[str, str]:
        return {
            f"{row.table_name}.{row.expectation}": row.severity
            for row in result.results
            if row.success is False
        }

    return _broken
