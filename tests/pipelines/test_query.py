"""`sql` reads the published marts and nothing else."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from pipelines.core.errors import UsageError
from pipelines.core.settings import Settings
from pipelines.publication.query import query
from pipelines.publication.snapshots import begin_candidate, publish


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings.load(tmp_path / "home")
    folder = begin_candidate(settings, "a")
    pl.DataFrame({"n": [1, 2]}).write_parquet(folder / "marts" / "numbers.parquet")
    publish(settings, "a", {})
    (tmp_path / "secret.csv").write_text("a\n1\n")
    return settings


def test_a_select_is_answered(settings):
    assert query(settings, "select sum(n) as total from numbers") == (["total"], [(3,)])


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_csv('{home}/../secret.csv')",
        "select * from '{home}/../secret.csv'",
        "select * from read_text('{home}/published/a/manifest.json')",
        "select * from glob('{home}/*')",
        "copy numbers to '{home}/stolen.csv'",
        "copy (select 1) to '{home}/published/a/marts/numbers.parquet'",
        "explain analyze copy (select 1) to '{home}/published/a/marts/numbers.parquet' "
        "(format parquet, use_tmp_file false)",
        "explain analyze copy (select 1) to '.tmp/x.csv'",
        "explain select 1",
        "select * from read_csv('.tmp/secret.csv')",
        "create table t as select 1",
        "insert into numbers values (3)",
        "drop view numbers",
        "attach '{home}/x.db'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access = true",
        "pragma database_list",
        "export database '{home}/x'",
        "select 1; select 2",
        "",
        "select from where",
        "select * from 'http://127.0.0.1:9/x.parquet'",
    ],
)
def test_everything_else_is_wrong_use(settings, statement):
    before = {p: p.read_bytes() for p in settings.home.rglob("*") if p.is_file()}
    with pytest.raises(UsageError):
        query(settings, statement.format(home=settings.home))
    assert {p: p.read_bytes() for p in settings.home.rglob("*") if p.is_file()} == before


def test_without_a_publication_the_error_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="carbonwarden demo"):
        query(Settings.load(tmp_path), "select 1")
