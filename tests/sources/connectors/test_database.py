"""Pulling by SQLAlchemy from SQLite: types, watermarks, full comparison, one snapshot, secrets, refusals."""

from __future__ import annotations

import sqlite3
import traceback
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pytest
import sqlalchemy as sa
from pydantic import SecretStr
from sqlalchemy.dialects import mssql, oracle

from pipelines.core.errors import SourceError
from pipelines.core.progress import reporting_to
from pipelines.core.settings import SettingsError
from pipelines.sources.connectors import database, database_engines, declaration
from pipelines.sources.connectors.pull import pull

ACCOUNTS = "create table accounts (account_id text, holder_id text, holder_type text)"
TRANSFERS = """
    create table transfers (
        transfer_id varchar(20), ts datetime, kind text, from_account text, to_account text, unit_type text,
        quantity numeric(14,2), changed_at datetime, noted boolean, on_day date, share double, number integer)
"""


@pytest.fixture
def sql(tmp_path, monkeypatch):
    """Executes statements in a SQLite database of which a source may read."""
    path = tmp_path / "registry.db"
    monkeypatch.setenv("REGISTRY_DB", f"sqlite:///{path}")

    def execute(*statements):
        with closing(sqlite3.connect(path)) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    execute("pragma journal_mode = wal", ACCOUNTS, TRANSFERS)
    return execute


def registry(**tables):
    return {"kind": "database", "connection": "REGISTRY_DB", "tables": tables}


def pulled(settings):
    return pull(settings, declaration.load(settings.home), "registry")


def rows(settings, table, columns="*"):
    files = f"{settings.deliveries}/current/{table}/registry/**/*.parquet"
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        read = f"read_parquet('{files}', union_by_name=true, hive_partitioning=false)"
        return con.execute(f"select {columns} from {read} order by all").fetchall()


def transfer(name, changed, quantity="5.25"):
    return (
        f"insert into transfers values ('{name}', '2024-01-01 08:00:00', 'gift', 'A', 'B', 'CEA', "
        f"{quantity}, '{changed}', 1, '2024-01-01', 0.1, 7)"
    )


def test_declared_types_are_kept_and_local_times_become_utc(sql, declare):
    sql(transfer("T1", "2024-03-01 00:00:00"))
    settings = declare(registry=registry(transfers={"from": "transfers", "zone": "Asia/Shanghai"}))
    assert pulled(settings).rows == {"transfers": 1}
    found = rows(settings, "transfers", "ts, quantity, noted, on_day, share, number")
    moment = datetime(2024, 1, 1, tzinfo=UTC)
    assert found == [(moment, Decimal("5.25"), True, date(2024, 1, 1), 0.1, 7)]


def test_a_value_of_another_type_makes_columns_text_and_is_not_lost(sql, declare):
    sql(transfer("T1", "2024-03-01 00:00:00"), transfer("T2", "2024-03-01 00:00:00", "'many'"))
    settings = declare(registry=registry(transfers={"from": "transfers", "zone": "Asia/Shanghai"}))
    pulled(settings)
    assert rows(settings, "transfers", "transfer_id, quantity") == [("T1", "5.25"), ("T2", "many")]


def test_times_without_a_zone_are_refused_where_none_is_declared(sql, declare):
    settings = declare(registry=registry(transfers={"from": "transfers"}))
    with pytest.raises(SourceError, match="expected times with a zone in column ts"):
        pulled(settings)


def test_an_unchanged_table_is_compared_and_not_delivered_again(sql, declare):
    sql("insert into accounts values ('A', 'E', 'compliance')")
    settings = declare(registry=registry(accounts={"from": "accounts"}))
    assert pulled(settings).rows == {"accounts": 1}
    assert not pulled(settings).changed
    sql("delete from accounts")
    assert pulled(settings).changed
    assert rows(settings, "accounts", "account_id") == []


def test_a_watermark_takes_new_and_changed_rows_once(sql, declare):
    table = {"from": "transfers", "watermark": "changed_at", "overlap": 60, "zone": "Asia/Shanghai"}
    settings = declare(registry=registry(transfers=table))
    sql(transfer("T1", "2024-03-01 10:00:00"), transfer("T2", "2024-03-01 10:00:30"))
    assert pulled(settings).rows == {"transfers": 2}
    assert not pulled(settings).changed
    sql(transfer("T3", "2024-03-01 09:59:40"), transfer("T4", "2024-03-01 10:00:30.5"))
    assert pulled(settings).rows == {"transfers": 2}
    assert [name for (name,) in rows(settings, "transfers", "transfer_id")] == ["T1", "T2", "T3", "T4"]


def test_a_number_is_a_watermark_and_a_text_is_none(sql, declare):
    sql(transfer("T1", "2024-03-01 10:00:00"))
    table = {"from": "transfers", "zone": "Asia/Shanghai"}
    settings = declare(registry=registry(transfers={**table, "watermark": "number"}))
    assert pulled(settings).rows == {"transfers": 1}
    sql(
        "insert into transfers select 'T2', ts, kind, from_account, to_account, unit_type, quantity, "
        "changed_at, noted, on_day, share, 8 from transfers"
    )
    assert pulled(settings).rows == {"transfers": 1}
    settings = declare(registry=registry(transfers={**table, "watermark": "kind"}))
    with pytest.raises(SourceError, match="expected the watermark kind to be a time, a date or an integer"):
        pulled(settings)


def test_a_decimal_is_a_watermark_only_without_a_scale(sql, declare):
    sql(
        "create table numbered (account_id text, holder_id text, holder_type text, version numeric(38,0), "
        "share numeric(9,2))",
        "insert into numbered values ('A', 'E', 'compliance', 8, 1.5)",
    )
    table = {"from": "numbered", "overlap": 2}
    settings = declare(registry=registry(accounts={**table, "watermark": "version"}))
    assert pulled(settings).rows == {"accounts": 1}
    sql("insert into numbered values ('B', 'E', 'compliance', 7, 1.5), ('C', 'E', 'compliance', 5, 1.5)")
    assert pulled(settings).rows == {"accounts": 1}
    settings = declare(registry=registry(accounts={**table, "watermark": "share"}))
    with pytest.raises(SourceError, match="expected the watermark share to be a time, a date or an integer"):
        pulled(settings)


@pytest.mark.parametrize(
    ("kind", "can_grow"),
    [
        (oracle.NUMBER(19, 0), True),
        (oracle.NUMBER(19, 2), False),
        (oracle.NUMBER(), False),
        (sa.Integer(), True),
        (oracle.DATE(), True),
        (sa.Date(), True),
        (sa.String(), False),
        (sa.Float(), False),
    ],
)
def test_types_of_watermarks(kind, can_grow):
    assert database._can_grow(database._arrow_type(kind)) is can_grow


def test_a_time_with_an_offset_is_stored_as_its_moment():
    stored = database._arrow_type(mssql.DATETIMEOFFSET(7))
    assert stored == pa.timestamp("us", "UTC")
    moment = datetime(2024, 1, 1, 8, tzinfo=timezone(timedelta(hours=8)))
    assert pa.array([moment], stored).to_pylist() == [datetime(2024, 1, 1, tzinfo=UTC)]


def test_a_watermark_with_an_offset_is_compared_as_its_moment_and_a_local_one_as_its_digits():
    table = declaration.DatabaseTable(relation="t", watermark="w", overlap=60, zone="Asia/Shanghai")
    mark = "2024-01-01 00:01:00+00"
    aware = database._lowest(mark, pa.timestamp("us", "UTC"), table)
    assert aware == datetime(2024, 1, 1, tzinfo=UTC)
    assert database._lowest(mark, pa.timestamp("us"), table) == datetime(2024, 1, 1, 8)


@pytest.mark.parametrize("zone", [None, "UTC"])
def test_a_time_that_differs_from_its_column_in_having_a_zone_has_another_type(zone):
    local, aware = datetime(2024, 1, 1), datetime(2024, 1, 1, tzinfo=UTC)
    fitting, other = (aware, local) if zone else (local, aware)
    pull = SimpleNamespace(table=declaration.DatabaseTable(relation="t"))
    field = pa.field("ts", pa.timestamp("us", zone))
    assert database._TablePull._array(pull, [None, fitting], field).to_pylist() == [None, fitting]
    with pytest.raises(database._OtherTypeError):
        database._TablePull._array(pull, [fitting, other], field)


def test_an_engine_whose_snapshot_is_not_known_to_hold_is_named_in_the_report(sql, monkeypatch):
    engine = sa.create_engine("sqlite://")
    engine.dialect.name = "oracle"
    monkeypatch.setattr(database_engines, "_engine", lambda *_: engine)
    with database_engines.snapshot("registry", SecretStr("address")) as (connection, notes):
        assert connection.get_isolation_level() == "SERIALIZABLE"
    assert notes == [
        "oracle: rows of several tables may be of different moments, as it is not known how this engine "
        "promises one snapshot"
    ]


def test_a_pull_sees_one_snapshot_while_the_source_changes(sql, declare):
    sql("insert into accounts values ('A', 'E', 'compliance')")
    settings = declare(
        registry=registry(accounts={"from": "accounts"}, transfers={"from": "transfers", "zone": "UTC"})
    )

    def change(text):
        if text.endswith(": transfers"):
            sql(transfer("T1", "2024-03-01 00:00:00"))

    with reporting_to(change):
        assert pulled(settings).rows == {"accounts": 1, "transfers": 0}
    assert pulled(settings).rows == {"accounts": 0, "transfers": 1}


def test_a_query_is_read_and_nothing_can_be_written(sql, declare):
    sql("insert into accounts values ('A', 'E', 'compliance')")
    query = "select account_id, 'E' as holder_id, 'compliance' as holder_type, 1.5 as extra from accounts;"
    settings = declare(registry=registry(accounts={"query": query}))
    assert pulled(settings).rows == {"accounts": 1}
    assert rows(settings, "accounts", "account_id, extra") == [("A", "1.5")]
    settings = declare(registry=registry(accounts={"query": "delete from accounts returning *"}))
    with pytest.raises(SourceError, match="attempt to write a readonly database"):
        pulled(settings)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"from": "absent"}, "source registry, table accounts: expected rows of absent, found"),
        ({"query": "select 1 as one"}, "expected the columns account_id, holder_id, holder_type, found one"),
        ({"query": "selekt"}, "expected rows of the query, found"),
    ],
)
def test_errors_name_source_and_table_and_deliver_nothing(sql, declare, table, expected):
    settings = declare(registry=registry(accounts=table))
    with pytest.raises(SourceError) as error:
        pulled(settings)
    assert expected in str(error.value)
    assert not (settings.deliveries / "current").exists()


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("sqlite:////nowhere/s3cret-s3cret/registry.db", "expected a connection to the database"),
        ("s3cret-s3cret", "found another text"),
        ("klingon://u:s3cret-s3cret@h/d", "an engine that SQLAlchemy does not know"),
        ("oracle+oracledb://u:s3cret-s3cret@h/d", "no driver: the package oracledb is not installed"),
    ],
)
def test_no_message_and_no_traceback_shows_the_secret(declare, monkeypatch, address, expected):
    monkeypatch.setenv("REGISTRY_DB", address)
    settings = declare(registry=registry(accounts={"from": "accounts"}))
    with pytest.raises(SourceError, match=expected) as error:
        pulled(settings)
    shown = "".join(traceback.format_exception(error.value))
    assert "s3cret-s3cret@" not in shown and "s3cret-s3cret" not in str(error.value)


def test_a_query_has_no_watermark(declare):
    table = {"query": "select 1", "watermark": "a"}
    settings = declare(registry=registry(accounts=table))
    with pytest.raises(SettingsError, match="expected `from` beside a `watermark`"):
        declaration.load(settings.home)
