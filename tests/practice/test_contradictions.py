"""Rows of one key that differ contradict each other, in whatever form and order they come."""

from __future__ import annotations

import polars as pl
import pytest

from tests.dbt.conftest import receive

ENTITY = {
    "entity_id": "E1",
    "entity_name": "P",
    "sector": "power",
    "province_code": "110000",
    "status": "listed",
}
DECISION = {
    "entity_id": "E1", "year": 2024, "method": "benchmark", "stage": "final", "quantity": 1000,
    "decided_on": "2025-03-01", "document_no": "D1",
}  # fmt: skip
REQUIRED = {
    "entities": [ENTITY],
    "accounts": pl.DataFrame(schema=dict.fromkeys(("account_id", "holder_id", "holder_type"), pl.String)),
    "trades": pl.DataFrame(
        schema=dict.fromkeys(("trade_id", "ts", "instrument_id", "mode", "quantity"), pl.String)
        | dict.fromkeys(("buy_account_id", "sell_account_id"), pl.String)
    ),
}


def report(**changed: object) -> dict[str, object]:
    return {"entity_id": "E1", "year": 2024, "revision": 0, "total": 5e5} | changed


@pytest.mark.parametrize(
    ("table", "rows", "kept", "contradicting"),
    [
        # another amount under one document; a further document is another decision
        ("allocations", [DECISION, DECISION | {"quantity": 1001}, DECISION | {"document_no": "D2"}], 1, 2),
        # a figure and an empty cell of one key; a further revision is another report
        ("emission_reports", [report(), report(total=5.1e5), report(revision=1)], 1, 2),
        # three versions, two of them equal: a majority decides nothing
        ("emission_reports", [report(), report(), report(verified_total=4e5)], 0, 3),
    ],
)
def test_no_row_of_a_contradiction_is_kept(write_source, tmp_path, table, rows, kept, contradicting):
    source = write_source(**REQUIRED, **{table: rows})
    lake = receive(source, tmp_path)
    found = pl.read_parquet(tmp_path / "lake" / "handover" / "quarantine.parquet")
    assert lake.kept(table).height == kept
    assert found["reason"].to_list() == ["contradiction"] * contradicting


def test_forms_of_files_do_not_decide(write_source, tmp_path):
    """The same key in a CSV and in a Parquet file of one delivery, with other amounts."""
    source = write_source(**REQUIRED)
    folder = source / "allocations"
    folder.mkdir()
    pl.DataFrame([DECISION]).write_csv(folder / "a.csv")
    other = pl.DataFrame([DECISION | {"quantity": 999}]).with_columns(pl.col("decided_on").str.to_date())
    other.write_parquet(folder / "b.parquet")
    assert receive(source, tmp_path).kept("allocations").is_empty()
