"""Where the rows and tonnes of each file went: received = kept + superseded + quarantined + without data."""

from __future__ import annotations

import polars as pl
import pytest

HEADER = "transfer_id,ts,from_account,to_account,unit_type,quantity,kind\n"


def _transfer(identifier: str, quantity: object, kind: str = "other") -> str:
    return f"{identifier},2025-01-06T09:31:00+08:00,A1,A2,CEA,{quantity},{kind}\n"


def _files(delivery) -> dict[str, dict[str, object]]:
    accounts = pl.read_parquet(delivery.lake / "handover" / "file_accounting.parquet")
    return {row["file"]: row for row in accounts.iter_rows(named=True)}


def test_rows_and_tonnes_of_a_file_are_counted_by_what_became_of_them(delivery):
    rows = [
        _transfer("Y1", 100),
        _transfer("Y2", 40, kind="barter"),
        _transfer("Y3", 7).replace("CEA", "ABC"),
        _transfer("Y4", "many"),
        *[_transfer("Y5", 5)] * 2,
    ]
    delivery.write("transfers/one.csv", HEADER + "".join(rows))
    delivery.update()
    delivery.write("transfers/two.csv", HEADER + _transfer("Y1", 60))
    delivery.update()
    files = _files(delivery)
    one, two = files["transfers/one.csv"], files["transfers/two.csv"]
    assert one["stage"] == "lake"
    assert [one[f"rows_{name}"] for name in ("in", "kept", "superseded", "quarantined", "repeated")] == [
        6,
        1,
        1,
        4,
        1,
    ]
    # The row whose amount cannot be read states none; the repeated one is not at stake.
    assert (one["tonnes_in"], one["tonnes_quarantined"]) == (157.0, 47.0)
    assert (two["rows_kept"], two["tonnes_in"], two["tonnes_quarantined"]) == (1, 60.0, 0.0)
    assert files["entities.csv"]["tonnes_in"] is None


@pytest.mark.parametrize("amount", ["nan", "1e30", "-inf", "1,000"])
def test_an_amount_that_is_none_adds_nothing_to_the_tonnes(delivery, amount):
    delivery.write("transfers.csv", HEADER + _transfer("Y1", 5) + _transfer("Y2", f'"{amount}"'))
    delivery.update()
    found = _files(delivery)["transfers.csv"]
    assert (found["rows_quarantined"], found["tonnes_in"], found["tonnes_quarantined"]) == (1, 5.0, 0.0)
