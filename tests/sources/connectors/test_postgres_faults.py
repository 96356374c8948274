"""A pull that is killed at any moment, or whose connection breaks, delivers all of it or nothing."""

from __future__ import annotations

import multiprocessing
import random
import time
from pathlib import Path

import duckdb
import pytest

from pipelines.core.errors import SourceError
from pipelines.core.progress import reporting_to
from pipelines.core.settings import Settings
from pipelines.sources.connectors import declaration
from pipelines.sources.connectors.deliveries import Deliveries
from pipelines.sources.connectors.fetched import read_document
from pipelines.sources.connectors.pull import pull

pytestmark = pytest.mark.postgres

ROWS = 40_000
TABLES = """
    create table transfers (transfer_id text, ts timestamptz not null, kind text, unit_type text,
        quantity int8, changed_at timestamptz);
    create table accounts (account_id text, holder_id text, holder_type text)
"""


def _add(begin: int, count: int) -> list[str]:
    """New rows in both tables, and some older ones changed."""
    return [
        f"""
        insert into transfers
        select 'T' || n, timestamptz '2024-01-01 00:00+00' + n * interval '1 second', 'gift', 'CEA', n,
            timestamptz '2024-01-01 00:00+00' + n * interval '1 second'
        from generate_series({begin}, {begin + count - 1}) as n
        """,
        f"""
        update transfers
        set quantity = quantity + 1,
            changed_at = timestamptz '2024-01-01 00:00+00' + {begin + count} * interval '1 second'
        where transfer_id = 'T{begin}'
        """,
        "insert into accounts select 'A' || n, 'H', 'compliance' "
        f"from generate_series({begin}, {begin + 99}) as n",
    ]


@pytest.fixture
def homes(sql, declare, tmp_path):
    """Two homes that declare the same tables, one by watermark and one by comparison: disturbed, quiet."""
    sql(*TABLES.split(";"), *_add(0, ROWS))
    tables = {"transfers": {"from": "transfers", "watermark": "changed_at"}, "accounts": {"from": "accounts"}}
    first = declare(registry={"kind": "postgres", "connection": "REGISTRY_DB", "tables": tables})
    quiet = tmp_path / "quiet"
    quiet.mkdir()
    (quiet / "sources.yml").write_bytes((first.home / "sources.yml").read_bytes())
    return first, Settings(home=quiet)


def _pull(home: Path) -> None:
    settings = Settings(home=home)
    pull(settings, declaration.load(settings.home), "registry")


def _difference(one: Settings, other: Settings, table: str) -> int:
    files = [f"{home.deliveries}/current/{table}/registry/**/*.parquet" for home in (one, other)]
    rows = [f"(from read_parquet('{path}', hive_partitioning=false))" for path in files]
    query = f"({rows[0]} except all {rows[1]}) union all ({rows[1]} except all {rows[0]})"
    return len(duckdb.sql(query.replace("(from", "(select * from")).fetchall())


def test_a_rerun_after_kills_gives_what_undisturbed_pulls_give(sql, homes):
    """30 pulls are killed at random moments while the source grows; a second home pulls in peace."""
    disturbed, quiet = homes
    started = time.monotonic()
    _pull(quiet.home)
    usual = time.monotonic() - started
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["pipelines.sources.connectors.pull", "pipelines.sources.connectors.postgres"]
    )
    moments = random.Random(20240101)
    killed = 0
    for attempt in range(30):
        process = context.Process(target=_pull, args=(disturbed.home,))
        process.start()
        process.join(moments.uniform(0, usual))
        killed += process.is_alive()
        process.kill()
        process.join()
        sql(*_add(ROWS + 1000 * attempt, 1000))
        _pull(quiet.home)
    assert killed >= 5
    _pull(disturbed.home)
    for table in ("transfers", "accounts"):
        assert _difference(disturbed, quiet, table) == 0
    marks = [read_document(Deliveries(home).memory("registry"))["tables"] for home in homes]
    assert marks[0] == marks[1]
    leftovers = {path.name for path in disturbed.deliveries.iterdir()} - {"current", ".pull.lock"}
    assert all(name.isdigit() for name in leftovers)
    assert len(leftovers) <= 2


def test_a_broken_connection_delivers_nothing_and_says_where(sql, homes):
    disturbed, _ = homes

    def end_other_sessions(step: str) -> None:
        if step.endswith("accounts"):
            sql(
                "do $$ begin perform pg_terminate_backend(pid) from pg_stat_activity "
                "where pid <> pg_backend_pid() and backend_type = 'client backend'; end $$"
            )

    with (
        reporting_to(end_other_sessions),
        pytest.raises(SourceError, match="source registry, table accounts: expected rows of accounts, found"),
    ):
        _pull(disturbed.home)
    assert Deliveries(disturbed).current is None
