"""Simulated markets that the tests of this folder share; each is made once."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.simulator import SimulationReport, simulate

SEED = 11


class Written:
    """A written market: its report, and its tables by name."""

    def __init__(self, report: SimulationReport) -> None:
        self.report = report
        self._frames: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._frames:
            self._frames[name] = pl.read_parquet(self.report.out / f"{name}.parquet")
        return self._frames[name]

    @property
    def labels(self) -> pl.DataFrame:
        return pl.read_parquet(self.report.labels)


def _simulated(folder: Path, clean: bool) -> Written:
    return Written(simulate(folder / "market", seed=SEED, clean=clean))


@pytest.fixture(scope="session")
def clean_market(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return _simulated(tmp_path_factory.mktemp("clean"), clean=True)


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return _simulated(tmp_path_factory.mktemp("cases"), clean=False)
