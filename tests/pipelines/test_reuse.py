"""What a home keeps between runs: exported tables by build, and what a step made from equal inputs."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.core.files import file_digest
from pipelines.core.settings import Settings
from pipelines.publication import exports
from pipelines.publication.exports import export_marts, mart_files
from pipelines.publication.reuse import made_once
from pipelines.warehouse.state import WarehouseState, write_state


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings.load(tmp_path / "home")
    settings.home.mkdir()
    return settings


def _build(settings: Settings, **tables: tuple[str, int]) -> None:
    """Write tables of one row to the warehouse, each as of a build."""
    with duckdb.connect(str(settings.warehouse)) as con:
        for name, (_, value) in tables.items():
            con.execute(f"create or replace table {name} as select {value} as n")
    built = {f"model.carbonwarden.{name}": build for name, (build, _) in tables.items()}
    write_state(settings, WarehouseState(built=built))


def _export(settings: Settings, folder: str) -> Path:
    target = settings.home / folder
    target.mkdir()
    assert export_marts(settings, ["trades", "units"], target) == {"trades": 1, "units": 1}
    return target


def test_a_table_that_was_not_built_again_is_linked_and_one_that_was_is_exported(settings):
    _build(settings, trades=("a", 1), units=("a", 1))
    first = _export(settings, "first")
    _build(settings, trades=("b", 2), units=("a", 1))
    second = _export(settings, "second")
    assert (first / "units.parquet").samefile(second / "units.parquet")
    assert pl.read_parquet(first / "trades.parquet")["n"].to_list() == [1]
    assert pl.read_parquet(second / "trades.parquet")["n"].to_list() == [2]


def test_exports_of_former_builds_go(settings):
    for number, build in enumerate("abc"):
        _build(settings, trades=(build, number), units=("a", 1))
        _export(settings, build)
    assert sorted(path.name for path in (settings.home / "exports").iterdir()) == [
        "trades.c.parquet",
        "units.a.parquet",
    ]


def test_a_large_growing_table_is_exported_by_period_and_only_changed_periods_are_written(
    settings, monkeypatch
):
    monkeypatch.setattr(exports, "ROWS_OF_ONE_FILE", 3)
    found: list[dict[str, Path]] = []
    for build, value in (("a", 1), ("b", 2)):
        with duckdb.connect(str(settings.warehouse)) as con:
            rows = f"values ('2025-02', {value}), ('2025-01', 7), ('2025-01', 3), ('2025-02', 9)"
            con.execute(f"create or replace table trades as select * from ({rows}) as t(period, n)")
        write_state(settings, WarehouseState(built={"model.carbonwarden.trades": build}))
        target = settings.home / build
        target.mkdir()
        assert export_marts(settings, ["trades"], target, {"trades"}) == {"trades": 4}
        found.append({path.name[:7]: path for path in mart_files(target)["trades"]})
    first, second = found
    assert pl.read_parquet(list(second.values()))["n"].to_list() == [3, 7, 2, 9]
    assert pl.read_parquet(first["2025-02"])["n"].to_list() == [1, 9]
    assert first["2025-01"].samefile(second["2025-01"])
    assert [path.name for path in (settings.home / "exports").iterdir()] == ["trades.b"]


def test_equal_inputs_are_computed_once(tmp_path):
    calls = []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "figures.txt").write_text(str(len(calls)), encoding="utf-8")

    keys = ["one", "one", "two", "one"]
    found = [(made_once(tmp_path / "step", key, make) / "figures.txt").read_text() for key in keys]
    assert found == ["1", "1", "2", "3"]
    assert [path.name for path in (tmp_path / "step").iterdir()] == ["one"]


def test_what_was_cut_off_is_made_again(tmp_path):
    def fail(folder: Path) -> None:
        (folder / "half.txt").touch()
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        made_once(tmp_path / "step", "one", fail)
    made = made_once(tmp_path / "step", "one", lambda folder: (folder / "whole.txt").touch())
    assert [path.name for path in made.iterdir()] == ["whole.txt"]


def test_a_digest_follows_content(tmp_path):
    paths = [tmp_path / name for name in "abc"]
    for path, content in zip(paths, ("x", "x", "y"), strict=True):
        path.write_text(content, encoding="utf-8")
    first, same, other = map(file_digest, paths)
    assert first == same != other
