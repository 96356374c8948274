"""The account of published files: one row a contract table and file, whatever it was read in."""

from __future__ import annotations

import polars as pl

from pipelines.contract.outputs.readings import READER_FILES


def added_up(accounts: pl.DataFrame) -> pl.DataFrame:
    """Accounts of one file added up; a file that states no tonnes at all has null and not zero."""
    key = list(READER_FILES.key)
    sums = [
        pl.when(pl.col(name).count() > 0).then(pl.col(name).sum()).alias(name)
        for name in READER_FILES.names
        if name not in key
    ]
    return accounts.group_by(key).agg(sums).sort(key).select(READER_FILES.names)
