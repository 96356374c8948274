"""Sources as practice delivers them, brought through lake and warehouse to the detectors.

A test here gives a source directory and looks at marts and alerts. Only the marts that it asks for are built.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from anomaly.core.market import Market
from anomaly.core.run import detect
from pipelines.core.market import read_market
from tests.anomaly.conftest import marts, publish_calendar, run
from tests.dbt.conftest import Dbt, Lake, receive

__all__ = ["marts", "run"]


class Supervised:
    """A source in a warehouse of its own, and the detectors over the marts that were built."""

    def __init__(self, source: Path, folder: Path, as_of: date, marts: tuple[str, ...]) -> None:
        settings = read_market(source)
        self.lake: Lake = receive(source, folder)
        self.market = Market(id=settings.id, timezone=settings.timezone, as_of=as_of)
        self._dbt = Dbt(folder / "dbt", self.lake)
        self._folder = folder / "marts"
        self._folder.mkdir()
        publish_calendar(self._folder)
        chosen = [f"+{name}" for name in marts]
        self._dbt(
            "build", "--select", *chosen, "--exclude-resource-type", "unit_test", "test",
            as_of=as_of.isoformat(), market_id=settings.id, timezone=settings.timezone,
        )  # fmt: skip
        for name in marts:
            self.mart(name).write_parquet(self._folder / f"{name}.parquet")

    def mart(self, name: str) -> pl.DataFrame:
        """All rows of a model that was built."""
        return self._dbt.table(name)

    def alerts(self, *kinds: str) -> pl.DataFrame:
        """Alerts of these kinds."""
        return detect(self._folder, market=self.market, snapshot_id="s", kinds=list(kinds)).alerts


@pytest.fixture
def supervised(tmp_path: Path) -> Callable[..., Supervised]:
    """Brings a source directory into a warehouse with the marts named."""

    def make(source: Path, as_of: date, *marts: str) -> Supervised:
        return Supervised(source, tmp_path / "supervised", as_of, marts)

    return make


@pytest.fixture
def write_source(tmp_path: Path) -> Callable[..., Path]:
    """Writes tables of the contract as CSV into a source directory."""

    def write(**tables: list[dict[str, object]] | pl.DataFrame) -> Path:
        folder = tmp_path / "source"
        folder.mkdir(exist_ok=True)
        for name, rows in tables.items():
            pl.DataFrame(rows, infer_schema_length=None).write_csv(folder / f"{name}.csv")
        return folder

    return write
