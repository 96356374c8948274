"""What tests of several files share and no test changes: simulated markets, and a home with its publication.

Each is made once a session, by the first test process that asks for it; a test that changes one copies it.
"""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pytest
from filelock import FileLock

from pipelines.contract.tables import TABLES
from pipelines.core.market import as_of_date, read_market
from pipelines.core.settings import Settings
from pipelines.simulator.simulation import SimulationReport, simulate

if TYPE_CHECKING:
    from pipelines.orchestration.run import Outcome

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
            self._frames[name] = read_table(self.report.out, name)
        return self._frames[name]

    @property
    def labels(self) -> pl.DataFrame:
        """The known cases."""
        return pl.read_parquet(self.report.labels)

    @property
    def lookalikes(self) -> pl.DataFrame:
        """The honest look-alikes."""
        return pl.read_parquet(self.report.labels.with_name(f"{self.report.out.name}.lookalikes.parquet"))


@dataclass(frozen=True)
class Workspace:
    """A home with its source, and ways to look at both."""

    source: Path
    labels: Path
    settings: Settings
    day: date

    @property
    def marts(self) -> Path:
        """The folder of published marts."""
        return self.settings.current / "marts"

    def table(self, name: str) -> pl.DataFrame:
        """A whole table of the source."""
        return read_table(self.source, name)

    def run(self, home: Path | None = None) -> Outcome:
        """Run the source into the home, or into another one."""
        from pipelines.orchestration.run import run

        settings = Settings.load(home) if home else self.settings
        return run(settings, self.source, self.day)

    def copy(self, folder: Path) -> Workspace:
        """The same workspace elsewhere, free to be changed."""
        shutil.copytree(self.source, folder / "source")
        shutil.copytree(self.settings.home, folder / "home", symlinks=True)
        return Workspace(folder / "source", self.labels, Settings.load(folder / "home"), self.day)


def read_table(source: Path, name: str) -> pl.DataFrame:
    """A whole table of a source directory."""
    folder = source / name
    return pl.read_parquet(folder / "*.parquet" if folder.is_dir() else folder.with_suffix(".parquet"))


def shared_folder(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` fills, once a session; what it returns can be read by `made_of`."""
    root = factory.getbasetemp()
    if root.name.startswith("popen-"):  # one folder a test process, in that of the session
        root = root.parent
    folder = root / name
    done = folder / "made.pickle"
    with FileLock(f"{folder}.lock"):
        if not done.is_file():
            folder.mkdir()
            done.write_bytes(pickle.dumps(make(folder)))
    return folder


def made_of(folder: Path) -> object:
    """What the function returned that filled a shared folder."""
    return pickle.loads((folder / "made.pickle").read_bytes())


def shared_market(
    factory: pytest.TempPathFactory, scale: str = "small", clean: bool = False, seed: int = SEED
) -> Written:
    """The market of these arguments; read only."""
    name = f"market-{scale}-{'clean' if clean else 'cases'}-{seed}"
    folder = shared_folder(
        factory, name, lambda folder: simulate(folder / "market", scale=scale, seed=seed, clean=clean)
    )
    report = made_of(folder)
    assert isinstance(report, SimulationReport)
    return Written(report)


def shared_publication(factory: pytest.TempPathFactory, seed: int = SEED) -> Workspace:
    """The small market of this seed and the home that one run made of it; read only."""
    report = shared_market(factory, seed=seed).report

    def workspace(folder: Path) -> Workspace:
        settings = Settings.load(folder / "home")
        day = as_of_date(settings, read_market(report.out))
        return Workspace(report.out, report.labels, settings, day)

    def publish(folder: Path) -> None:
        outcome = workspace(folder).run()
        assert outcome.code == 0, outcome.message

    return workspace(shared_folder(factory, f"published-{seed}", publish))
