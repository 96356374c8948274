"""What is at stake in a finding: tonnes, and the money of the trades where it is about trades.

Belongs here: how a search declares its stake, and computing it for the search's candidates.
Does not belong here: prices and the money that follows from them (`prices`), levels (`policy`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from anomaly.core.marts import Marts

TONNES, MONEY = "stake_tco2e", "stake_money"
_ROW, _SHARE = "_row", "_share"
_DECIMALS = 6
"""Decimals of a sum, in tonnes or money: further ones depend on the order in which the rows are added."""


@dataclass(frozen=True)
class Sum:
    """Columns of a mart, added up over the rows that a candidate names.

    Attributes:
        mart: the mart; the sum is unknown where the snapshot does not have it with these columns.
        columns: what is added up; a null counts as nothing, and a candidate with nulls alone has no sum.
        key: columns of the mart that find its rows.
        named_by: the candidate's columns that hold the key, where they are named otherwise. Lists are read in
            parallel, single values are repeated.
    """

    mart: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    named_by: tuple[str, ...] = ()

    @property
    def held_in(self) -> tuple[str, ...]:
        """The candidate's columns that hold the key."""
        return self.named_by or self.key


@dataclass(frozen=True)
class Stake:
    """What a search declares to be at stake in its candidates.

    Attributes:
        basis: what the tonnes are; names the text `stakes.basis.<basis>`.
        tonnes: column of the candidate, or a sum of a mart's columns.
        share: column of the candidate with the fraction of the tonnes that is in doubt, from 0 to 1. Where
            `tonnes` is a sum it may be a list, in parallel with the lists of the key: the fraction of each
            row's tonnes. All tonnes are in doubt without it.
        money: sum of the money of the trades; without it money follows from a price of the market.
        is_exposure: whether the tonnes were only exposed to what was found, so that however many they are
            they make the finding no more severe.
    """

    basis: str
    tonnes: str | Sum
    share: str | None = None
    money: Sum | None = None
    is_exposure: bool = False

    @property
    def columns(self) -> set[str]:
        """Columns that a candidate must have."""
        sums = (one for one in (self.tonnes, self.money) if isinstance(one, Sum))
        named = {name for one in sums for name in one.held_in}
        own = {self.tonnes} if isinstance(self.tonnes, str) else set()
        return named | own | ({self.share} if self.share else set())


def with_stakes(rows: pl.DataFrame, stake: Stake, marts: Marts) -> pl.DataFrame:
    """Candidates with `stake_tco2e` and `stake_money`, null where they are not known; never negative."""
    tonnes = _series(rows, stake.tonnes, marts, stake.share)
    money = _series(rows, stake.money, marts) if stake.money else pl.Series([None] * rows.height)
    return rows.with_columns(
        tonnes.cast(pl.Float64).fill_nan(None).abs().alias(TONNES),
        money.cast(pl.Float64).fill_nan(None).abs().alias(MONEY),
    )


def _series(rows: pl.DataFrame, what: str | Sum, marts: Marts, share: str | None = None) -> pl.Series:
    if isinstance(what, Sum):
        return _added(rows, what, marts, share)
    whole = rows[what].cast(pl.Float64)
    return whole * rows[share].cast(pl.Float64) if share else whole


def _added(rows: pl.DataFrame, wanted: Sum, marts: Marts, share: str | None) -> pl.Series:
    """The sum for each candidate, in their order; of each row of the mart the share."""
    if not marts.holds(wanted.mart, *wanted.key, *wanted.columns):
        return pl.Series([None] * rows.height, dtype=pl.Float64)
    mart = marts.scan(wanted.mart, *dict.fromkeys((*wanted.key, *wanted.columns)))
    types = mart.collect_schema()
    pairs = zip(wanted.held_in, wanted.key, strict=True)
    keys = rows.select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias(_ROW),
        *(pl.col(own).alias(key) for own, key in pairs),
        (pl.col(share) if share else pl.lit(1.0)).alias(_SHARE),
    )
    lists = [name for name, kind in keys.schema.items() if isinstance(kind, pl.List)]
    keys = (keys.explode(lists) if lists else keys).unique().with_columns(_typed(wanted.key, types))
    each = pl.sum_horizontal(pl.col(name).cast(pl.Float64) for name in wanted.columns)
    part = each * pl.col(_SHARE).cast(pl.Float64)
    known = pl.any_horizontal(pl.col(name).is_not_null() for name in wanted.columns)
    sums = (
        mart.join(keys.lazy(), on=wanted.key, how="inner")
        .group_by(_ROW)
        .agg(part.filter(known).sum().round(_DECIMALS).alias("sum"), known.any().alias("known"))
        .select(_ROW, sum=pl.when("known").then("sum"))
        .collect()
    )
    numbers = pl.DataFrame({_ROW: range(rows.height)}, schema={_ROW: pl.Int64})
    return numbers.join(sums, on=_ROW, how="left", maintain_order="left")["sum"]


def _typed(key: tuple[str, ...], types: Any) -> list[pl.Expr]:
    return [pl.col(name).cast(types[name], strict=False) for name in key]
