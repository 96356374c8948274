"""Damaged tables of the contract: each row is accounted for, or an error leaves the lake as it was.

A tenth of `CARBONWARDEN_FUZZ` is the number of inputs; `make fuzz` takes 2,000.
"""

from __future__ import annotations

import io
import os
import random
from pathlib import Path

import polars as pl
import pytest

from pipelines.core.errors import SourceError
from tests.damage import damaged
from tests.lake.conftest import SOUND, Delivery

INPUTS = int(os.environ.get("CARBONWARDEN_FUZZ", "120")) // 10


def state_of(lake: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(lake)): path.read_bytes()
        for path in sorted(lake.rglob("*"))
        if path.is_file() and "received" not in path.parts
    }


def spoil(choose: random.Random, delivery: Delivery) -> str:
    """Damage one table, as CSV or as Parquet; returns which."""
    table = choose.choice(sorted(SOUND))
    path = delivery.source / f"{table}.csv"
    if choose.random() < 0.7:
        path.write_bytes(damaged(choose, path.read_bytes()))
        return table
    buffer = io.BytesIO()
    pl.read_csv(path).write_parquet(buffer, compression="uncompressed")
    path.unlink()
    delivery.write(f"{table}.parquet", damaged(choose, buffer.getvalue()))
    return table


@pytest.mark.faults
def test_a_damaged_table_is_accounted_for_or_refused(tmp_path, accounted):
    """Each input is a second delivery: one table of a sound source came again, damaged."""
    ended = {"read": 0, "refused": 0}
    for seed in range(INPUTS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        delivery = Delivery(folder)
        delivery.update()
        before = state_of(delivery.lake)
        table = spoil(random.Random(f"lake {seed}"), delivery)
        try:
            summary = delivery.update()
        except SourceError as error:
            ended["refused"] += 1
            assert len(str(error)) > 60, f"{seed}: {error}"
            assert state_of(delivery.lake) == before, f"{seed}: {table} was refused, yet the lake changed"
            continue
        ended["read"] += 1
        accounted(summary)
        quarantined = sum(each.quarantined for each in summary.tables.values())
        assert delivery.quarantine().height == quarantined, f"{seed}: {table}"
    assert min(ended.values()) > 0, f"damage is too weak or too strong: {ended}"
