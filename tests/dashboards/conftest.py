"""A published snapshot to look at, and a way to open one view of it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

sys.path.append(str(Path(__file__).parent))

import desk_world

from dashboards.server import APP

Open = Callable[..., AppTest]


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small market with everything."""
    return desk_world.write_home(tmp_path_factory.mktemp("demo"), desk_world.demo())


@pytest.fixture(scope="session")
def hollow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publication whose marts are all there and all empty."""
    return desk_world.write_home(tmp_path_factory.mktemp("hollow"), {})


@pytest.fixture
def open_view(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Opens a view over a home; the test fails on any exception in it."""

    def opened(home: Path, view: str = "market_health", language: str = "en", **params: str) -> AppTest:
        monkeypatch.setenv("CARBONWARDEN_HOME", str(home))
        app = AppTest.from_file(str(APP), default_timeout=60)
        for name, value in {"lang": language, **params}.items():
            app.query_params[name] = value
        app.run()
        if view != "market_health":
            # Streamlit clears the address on the way to another page.
            app.switch_page(f"views/{view}.py")
            for name, value in {"lang": language, **params}.items():
                app.query_params[name] = value
            app.run()
        assert not app.exception, [one.message for one in app.exception]
        return app

    return opened
