"""Ids with invisible, full-width or outer characters never pass as ids of their own."""

from __future__ import annotations

import polars as pl

from tests.dbt.conftest import receive


def test_invisible_characters_are_quarantined_by_name(practice, tmp_path):
    """Of three pairs of one controller, two are written with a zero-width space and in full-width letters."""
    source = practice / "19-invisible-characters/source"
    delivered = pl.read_csv(source / "accounts.csv")
    receive(source, tmp_path)
    faults = (
        pl.concat(
            [pl.read_parquet(path) for path in (tmp_path / "lake").rglob("faults.parquet")],
            how="diagonal_relaxed",
        )
        .explode("_faults")
        .unnest("_faults")
    )
    assert sorted(faults.select("reason", "column_name").unique().rows()) == [
        ("control_characters", "controller_id"),
        ("full_width_characters", "controller_id"),
    ]
    kept = pl.read_parquet(tmp_path / "lake" / "kept" / "accounts" / "*" / "*.parquet")
    assert kept.height + faults.height == delivered.height
