"""Simulated markets that the tests of this folder share."""

from __future__ import annotations

import pytest

from tests.shared import Written, shared_market


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return shared_market(tmp_path_factory)


@pytest.fixture(scope="session")
def clean_market(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return shared_market(tmp_path_factory, clean=True)


@pytest.fixture(scope="session")
def medium_market(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return shared_market(tmp_path_factory, scale="medium")
