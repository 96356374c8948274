"""Pulling from a real PostgreSQL: types, one snapshot, watermarks, full comparison, secrets, refusals."""

from __future__ import annotations

import traceback
from pathlib import Path

import duckdb
import pytest

from pipelines.core.errors import SourceError
from pipelines.core.progress import reporting_to
from pipelines.core.settings import Settings, SettingsError
from pipelines.lake.files import list_source
from pipelines.sources.connectors import declaration
from pipelines.sources.connectors.deliveries import Deliveries
from pipelines.sources.connectors.pull import PullReport, pull

ACCOUNTS = "create table accounts (account_id text, holder_id text, holder_type text)"
TRANSFERS = """
    create table transfers (
        transfer_id text, ts timestamptz not null, kind text, from_account text, to_account text,
        unit_type text, quantity numeric(14,0), changed_at timestamptz)
"""


def _registry(**tables: dict[str, object]) -> dict[str, object]:
    return {"kind": "postgres", "connection": "REGISTRY_DB", "tables": tables}


def _pull(settings: Settings, name: str = "registry") -> PullReport:
    return pull(settings, declaration.load(settings.home), name)


def _rows(settings: Settings, table: str, columns: str = "*") -> list[tuple[object, ...]]:
    files = f"{settings.deliveries}/current/{table}/registry/**/*.parquet"
    rows = f"read_parquet('{files}', union_by_name=true, hive_partitioning=false)"
    query = f"select {columns} from {rows} order by all"
    with duckdb.connect() as con:
        con.execute("set timezone = 'UTC'")
        return con.execute(query).fetchall()


def _files(settings: Settings) -> dict[str, int]:
    """Name and inode of each delivered file."""
    state = Deliveries(settings).current
    return {
        path.relative_to(state).as_posix(): path.stat().st_ino
        for path in state.glob("[a-z]*/registry/**/*.parquet")
    }


def _transfer(name: str, changed: str, quantity: int = 5) -> str:
    return f"""
        insert into transfers values
        ('{name}', '2024-01-01 08:00+08', 'gift', 'A', 'B', 'CEA', {quantity}, '2024-03-01 {changed}+00')
    """


def test_a_table_of_the_contract_becomes_a_source_that_a_run_can_list(sql, declare):
    sql(TRANSFERS, _transfer("T1", "10:00"))
    settings = declare(registry=_registry(transfers={"from": "public.transfers"}))
    assert _pull(settings).rows == {"transfers": 1}
    source = settings.default_source
    assert [file.name for file in list_source(source).files if "registry" in file.name] == [
        "transfers/registry/transfers.parquet"
    ]
    assert _rows(settings, "transfers", "cast(ts as varchar), quantity") == [("2024-01-01 00:00:00+00", 5)]


def test_an_unchanged_table_is_compared_and_not_delivered_again(sql, declare):
    sql(TRANSFERS, _transfer("T1", "10:00"), _transfer("T2", "10:00"))
    settings = declare(registry=_registry(transfers={"from": "public.transfers"}))
    _pull(settings)
    state = Deliveries(settings).current
    # The same rows in another order of storage.
    sql("update transfers set quantity = quantity where transfer_id = 'T1'")
    assert not _pull(settings).changed
    assert Deliveries(settings).current == state
    sql("delete from transfers where transfer_id = 'T1'")
    assert _pull(settings).changed
    assert _rows(settings, "transfers", "transfer_id") == [("T2",)]


def test_other_tables_stay_as_they_are_when_one_changes(sql, declare):
    sql(TRANSFERS, ACCOUNTS, _transfer("T1", "10:00"), "insert into accounts values ('A', 'E', 'compliance')")
    tables = {"transfers": {"from": "transfers"}, "accounts": {"query": "select * from accounts;"}}
    settings = declare(registry=_registry(**tables))
    _pull(settings)
    before = _files(settings)
    sql(_transfer("T2", "10:00"))
    assert _pull(settings).rows == {"transfers": 2, "accounts": 0}
    after = _files(settings)
    assert before["accounts/registry/accounts.parquet"] == after["accounts/registry/accounts.parquet"]
    assert before["transfers/registry/transfers.parquet"] != after["transfers/registry/transfers.parquet"]


def test_a_watermark_takes_new_and_changed_rows_once(sql, declare):
    sql(TRANSFERS, _transfer("T1", "10:00"), _transfer("T2", "11:00"))
    table = {"from": "transfers", "watermark": "changed_at"}
    settings = declare(registry=_registry(transfers=table))
    assert _pull(settings).rows == {"transfers": 2}
    assert not _pull(settings).changed
    # One row of the same moment as the watermark, one later, and one earlier, which nobody can see.
    sql(_transfer("T3", "11:00"), _transfer("T4", "12:00"), _transfer("T0", "09:00"))
    sql("update transfers set quantity = 9, changed_at = '2024-03-01 12:30+00' where transfer_id = 'T1'")
    assert _pull(settings).rows == {"transfers": 3}
    assert list(_files(settings)) == [
        "transfers/registry/increment=000001/transfers-000001.parquet",
        "transfers/registry/increment=000002/transfers-000002.parquet",
    ]
    assert _rows(settings, "transfers", "transfer_id, quantity") == [
        ("T1", 5), ("T1", 9), ("T2", 5), ("T3", 5), ("T4", 5),
    ]  # fmt: skip


def test_an_overlap_finds_rows_that_were_committed_late(sql, declare):
    sql(TRANSFERS, _transfer("T1", "10:00"), _transfer("T2", "11:00"))
    table = {"from": "transfers", "watermark": "changed_at", "overlap": 1800}
    settings = declare(registry=_registry(transfers=table))
    _pull(settings)
    sql(_transfer("T3", "10:31"), _transfer("T4", "10:29"))
    sql(_transfer("T5", "10:00").replace("'2024-03-01 10:00+00'", "null"))
    _pull(settings)
    assert not _pull(settings).changed
    assert _rows(settings, "transfers", "transfer_id") == [("T1",), ("T2",), ("T3",), ("T5",)]


def test_a_changed_declaration_reads_everything_anew(sql, declare):
    sql(TRANSFERS, _transfer("T1", "10:00"), _transfer("T2", "11:00"))
    table = {"from": "transfers", "watermark": "changed_at"}
    settings = declare(registry=_registry(transfers=table))
    _pull(settings)
    declare(registry=_registry(transfers={**table, "overlap": 60}))
    assert _pull(settings).rows == {"transfers": 2}
    declare(registry={**_registry(transfers={**table, "overlap": 60}), "schedule": "0 6 * * *"})
    assert not _pull(settings).changed


def test_a_pull_sees_one_snapshot_while_the_source_changes(sql, declare):
    sql(TRANSFERS, ACCOUNTS, _transfer("T1", "10:00"), "insert into accounts values ('A', 'E', 'compliance')")
    settings = declare(registry=_registry(transfers={"from": "transfers"}, accounts={"from": "accounts"}))

    def write_between_tables(step: str) -> None:
        if step.endswith("accounts"):
            sql(_transfer("T2", "10:00"), "insert into accounts values ('B', 'E', 'compliance')")
            sql("delete from transfers where transfer_id = 'T1'")

    with reporting_to(write_between_tables):
        _pull(settings)
    assert _rows(settings, "transfers", "transfer_id") == [("T1",)]
    assert _rows(settings, "accounts", "account_id") == [("A",)]
    _pull(settings)
    assert _rows(settings, "transfers", "transfer_id") == [("T2",)]
    assert _rows(settings, "accounts", "account_id") == [("A",), ("B",)]


def test_types_are_kept_and_what_has_no_type_here_is_text(sql, declare):
    sql(
        "create type mood as enum ('calm', 'busy')",
        """
        create table accounts as select 'A' as account_id, 'E' as holder_id, 'compliance' as holder_type,
            123.450::numeric(12,3) as price, 1e30::numeric as wide, 'NaN'::numeric(6,2) as broken,
            1::smallint as small, 2.5::float8 as real, date '2024-02-29' as day, true as yes,
            timestamp '2024-01-01 08:00' as local, array['x', 'y'] as list, 'busy'::mood as mood,
            '6f9619ff-8b86-d011-b42d-00c04fc964ff'::uuid as id, '{"a": 1}'::jsonb as doc,
            '1 day'::interval as span, 1.50::money as fee
        """,
    )
    settings = declare(registry=_registry(accounts={"from": "accounts", "zone": "Asia/Shanghai"}))
    _pull(settings)
    described = "typeof(price), typeof(wide), typeof(local), typeof(small), typeof(list), typeof(day)"
    # The column that holds NaN is no decimal, so all numbers of the table stay text, with all their digits.
    assert _rows(settings, "accounts", described) == [
        ("VARCHAR", "VARCHAR", "TIMESTAMP WITH TIME ZONE", "SMALLINT", "VARCHAR[]", "DATE")
    ]
    values = "price, wide, broken, cast(local as varchar), mood, id, doc, span"
    assert _rows(settings, "accounts", values) == [
        ("123.450", "1" + 30 * "0", "nan", "2024-01-01 00:00:00+00", "busy",
         "6f9619ff-8b86-d011-b42d-00c04fc964ff", '{"a": 1}', "1 day"),
    ]  # fmt: skip
    sql("update accounts set broken = 1")
    _pull(settings)
    assert _rows(settings, "accounts", "typeof(price), typeof(broken), price::varchar") == [
        ("DECIMAL(12,3)", "DECIMAL(6,2)", "123.450")
    ]


MAPPING = """
title: Registry
market: {id: cn, name_zh: 全国, name_en: China, currency: CNY, timezone: Asia/Shanghai}
inputs:
  konto: {file: konto, table: accounts, rows: one account, columns: {nummer: {filled: true}, inhaber: {}}}
  buchung:
    file: buchung
    table: transfers
    rows: one booking
    columns: {id: {filled: true}, zeit: {type: timestamp, zone: Asia/Shanghai}, menge: {type: int64}}
tables:
  accounts:
    from: konto
    columns: {account_id: nummer, holder_id: inhaber, holder_type: "'compliance'"}
"""


def test_a_mapping_reads_the_rows_of_queries(sql, declare):
    sql(
        "create table konto (nummer text, inhaber text)",
        "insert into konto values ('A', 'E'), (null, 'F')",
        "create table buchung (id int, zeit timestamp, menge numeric)",
        "insert into buchung values (1, '2024-01-01 08:00', 12), (2, '2024-01-01 09:00', 1.5)",
        *(f"insert into buchung values ({n}, '2024-01-02 08:00', 1e1)" for n in range(3, 10)),
        *(f"insert into konto values ('A{n}', 'E')" for n in range(8)),
    )
    declared = _registry(konto={"query": "select nummer, inhaber from konto"}, buchung={"from": "buchung"})
    settings = declare(registry={**declared, "mapping": "registry.yml"})
    (settings.home / "registry.yml").write_text(MAPPING, encoding="utf-8")
    [reading] = _pull(settings).readings
    assert [(line.read, line.written, line.quarantined) for line in reading.lines] == [(10, 9, 1), (9, 8, 1)]
    assert len(_rows(settings, "accounts")) == 9
    counted = duckdb.sql(
        f"select reason, count(*) from '{settings.deliveries}/current/_quarantined/rows.parquet' group by all"
    )
    assert sorted(counted.fetchall()) == [("missing_value", 1), ("wrong_type", 1)]
    assert not _pull(settings).changed
    (settings.home / "registry.yml").write_text(
        MAPPING.replace("'compliance'", "'financial'"), encoding="utf-8"
    )
    _pull(settings)
    assert {row[0] for row in _rows(settings, "accounts", "holder_type")} == {"financial"}


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ({"from": "nothing"}, 'relation "nothing" does not exist'),
        ({"query": "select 1 as transfer_id"}, "expected the columns kind"),
        ({"from": "transfers", "watermark": "kind"}, "a time, a date or an integer, found text"),
        ({"from": "transfers", "watermark": "nowhere"}, "expected the columns nowhere"),
        ({"query": "select *, nextval('s') from transfers"}, "read-only transaction"),
        ({"query": "select *, 1 / (quantity - 5) from transfers"}, "division by zero"),
        (
            {"query": "select transfer_id, ts::timestamp as ts, kind, unit_type, quantity from transfers"},
            "State `zone`",
        ),
    ],
)  # fmt: skip
def test_errors_name_source_and_table_and_deliver_nothing(sql, declare, table, expected):
    sql(TRANSFERS, ACCOUNTS, _transfer("T1", "10:00"), "create sequence s")
    settings = declare(registry=_registry(accounts={"from": "accounts"}, transfers=table))
    with pytest.raises(SourceError, match="source registry, table transfers: expected") as error:
        _pull(settings)
    assert expected in str(error.value)
    assert "Query was" not in str(error.value)
    assert Deliveries(settings).current is None
    assert not list(Path(settings.deliveries).glob(".pulling"))


def _shown(error: BaseException) -> str:
    """The traceback with all variables of all frames but those of this file, which know the secret."""
    found = traceback.TracebackException.from_exception(error, capture_locals=True)
    found.stack = traceback.StackSummary.from_list(
        [frame for frame in found.stack if not frame.filename.endswith("test_postgres.py")]
    )
    assert len(found.stack) > 2
    return "".join(found.format())


@pytest.mark.parametrize(
    "connection",
    [
        "postgresql://carbon:s3cret-word@127.0.0.1:1/registry",
        "postgresql://carbon:s3cret-word@[::1/registry",
        "postgresql://carbon:s3cret%2Dword@127.0.0.1:1/registry?s3cret-word=1",
        "host=127.0.0.1 port=1 password=s3cret-word s3cret-word",
        "host=127.0.0.1 port=1 password='s3cret-word' user=carbon",
        "s3cret-word",
    ],
)
def test_no_message_and_no_traceback_shows_the_secret(declare, monkeypatch, connection):
    pytest.importorskip("adbc_driver_postgresql")
    monkeypatch.setenv("REGISTRY_DB", connection)
    settings = declare(registry=_registry(transfers={"from": "transfers"}))
    with pytest.raises(SourceError, match="source registry: expected a connection") as error:
        _pull(settings)
    assert "s3cret" not in _shown(error.value)


def test_a_variable_that_is_not_set_is_wrong_use(declare, monkeypatch):
    pytest.importorskip("adbc_driver_postgresql")
    monkeypatch.delenv("REGISTRY_DB", raising=False)
    settings = declare(registry=_registry(transfers={"from": "transfers"}))
    with pytest.raises(SettingsError, match="environment variable REGISTRY_DB, found it not set"):
        _pull(settings)


def test_tables_with_a_watermark_and_others_are_pulled_together(sql, declare):
    """The worked example of the how-to, in both orders, with more rows than one."""
    numbers = "from generate_series({}, {}) as number"
    bookings = f"""
        insert into transfers select 'T' || number, '2024-01-01 08:00+08', 'gift', 'A', 'B', 'CEA', 5,
            timestamptz '2024-03-01 10:00+00' + number * interval '1 minute' {numbers}
    """
    accounts = f"insert into accounts select 'A' || number, 'E', 'compliance' {numbers}"
    sql(TRANSFERS, ACCOUNTS, bookings.format(1, 30), accounts.format(1, 20))
    query = """
        select transfer_id, ts, from_account, to_account, 'CEA' as unit_type, quantity, kind, changed_at
        from transfers
    """
    growing = {"query": query, "watermark": "changed_at", "overlap": 600}
    whole = {"from": "public.accounts"}
    settings = declare(registry=_registry(transfers=growing, accounts=whole))
    assert _pull(settings).rows == {"transfers": 30, "accounts": 20}
    sql(bookings.format(31, 32), accounts.format(21, 21))
    settings = declare(registry=_registry(accounts=whole, transfers=growing))
    assert _pull(settings).rows == {"transfers": 2, "accounts": 21}
