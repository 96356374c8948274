"""A simulated market and its first publication, made once for all end-to-end tests."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from pipelines.market import day_to_look_from, read_market
from pipelines.run import Outcome, run
from pipelines.settings import Settings
from pipelines.simulator.simulation import simulate


@dataclass
class House:
    """A home with its source, and ways to look at both."""

    source: Path
    settings: Settings
    day: date

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
    simulate(folder / "market", scale="small", seed=11)
    settings = Settings.load(folder / "home")
    house = House(folder / "market", settings, day_to_look_from(settings, read_market(folder / "market")))
    outcome = house.run()
    assert outcome.code == 0, outcome.message
    return house


@pytest.fixture(scope="session")
def file_tree():
    return tree
