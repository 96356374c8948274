"""Relays: what an account received and handed on within hours while it was young or had just woken up.

Belongs here: which accounts count, steps (movements of one pair in a minute) and pairs of them.
Does not belong here: chains of relays (`chains`), scores.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from anomaly.core.detector import Inputs
from anomaly.core.movements import plain_transfers
from anomaly.detectors.manipulation.pass_through.limits import PAUSES, Limits

STEP = ("product", "source", "target", "minute")
SIDES = ("product", "step", "first", "quantity")


def relays_and_steps(inputs: Inputs[Limits]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Relays and the steps that they join, numbered in order of time.

    A relay is one row: `step_in`, `step_out`, `account`, `got`, `gave`, `ratio`, `young`.
    """
    limits = inputs.limits
    accounts, ends = _begins(inputs), _pauses(inputs)
    concerned = pl.concat([accounts["account_id"], ends["account_id"]])
    moved = plain_transfers(inputs).filter(
        pl.col("source").is_in(concerned.implode()) | pl.col("target").is_in(concerned.implode())
    )
    steps = _steps(moved.collect(), limits.min_quantity)
    young = timedelta(days=limits.young_days)
    relays = (
        _pairs(steps, limits)
        .join(accounts, left_on="account", right_on="account_id", how="left")
        .with_columns(young=(pl.col("got") - pl.col("since") <= young).fill_null(False))
        .join(
            ends.with_columns(woken=True),
            left_on=["account", "got"],
            right_on=["account_id", "got"],
            how="left",
        )
        .filter(pl.col("young") | pl.col("woken").fill_null(False))
    )
    return relays.sort("step_in", "step_out"), steps


def _begins(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Accounts that may have been young in the time of the data, and since when each exists.

    An account first seen soon after the data begins may be old; it counts as young only by its opening date.
    """
    young = timedelta(days=inputs.limits.young_days)
    pauses = _moments(inputs)
    begins = pl.col("moved_at").min()
    seen = pl.when(pl.col("moved_at") > begins + young).then("moved_at")
    since = pl.coalesce(pl.col("opened_on").cast(pl.Datetime("us")), seen)
    return (
        pauses.with_columns(since=since, begins=begins)
        .filter(pl.col("previous_moved_at").is_null() & (pl.col("since") + young >= pl.col("begins")))
        .select("account_id", "since")
    )


def _pauses(inputs: Inputs[Limits]) -> pl.DataFrame:
    """The moments at which accounts received or gave for the first time after a long pause."""
    woken = _moments(inputs).filter(pl.col("pause_days") >= inputs.limits.dormant_days)
    return woken.select("account_id", got="moved_at")


def _moments(inputs: Inputs[Limits]) -> pl.DataFrame:
    return inputs.read(PAUSES).with_columns(pl.col("moved_at", "previous_moved_at").cast(pl.Datetime("us")))


def _steps(movements: pl.DataFrame, min_quantity: float) -> pl.DataFrame:
    """Movements of one pair and product within a minute as one, of at least a quantity."""
    moved = movements.with_columns(minute=pl.col("ts").dt.truncate("1m"))
    enough = moved.group_by(STEP).agg(pl.col("quantity").sum()).filter(pl.col("quantity") >= min_quantity)
    return (
        moved.join(enough, on=STEP, how="semi")
        .sort("ts", "record_id")
        .group_by(STEP, maintain_order=True)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            pl.col("quantity").sum(),
            pl.col("record_id").alias("record_ids"),
        )
        .sort("first", "source", "target", "product")
        .with_row_index("step")
    )


def _pairs(steps: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Steps into an account with those out of it within hours that hand on about as much."""
    hours = timedelta(hours=limits.max_hours)
    incoming = steps.select(*SIDES, account="target", origin="source")
    outgoing = steps.select(*SIDES, account="source", destination="target")
    return (
        incoming.join(outgoing, on=["product", "account"], suffix="_out")
        .rename({"step": "step_in", "first": "got", "first_out": "gave"})
        .filter(
            (pl.col("gave") > pl.col("got"))
            & (pl.col("gave") <= pl.col("got") + hours)
            & (pl.col("destination") != pl.col("origin"))
        )
        .with_columns(ratio=pl.col("quantity_out").sum().over("step_in") / pl.col("quantity"))
        .filter(pl.col("ratio").is_between(limits.min_ratio, 1 / limits.min_ratio))
    )
