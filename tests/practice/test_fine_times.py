"""Times finer than a microsecond are rounded down, never into the next day, whatever the file's form."""

from __future__ import annotations

from datetime import datetime

import duckdb
import pytest

from pipelines.contract.checks import typed
from pipelines.contract.schema import Column

LAST = datetime(2025, 3, 31, 23, 59, 59, 999_999)


def read(native: str, written: str) -> tuple[datetime | None, list[str]]:
    """The typed value of a delivered time, and the reasons for which its row would be quarantined."""
    moment = typed(Column("ts", "timestamp"), native)
    conditions = ", ".join(f"coalesce({condition}, false)" for _, condition in moment.faults)
    (row,) = duckdb.sql(f"select {moment.value}, {conditions} from (select {written} as ts)").fetchall()
    return row[0], [name for (name, _), holds in zip(moment.faults, row[1:], strict=True) if holds]


@pytest.mark.parametrize(
    ("native", "written", "moment"),
    [
        ("TIMESTAMP_NS", "timestamp_ns '2025-03-31 23:59:59.999999999'", LAST),
        ("TIMESTAMP_NS", "timestamp_ns '1969-12-31 23:59:59.999999999'", LAST.replace(1969, 12)),
        ("VARCHAR", "'2025-03-31T23:59:59.999999999Z'", LAST),
        ("VARCHAR", "'2025-04-01T07:59:59.9999999+08:00'", LAST),
        ("TIMESTAMP", "timestamp '2025-03-31 23:59:59.999999'", LAST),
    ],
)
def test_a_time_is_rounded_down(native, written, moment):
    assert read(native, written) == (moment, [])


@pytest.mark.parametrize("written", ["'2025-03-31T23:59:59.Z'", "'2025-03-31T23:59:59.9999999999Z'"])
def test_other_decimals_are_no_time(written):
    assert "wrong_type" in read("VARCHAR", written)[1]
