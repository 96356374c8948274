"""Chains of relays: movements that relays join, as one row each.

Belongs here: joining relays and measuring a chain. Does not belong here: what a relay is, scores.
"""

from __future__ import annotations

import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components


def chains(relays: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """One row a chain; a fan-out stays one chain.

    Args:
        relays: one row a relay, in order of `step_in`: two steps, `account`, `got`, `gave`, `ratio`, `young`.
        steps: one row a movement, numbered in `step` in order of time.
    """
    numbered = relays.with_columns(chain=_chain(relays, steps.height), depth=_depth(relays))
    account = pl.col("account")
    measured = numbered.group_by("chain").agg(
        relays=pl.col("depth").max(),
        held_minutes=(pl.col("gave") - pl.col("got")).dt.total_minutes().median(),
        passed_on=pl.col("ratio").median(),
        young_accounts=account.filter("young").n_unique(),
        through=account.unique().sort(),
    )
    parts = pl.concat([numbered.select("chain", step=name) for name in ("step_in", "step_out")]).unique()
    moved = (
        parts.join(steps, on="step")
        .sort("chain", "step")
        .group_by("chain", maintain_order=True)
        .agg(
            first_at=pl.col("first").min(),
            last_at=pl.col("last").max(),
            quantity=pl.col("quantity").max(),
            account_ids=pl.col("source").append(pl.col("target")).unique().sort(),
            transfer_id=pl.col("record_ids").explode(),
        )
    )
    names, more = pl.col("through").list.head(5).list.join(", "), pl.col("through").list.len() > 5
    return moved.join(measured, on="chain").with_columns(
        accounts=names + pl.when(more).then(pl.lit(" …")).otherwise(pl.lit(""))
    )


def _chain(relays: pl.DataFrame, steps: int) -> pl.Series:
    """The chain that each relay belongs to."""
    ends = (relays["step_in"].to_numpy(), relays["step_out"].to_numpy())
    links = coo_array((relays["step_in"].to_numpy() >= 0, ends), shape=(steps, steps))
    _, component = connected_components(links, directed=False)
    return pl.Series(component[ends[0]])


def _depth(relays: pl.DataFrame) -> pl.Series:
    """Relays on the longest way to the end of each; steps are numbered in time, so one pass is enough."""
    depth: dict[int, int] = {}
    for step_in, step_out in relays.select("step_in", "step_out").iter_rows():
        depth[step_out] = max(depth.get(step_out, 0), depth.get(step_in, 0) + 1)
    return relays["step_out"].replace_strict(depth, return_dtype=pl.Int64)
