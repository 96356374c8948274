"""Coverage is judged package by package, and floors do not fall."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.guards import coverage
from tests.guards.worked import ROOT


@pytest.fixture
def report(tmp_path):
    files = {
        "anomaly/core/run.py": (9, 10),
        "anomaly/reference.py": (1, 10),
        "pipelines/definitions.py": (1, 1),
        "pipelines/lake/store.py": (3, 4),
        "pipelines/simulator/world/model.py": (99, 100),
    }
    summaries = {
        file: {"summary": {"covered_lines": run, "missing_lines": all_ - run}}
        for file, (run, all_) in files.items()
    }
    path = tmp_path / "coverage.json"
    path.write_text(json.dumps({"files": summaries}))
    return path


def test_packages_of_pipelines_count_one_by_one(report):
    shares = coverage.by_package(report)
    assert shares == {"anomaly": 50, "pipelines": 100, "pipelines/lake": 75, "pipelines/simulator": 99}


def test_a_package_below_its_floor_without_one_or_gone_is_named():
    problems = coverage.below(
        {"models": 79.9, "anomaly": 80.0, "new": 10.0}, {"models": 80, "anomaly": 80, "old": 1}
    )
    assert [problem.partition(":")[0] for problem in problems] == ["models", "new", "old"]


def test_floors_rise_with_what_is_measured_and_never_fall():
    assert coverage.raised({"models": 90.7, "anomaly": 70.0}, {"anomaly": 80}) == {
        "models": 89,
        "anomaly": 80,
    }


def test_every_package_has_a_floor():
    packages = {path.parent for path in (ROOT / "pipelines").glob("*/__init__.py")}
    expected = {"anomaly", "dashboards", "expectations", "models"} | {
        f"pipelines/{path.name}" for path in packages
    }
    assert json.loads(coverage.FLOORS.read_text()).keys() >= expected


def test_no_floor_is_lower_than_in_the_version_before():
    file = coverage.FLOORS.relative_to(ROOT).as_posix()
    show = ["git", "log", "-n", "2", "--format=%H", "--", file]
    commits = subprocess.run(show, cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    if not commits:
        pytest.skip("no history here to compare the floors with")
    now = json.loads(coverage.FLOORS.read_text())
    for commit in commits:
        shown = subprocess.run(
            ["git", "show", f"{commit}:{file}"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        before = json.loads(shown.stdout)
        assert not {name for name in before.keys() & now.keys() if now[name] < before[name]}
