"""Simulated markets that tests share, each made once however many test processes there are."""

from __future__ import annotations

import pickle

import polars as pl
import pytest
from filelock import FileLock

from pipelines.contract.tables import TABLES
from pipelines.simulator.simulation import SimulationReport, simulate

SEED = 11
_NOT_SIMULATED = {"quality_plans", "instrument_calibrations", "verification_parameters", "nonconformities"}
SIMULATED = {name: table for name, table in TABLES.items() if name not in _NOT_SIMULATED}
"""Tables of the contract that a simulated market fills."""


class Written:
    """A written market: its report, and its tables by name."""

    def __init__(self, report: SimulationReport) -> None:
        self.report = report
        self._frames: dict[str, pl.DataFrame] = {}

    def __getitem__(self, name: str) -> pl.DataFrame:
        if name not in self._frames:
            folder = self.report.out / name
            path = folder / "*.parquet" if folder.is_dir() else folder.with_suffix(".parquet")
            self._frames[name] = pl.read_parquet(path)
        return self._frames[name]

    @property
    def labels(self) -> pl.DataFrame:
        """The known cases."""
        return pl.read_parquet(self.report.labels)

    @property
    def lookalikes(self) -> pl.DataFrame:
        """The honest look-alikes."""
        return pl.read_parquet(self.report.labels.with_name(f"{self.report.out.name}.lookalikes.parquet"))


def shared_market(
    factory: pytest.TempPathFactory, scale: str = "small", clean: bool = False, seed: int = SEED
) -> Written:
    """The market of these arguments; whoever asks first makes it, the others wait for it."""
    root = factory.getbasetemp()
    if root.name.startswith("popen-"):
        root = root.parent
    folder = root / f"markets-{scale}-{'clean' if clean else 'cases'}-{seed}"
    done = folder / "report.pickle"
    with FileLock(str(folder) + ".lock"):
        if not done.is_file():
            folder.mkdir()
            report = simulate(folder / "market", scale=scale, seed=seed, clean=clean)
            done.write_bytes(pickle.dumps(report))
    return Written(pickle.loads(done.read_bytes()))
