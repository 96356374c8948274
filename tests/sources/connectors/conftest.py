"""A PostgreSQL server for the tests of this folder, and homes that declare sources."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from pipelines.bench.cluster import binaries, cluster
from pipelines.core.settings import Settings


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """The connection string of a server; skips where none is installed."""
    pytest.importorskip("adbc_driver_postgresql")
    if binaries() is None:
        pytest.skip("no PostgreSQL server is installed; Debian's package is `postgresql`")
    with cluster() as connection:
        yield connection


@pytest.fixture
def declare(tmp_path: Path) -> Callable[..., Settings]:
    """Write `sources.yml` of a home; returns the home's settings."""

    def write(**sources: dict[str, object]) -> Settings:
        home = tmp_path / "home"
        home.mkdir(exist_ok=True)
        content = {"market": {"id": "cn"}, "sources": sources}
        (home / "sources.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return Settings(home=home)

    return write


@pytest.fixture
def sql(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Executes statements, each in a transaction of its own, in a database that is empty before each test."""
    from adbc_driver_postgresql import dbapi

    monkeypatch.setenv("REGISTRY_DB", server)
    with dbapi.connect(server, autocommit=True) as connection, connection.cursor() as cursor:

        def execute(*statements: str) -> None:
            for statement in statements:
                cursor.execute(statement)

        execute("drop schema public cascade", "create schema public")
        yield execute
