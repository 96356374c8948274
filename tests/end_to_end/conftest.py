"""A simulated market and its first publication, made once for all end-to-end tests."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from pipelines.market import day_to_look_from, read_market
from pipelines.run import Outcome, run
from pipelines.settings import Settings
from tests.markets import shared_market


@dataclass
class House:
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

    def copy(self, folder: Path) -> House:
        """The same house elsewhere, free to be spoilt."""
        shutil.copytree(self.source, folder / "source")
        shutil.copytree(self.settings.home, folder / "home", symlinks=True)
        return House(folder / "source", Settings.load(folder / "home"), self.day)


def tree(folder: Path) -> dict[str, str]:
    """Content of every file below a folder, links not followed."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(parent.is_symlink() for parent in path.parents)
    }


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> House:
    folder = tmp_path_factory.mktemp("house")
    made = shared_market(tmp_path_factory).report
    shutil.copytree(made.out, folder / "market")
    shutil.copyfile(made.labels, folder / "market.labels.parquet")
    settings = Settings.load(folder / "home")
    house = House(folder / "market", settings, day_to_look_from(settings, read_market(folder / "market")))
    outcome = house.run()
    assert outcome.code == 0, outcome.message
    return house


@pytest.fixture(scope="session")
def file_tree():
    return tree
