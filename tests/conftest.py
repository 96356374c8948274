"""Fixtures that the tests of every package share."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tests.shared import Workspace, shared_publication

CHECKOUT = Path(__file__).resolve().parents[1]


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
def cases() -> Path:
    """The folder of small inputs from practice beside the checkout; skips where it is absent."""
    folder = CHECKOUT.parent / "shared" / "cases"
    if not folder.is_dir():
        pytest.skip(f"no inputs from practice at {folder}; the test needs them")
    return folder


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The small market and its first publication; a test that changes them takes a copy."""
    return shared_publication(tmp_path_factory)
