"""Tiny marts for detectors: each test writes the columns it means and the rest is null."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from anomaly.detect import detect
from anomaly.market import Market

Write = Callable[..., None]


@pytest.fixture
def marts(tmp_path: Path) -> Path:
    folder = tmp_path / "marts"
    folder.mkdir()
    return folder


@pytest.fixture
def run(marts: Path) -> Callable[..., pl.DataFrame]:
    """Run one kind of detector over the marts of the test and return its alerts."""

    def _run(kind: str, **market: object) -> pl.DataFrame:
        return detect(marts, market=Market(**market), snapshot_id="s", kinds=[kind]).alerts  # type: ignore[arg-type]

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
