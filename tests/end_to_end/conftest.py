"""A simulated market and its first publication, made once for all end-to-end tests."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.core.market import as_of_date, read_market
from pipelines.core.settings import Settings
from pipelines.orchestration.run import Outcome, run
from tests.markets import shared_market


@dataclass
class Workspace:
    """A home with its source, and ways to look at both."""

    source: Path
    settings: Settings
    day: date

    def table(self, name: str) -> pl.DataFrame:
        """A whole table of the source."""
        folder = self.source / name
        return pl.read_parquet(folder / "*.parquet" if folder.is_dir() else folder.with_suffix(".parquet"))

    def run(self, home: Path | None = None) -> Outcome:
        settings = Settings.load(home) if home else self.settings
        return run(settings, self.source, self.day)

    def copy(self, folder: Path) -> Workspace:
        """The same workspace elsewhere, free to be spoilt."""
        shutil.copytree(self.source, folder / "source")
        shutil.copytree(self.settings.home, folder / "home", symlinks=True)
        return Workspace(folder / "source", Settings.load(folder / "home"), self.day)


def tree(folder: Path) -> dict[str, str]:
    """Content of every file below a folder, links not followed."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(parent.is_symlink() for parent in path.parents)
    }


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("workspace")
    made = shared_market(tmp_path_factory).report
    shutil.copytree(made.out, folder / "market")
    shutil.copyfile(made.labels, folder / "market.labels.parquet")
    settings = Settings.load(folder / "home")
    workspace = Workspace(folder / "market", settings, as_of_date(settings, read_market(folder / "market")))
    outcome = workspace.run()
    assert outcome.code == 0, outcome.message
    return workspace


@pytest.fixture(scope="session")
def file_tree():
    return tree
