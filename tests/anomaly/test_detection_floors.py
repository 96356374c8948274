"""Recall and precision of every detector on two fixed small markets stay at or above their floors.

The floors stand in `detection_floors.yml`, which may only rise.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import polars as pl
import pytest
import yaml

from anomaly.core.discovery import all_detectors
from pipelines.cli.evaluation import evaluate_publication
from tests.shared import shared_publication

FILE = Path(__file__).with_name("detection_floors.yml")
FLOORS = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SEEDS = (7, 11)
KINDS = sorted(detector.kind for detector in all_detectors())
MEASURES = ("recall", "precision")


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Figures by kind of a seed's market, measured once."""
    found: dict[int, pl.DataFrame] = {}

    def _measured(seed):
        if seed not in found:
            workspace = shared_publication(tmp_path_factory, seed)
            found[seed] = evaluate_publication(workspace.settings, workspace.labels).by_kind
        return found[seed]

    return _measured


def test_every_detector_has_both_floors_on_both_markets():
    assert set(FLOORS) == {f"seed_{seed}" for seed in SEEDS}
    for floors in FLOORS.values():
        assert sorted(floors) == KINDS
        assert all(sorted(floor) == sorted(MEASURES) for floor in floors.values())
        assert all(0 <= value <= 1 for floor in floors.values() for value in floor.values())


@pytest.mark.parametrize("seed", [pytest.param(7, marks=pytest.mark.whole_market), 11])
def test_no_detector_is_below_its_floors(measured, seed):
    figures = {row["kind"]: row for row in measured(seed).iter_rows(named=True)}
    below = [
        f"{kind}: {name} {figures[kind][name] or 0.0:.3f}, floor {floor}"
        for kind, floors in FLOORS[f"seed_{seed}"].items()
        for name, floor in floors.items()
        if (figures[kind][name] or 0.0) < floor
    ]
    assert below == []


def committed() -> dict[str, dict[str, dict[str, float]]]:
    """The floors of the last commit; skips where there is no git, no checkout or no such file yet."""
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed; the floors cannot be compared with those of the last commit")
    shown = subprocess.run(
        [git, "show", f"HEAD:./{FILE.name}"], cwd=FILE.parent, capture_output=True, text=True, check=False
    )
    if shown.returncode:
        pytest.skip(f"git show HEAD:./{FILE.name}: {shown.stderr.strip()}; no floors to compare with")
    return yaml.safe_load(shown.stdout)


def lowered(before: dict, now: dict) -> list[str]:
    """Floors that are lower than before, or gone."""
    return [
        f"{market}, {kind}: {name} {now.get(market, {}).get(kind, {}).get(name)}, before {floor}"
        for market, kinds in before.items()
        for kind, floors in kinds.items()
        for name, floor in floors.items()
        if now.get(market, {}).get(kind, {}).get(name, -1.0) < floor
    ]


def test_no_floor_is_lower_than_in_the_last_commit():
    assert lowered(committed(), FLOORS) == []


@pytest.mark.parametrize(
    ("now", "count"),
    [
        ({"recall": 0.5, "precision": 0.4}, 0),
        ({"recall": 0.6, "precision": 0.4}, 0),
        ({"recall": 0.4, "precision": 0.3}, 2),
        ({"recall": 0.5}, 1),
    ],
)
def test_a_lowered_or_removed_floor_is_noticed(now, count):
    before = {"seed_7": {"wash_trade": {"recall": 0.5, "precision": 0.4}}}
    assert len(lowered(before, {"seed_7": {"wash_trade": now}})) == count
