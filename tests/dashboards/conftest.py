"""A published snapshot to look at, and a way to open one view of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType

import pytest
from streamlit.runtime.scriptrunner.script_cache import ScriptCache
from streamlit.testing.v1 import AppTest

sys.path.append(str(Path(__file__).parent))

import desk_world

from dashboards.server import APP

Open = Callable[..., AppTest]


@pytest.fixture(scope="session", autouse=True)
def counted_views() -> Iterator[None]:
    """Compile each view once, and count its lines where coverage is measured.

    Streamlit compiles views itself and not by import, where slipcover would see them.
    """
    compiled = ScriptCache.get_bytecode
    counter = next((finder.sci for finder in sys.meta_path if hasattr(finder, "sci")), None)

    @cache
    def code_of(path: str) -> CodeType:
        code = compiled(ScriptCache(), path)
        return counter.instrument(code) if counter else code

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptCache, "get_bytecode", lambda _, path: code_of(path))
        yield


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small market with everything."""
    return desk_world.write_home(tmp_path_factory.mktemp("demo"), desk_world.demo())


@pytest.fixture(scope="session")
def hollow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publication whose marts are all there and all empty."""
    return desk_world.write_home(tmp_path_factory.mktemp("hollow"), {})


@pytest.fixture
def open_view(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Open:
    """Opens a view over a home; the test fails on any exception in it."""
    nothing = tmp_path_factory.mktemp("nothing")

    def opened(home: Path, view: str = "market_health", language: str = "en", **params: str) -> AppTest:
        app = AppTest.from_file(str(APP), default_timeout=60)
        if view != "market_health":
            # Only a first run shows which pages there are; over nothing it is short.
            monkeypatch.setenv("CARBONWARDEN_HOME", str(nothing))
            app.run()
            app.switch_page(f"views/{view}.py")
        monkeypatch.setenv("CARBONWARDEN_HOME", str(home))
        for name, value in {"lang": language, **params}.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, [one.message for one in app.exception]
        return app

    return opened
