"""Every kind of bad input ends in quarantine with its reason, or in one clear error."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable

import polars as pl
import pytest

from pipelines.core.errors import SourceError
from tests.faults import one_of_each

TRADE = "T9,2025-01-07T09:31:00+08:00,CEA24,listed,95.10,100,A1,A2"


def _trade(**changes: str) -> str:
    names = ("trade_id", "ts", "instrument_id", "mode", "price", "quantity", "buy", "sell")
    values = dict(zip(names, TRADE.split(","), strict=True))
    return ",".join((values | changes).values())


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def _row(table: str, row: str) -> Callable:
    return lambda d: d.add_row(table, row)


def _file(name: str, content: str | bytes) -> Callable:
    return lambda d: d.write(name, content)


def _replace(name: str, content: str | bytes, old: str) -> Callable:
    def change(d) -> None:
        (d.source / old).unlink()
        d.write(name, content)

    return change


def _compliance_parquet(**columns: list) -> bytes:
    base = {"entity_id": ["E1"], "year": [2022], "verified_emissions": [1.0]}
    return _parquet(pl.DataFrame(base | columns))


ENTITY = "E9,Name,power,110000,listed"

QUARANTINED = {
    "text where a number belongs": (_row("trades", _trade(quantity="many")), "trades", "wrong_type"),
    "fraction of a whole number": (_row("trades", _trade(quantity="10.5")), "trades", "wrong_type"),
    "number beyond 64 bits": (_row("trades", _trade(quantity="9" * 30)), "trades", "wrong_type"),
    "price with three decimals": (_row("trades", _trade(price="95.123")), "trades", "too_many_decimals"),
    "price beyond its precision": (_row("trades", _trade(price="9" * 13)), "trades", "out_of_range"),
    "NaN price": (_row("trades", _trade(price="nan")), "trades", "wrong_type"),
    "NaN emissions": (_row("compliance", "E1,2024,nan,,"), "compliance", "not_finite"),
    "infinite emissions": (_row("compliance", "E1,2024,-Infinity,,"), "compliance", "not_finite"),
    "NaN in Parquet": (
        _replace(
            "compliance.parquet", _compliance_parquet(verified_emissions=[float("nan")]), "compliance.csv"
        ),
        "compliance",
        "not_finite",
    ),
    "fractional year in Parquet": (
        _replace("compliance.parquet", _compliance_parquet(year=[2022.5]), "compliance.csv"),
        "compliance",
        "wrong_type",
    ),
    "time without offset": (_row("trades", _trade(ts="2025-01-07T09:31:00")), "trades", "no_utc_offset"),
    "underscore in a number": (_row("compliance", "E1,2024,1_0,,"), "compliance", "wrong_type"),
    "blanks around a number": (_row("compliance", "E1,2024, 1 ,,"), "compliance", "wrong_type"),
    "offset of 25 hours": (_row("trades", _trade(ts="2025-01-07T09:31:00+25:00")), "trades", "wrong_type"),
    "time finer than nanoseconds": (
        _row("trades", _trade(ts="2025-01-07T09:31:00.1234567891Z")),
        "trades",
        "wrong_type",
    ),
    "time that is none": (_row("trades", _trade(ts="yesterday")), "trades", "wrong_type"),
    "hour 25": (_row("trades", _trade(ts="2025-01-07T25:31:00+08:00")), "trades", "wrong_type"),
    "time of the year 9999": (_row("trades", _trade(ts="9999-12-31T00:00:00Z")), "trades", "out_of_range"),
    "13th month": (
        _replace(
            "entities.csv",
            "entity_id,entity_name,sector,province_code,status,listed_on\n"
            "E1,a,power,110000,listed,2020-13-01\nE2,b,cement,330000,listed,2020-01-01\n",
            "entities.csv",
        ),
        "entities",
        "wrong_type",
    ),
    "exit in the year 9999": (
        _replace(
            "entities.csv",
            "entity_id,entity_name,sector,province_code,status,exited_on\n"
            "E1,a,power,110000,listed,9999-12-31\nE2,b,cement,330000,listed,\n",
            "entities.csv",
        ),
        "entities",
        "out_of_range",
    ),
    "compliance year 20": (_row("compliance", "E1,20,1,1,1"), "compliance", "out_of_range"),
    "missing key": (_row("trades", _trade(trade_id="")), "trades", "missing_value"),
    "blank key": (_row("entities", ENTITY.replace("E9", "  ")), "entities", "missing_value"),
    "missing mandatory value": (_row("trades", _trade(instrument_id="")), "trades", "missing_value"),
    "unknown enum": (_row("trades", _trade(mode="otc")), "trades", "unknown_enum"),
    "enum in capitals": (_row("entities", ENTITY.replace("power", "POWER")), "entities", "unknown_enum"),
    "orphan": (_row("trades", _trade(buy="A77")), "trades", "orphan"),
    "orphan of a quarantined row": (
        lambda d: (
            d.add_row("entities", "E9,Name,powr,110000,listed"),
            d.add_row("units", "U9,E9,other,1,MW"),
        ),
        "units",
        "orphan",
    ),
    "the same row twice": (
        _row("compliance", "E1,2023,1000.5,1001,1001"),
        "compliance",
        "duplicate_row",
    ),
    "one key, two rows that differ": (_row("compliance", "E1,2023,7,7,7"), "compliance", "contradiction"),
    "two files that contradict each other": (
        lambda d: (
            d.write("trades/a.csv", (d.source / "trades.csv").read_text().replace("95.10", "95.20")),
            (d.source / "trades.csv").rename(d.source / "trades" / "b.csv"),
        ),
        "trades",
        "contradiction",
    ),
    "too few fields": (_row("trades", "T9,2025-01-07"), "trades", "malformed_line"),
    "too many fields": (_row("trades", TRADE + ",1,2"), "trades", "malformed_line"),
    "bytes that are no UTF-8": (
        lambda d: (d.source / "entities.csv").write_bytes(
            (d.source / "entities.csv").read_bytes()
            + "E9,Électricité,power,110000,listed\n".encode("latin-1")
        ),
        "entities",
        "malformed_line",
    ),
    "a field of many megabytes": (
        _row("entities", ENTITY.replace("Name", "x" * (9 << 20))),
        "entities",
        "malformed_line",
    ),
    "a field longer than any name": (
        _row("entities", ENTITY.replace("Name", "x" * 20_000)),
        "entities",
        "text_too_long",
    ),
    "spreadsheet formula in a name": (
        _row("entities", ENTITY.replace("Name", "=cmd|'/C calc'!A0")),
        "entities",
        "formula_in_text",
    ),
    "formula with a plus": (
        _row("entities", ENTITY.replace("Name", "+HYPERLINK(1)")),
        "entities",
        "formula_in_text",
    ),
    "path out of the folder in an id": (
        _row("entities", ENTITY.replace("E9", "../../etc/passwd")),
        "entities",
        "path_in_text",
    ),
    "control characters in a name": (
        _row("entities", ENTITY.replace("Name", "a\x1b[2Jb")),
        "entities",
        "control_characters",
    ),
    "a name whose direction is reversed": (
        _row("entities", ENTITY.replace("Name", "a\u202e123")),
        "entities",
        "control_characters",
    ),
    "a zero-width space in an id": (
        _row("entities", ENTITY.replace("E9", "E\u200b9")),
        "entities",
        "control_characters",
    ),
    "a blank after an id": (
        _row("entities", ENTITY.replace("E9", "E9\u3000")),
        "entities",
        "control_characters",
    ),
    "full-width letters in an id": (
        _row("entities", ENTITY.replace("E9", "\uff25\uff19")),
        "entities",
        "full_width_characters",
    ),
}

REFUSED = {
    "carriage return within the header": (
        _file("compliance.csv", "entity_id,ye\rar,verified_emissions\nE1,2023,1\n"),
        "ended by a line feed",
    ),
    "no directory": (lambda d: d.source.rename(d.source.with_name("gone")), "expected a source directory"),
    "required table absent": (lambda d: (d.source / "trades.csv").unlink(), "required tables trades"),
    "empty file": (_file("trades.csv", ""), "expected a header line"),
    "no header": (
        _file("trades.csv", "T1,2025-01-06T09:31:00+08:00,CEA24,listed,1,2,A1,A2\n"),
        "expected the columns",
    ),
    "mandatory column absent": (
        _file("accounts.csv", "account_id,holder_id\nA1,E1\n"),
        "expected the columns",
    ),
    "column misspelt": (
        _file("accounts.csv", "account_id,holder,holder_type\nA1,E1,compliance\n"),
        "expected the columns holder_id",
    ),
    "column twice": (
        _file("accounts.csv", "account_id,holder_id,holder_id,holder_type\nA1,E1,E1,compliance\n"),
        "stands twice",
    ),
    "UTF-16": (_file("accounts.csv", "account_id,holder_id,holder_type\n".encode("utf-16")), "UTF-8"),
    "no gzip inside .gz": (_replace("trades.csv.gz", "trade_id\n", "trades.csv"), "cannot be read"),
    "cut gzip": (
        lambda d: (
            d.write("trades.csv.gz", gzip.compress((d.source / "trades.csv").read_bytes() * 500)[:-200]),
            (d.source / "trades.csv").unlink(),
        ),
        "cannot be read",
    ),
    "no Parquet inside .parquet": (
        _replace("trades.parquet", b"PAR1 no", "trades.csv"),
        "expected a complete Parquet file",
    ),
    "cut Parquet": (
        _replace("compliance.parquet", _compliance_parquet()[:-20], "compliance.csv"),
        "expected a complete Parquet file",
    ),
    "spreadsheet instead of CSV": (_replace("trades.xlsx", b"PK", "trades.csv"), None),
    "spreadsheet in a table's folder": (_file("orders/2025.xlsx", b"PK"), "expected one of .parquet"),
    "link that leads outside": (
        lambda d: (d.source / "orders.csv").symlink_to("/etc/hostname"),
        "a link that leads to",
    ),
}


@pytest.mark.parametrize(
    ("spoil", "table", "reason"), one_of_each(QUARANTINED, lambda spoil, table, reason: reason)
)
def test_bad_rows_are_quarantined_with_their_reason(spoil, table, reason, delivery, accounted):
    spoil(delivery)
    summary = delivery.update()
    accounted(summary)
    assert (table, reason) in delivery.reasons()
    assert summary.tables[table].quarantined >= 1
    rows = delivery.quarantine().filter(table_name=table, reason=reason)
    assert rows["file"].null_count() == 0
    assert rows["quarantine_id"].n_unique() == rows.height


@pytest.mark.parametrize(("spoil", "message"), one_of_each(REFUSED, lambda spoil, message: message))
def test_files_that_cannot_be_read_are_a_clear_error_and_leave_the_lake_alone(spoil, message, delivery):
    delivery.update()
    before = {
        p: p.read_bytes() for p in delivery.lake.rglob("*") if p.is_file() and "received" not in p.parts
    }
    spoil(delivery)
    with pytest.raises(SourceError, match=message):
        delivery.update()
    after = {p: p.read_bytes() for p in delivery.lake.rglob("*") if p.is_file() and "received" not in p.parts}
    assert after == before


def test_there_are_thirty_kinds_and_more():
    assert len(QUARANTINED) + len(REFUSED) >= 30


def test_the_sound_source_has_nothing_to_quarantine(delivery, accounted):
    summary = delivery.update()
    accounted(summary)
    assert delivery.quarantine().is_empty()
    assert {name: t.kept for name, t in summary.tables.items() if t.files} == {
        "entities": 2,
        "accounts": 3,
        "units": 1,
        "trades": 3,
        "transfers": 2,
        "compliance": 2,
    }
