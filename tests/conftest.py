"""Fixtures that the tests of every package share."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tests.shared import Workspace, shared_publication

CHECKOUT = Path(__file__).resolve().parents[1]


# The longest test files, longest first, so that both processes end at about the same time. The first makes
# the shared publication, which the next ones do not need.
LONGEST = (
    "end_to_end/test_run.py",
    "dbt/test_dbt_build.py",
    "dashboards/test_desk_browser.py",
    "simulator/test_injection.py",
    "expectations/test_ingestion_gate.py",
    "dashboards/test_desk_views.py",
    "lake/test_completeness.py",
    "dbt/test_reconciliation.py",
    "simulator/test_dirt.py",
    "lake/test_bad_input.py",
    "expectations/test_gate_runner.py",
    "dbt/test_future_rules.py",
    "dbt/test_party_history.py",
    # Of the slower suites.
    "end_to_end/test_real_data.py",
    "anomaly/test_detection_floors.py",
    "simulator/test_cases_compliance.py",
)

# A test that takes one of these fixtures belongs to a slower suite.
MARKED_BY = {"real_data": {"real_data", "practice"}, "whole_market": {"medium_market"}}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the markers of fixtures; put the longest files first, in the order above."""
    position = {CHECKOUT / "tests" / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: position.get(item.path, len(position)))
    for item in items:
        for marker, fixtures in MARKED_BY.items():
            if fixtures & set(getattr(item, "fixturenames", ())):
                item.add_marker(marker)


def pytest_collection_finish() -> None:
    """Collect garbage rarely: looking at the many objects of the libraries takes a tenth of a run."""
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public data sets beside the checkout; skips where it is absent."""
    folder = CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no public data sets at {folder}; the test needs them")
    return folder


@pytest.fixture(scope="session")
def practice() -> Path:
    """The folder of small inputs from practice beside the checkout; skips where it is absent."""
    folder = CHECKOUT.parent / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip(f"no inputs from practice at {folder}; the test needs them")
    return folder


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The small market and its first publication; a test that changes them takes a copy."""
    return shared_publication(tmp_path_factory)
