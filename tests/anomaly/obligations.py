"""Rows of `fct_report_obligations` for tests of the detectors that read it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import polars as pl

SCHEMA = {
    "report_kind": pl.String,
    "subject_id": pl.String,
    "entity_id": pl.String,
    "entity_name": pl.String,
    "province_code": pl.String,
    "period_start": pl.Date,
    "year": pl.Int64,
    "due_on": pl.Date,
    "surrender_due_on": pl.Date,
    "submitted_at": pl.Datetime("us"),
    "revision_count": pl.Int64,
    "days_late": pl.Int64,
    "state": pl.String,
}


def frame(rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """Obligations; what a row does not name is null."""
    return pl.DataFrame([dict.fromkeys(SCHEMA) | row for row in rows], schema=SCHEMA)


def annual(entity: str = "E1", year: int = 2023, **changed: Any) -> dict[str, Any]:
    """An annual report that came in time."""
    row = {
        "report_kind": "annual_report", "subject_id": entity, "entity_id": entity, "entity_name": "Plant",
        "province_code": "110000", "period_start": date(year, 1, 1), "year": year,
        "due_on": date(year + 1, 3, 31), "submitted_at": datetime(year + 1, 3, 20), "revision_count": 1,
        "days_late": 0, "state": "on_time",
    }  # fmt: skip
    return row | changed


def filings(units: int = 12, count: int = 12, year: int = 2024) -> pl.DataFrame:
    """Monthly filings of units U00, U01, … of entities E00, E01, …, all in time."""
    return frame(
        annual(
            f"E{unit:02}", year, report_kind="monthly_filing", subject_id=f"U{unit:02}",
            period_start=date(year, month, 1), due_on=date(year + month // 12, month % 12 + 1, 28),
            submitted_at=datetime(year + month // 12, month % 12 + 1, 20),
        )
        for unit in range(units)
        for month in range(1, count + 1)
    )  # fmt: skip


def verified(years: pl.DataFrame) -> pl.DataFrame:
    """The obligations to have emissions verified that rows of `fct_compliance_years` stand for."""
    return frame(
        annual(
            row["entity_id"], row["year"], report_kind="verified_emissions", due_on=row["due_on"],
            surrender_due_on=row["due_on"], submitted_at=None, revision_count=None, days_late=None,
            state="missing" if row["verdict"] == "not_reported" else "submitted",
        )
        for row in years.iter_rows(named=True)
    )  # fmt: skip
