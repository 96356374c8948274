"""Pass-through: allowances passed through a chain of young or dormant accounts within hours.

The pattern of the EU registry thefts of 2010 and 2011 and of the VAT carousels: an account that did not exist
or did not move for months gets a large quantity and hands nearly all of it on within hours, to another
such account. Only plain transfers count. Chains that share a movement become one finding.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.movements import TRANSFERS, by_pair, plain_transfers
from anomaly.core.scoring import either, exceedance


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    min_quantity: float
    max_hours: float
    min_ratio: float
    young_days: float
    dormant_days: float
    min_relays: float
    relays: float
    relays_cap: float
    haste: float
    haste_cap: float


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Chains of relays through young or dormant accounts; a single relay is a candidate only."""
    limits = inputs.limits
    movements = plain_transfers(inputs, without_trades=False)
    if movements.is_empty():
        return pl.DataFrame()
    steps = by_pair(movements, "1m").filter(pl.col("quantity") >= limits.min_quantity).with_row_index("step")
    relays = _relays(inputs, steps, limits)
    chains = _chains(relays)
    return frame_of(
        _row(limits, steps.filter(pl.col("step").is_in(sorted(members))), relays, members)
        for members in chains
    )


def _relays(inputs: Inputs[Limits], steps: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Pairs of movements into and out of a fresh account within hours: `step_in`, `step_out`, `account`."""
    hours = timedelta(hours=limits.max_hours)
    incoming = steps.select(
        "product", pl.col("target").alias("account"), pl.col("step").alias("step_in"),
        pl.col("first").alias("got"), pl.col("quantity").alias("in_quantity"),
        pl.col("source").alias("origin"),
    )  # fmt: skip
    outgoing = steps.select(
        "product", pl.col("source").alias("account"), pl.col("step").alias("step_out"),
        pl.col("first").alias("gave"), pl.col("quantity").alias("out_quantity"),
        pl.col("target").alias("destination"),
    )  # fmt: skip
    pairs = (
        incoming.join(outgoing, on=["product", "account"])
        .filter(
            (pl.col("gave") > pl.col("got"))
            & (pl.col("gave") <= pl.col("got") + hours)
            & (pl.col("destination") != pl.col("origin"))
        )
        .with_columns(pl.col("out_quantity").sum().over("step_in").alias("passed_on"))
        .with_columns((pl.col("passed_on") / pl.col("in_quantity")).alias("ratio"))
        .filter(pl.col("ratio").is_between(limits.min_ratio, 1 / limits.min_ratio))
    )
    return _fresh(inputs, pairs, limits).sort("step_in", "step_out")


def _fresh(inputs: Inputs[Limits], pairs: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Relays whose account was young or dormant when it received.

    An account first seen soon after the data begins may be old; it counts as young only by its
    opening date.
    """
    moves = inputs.read("fct_transfers")
    seen = pl.concat(
        [
            moves.select("transferred_at", account=side).drop_nulls()
            for side in ("from_account_id", "to_account_id")
        ]
    )
    begin: datetime = moves.select(pl.col("transferred_at").min()).item()
    first_seen = seen.group_by("account").agg(pl.col("transferred_at").min().alias("first_seen"))
    young, asleep = timedelta(days=limits.young_days), timedelta(days=limits.dormant_days)
    before = seen.unique().sort("transferred_at").rename({"transferred_at": "before"})
    last = (
        pairs.select("account", "got")
        .unique()
        .with_columns((pl.col("got") - pl.duration(microseconds=1)).alias("moment"))
        .sort("moment")
        .join_asof(before, left_on="moment", right_on="before", by="account", check_sortedness=False)
        .select("account", "got", "before")
    )
    rows = (
        pairs.join(first_seen, on="account", how="left")
        .join(_openings(inputs), on="account", how="left")
        .join(last, on=["account", "got"], how="left")
        .with_columns(
            pl.when(pl.col("opened_on").is_not_null())
            .then(pl.col("got") - pl.col("opened_on").cast(pl.Datetime("us")))
            .when(pl.col("first_seen") > begin + young)
            .then(pl.col("got") - pl.col("first_seen"))
            .alias("age"),
            (pl.col("got") - pl.col("before")).alias("sleep"),
        )
    )
    return rows.filter(
        (pl.col("age") <= young).fill_null(False) | (pl.col("sleep") >= asleep).fill_null(False)
    ).with_columns((pl.col("age") <= young).fill_null(False).alias("young"))


def _openings(inputs: Inputs[Limits]) -> pl.DataFrame:
    return inputs.read("dim_accounts").select(
        pl.col("account_id").alias("account"), pl.col("opened_on").cast(pl.Date)
    )


def _chains(relays: pl.DataFrame) -> list[set[int]]:
    """Movements that relays join, as sets; a fan-out stays one chain."""
    parent: dict[int, int] = {}

    def root(step: int) -> int:
        parent.setdefault(step, step)
        while parent[step] != step:
            parent[step] = parent[parent[step]]
            step = parent[step]
        return step

    for step_in, step_out in relays.select("step_in", "step_out").iter_rows():
        a, b = sorted((root(step_in), root(step_out)))
        parent[b] = a
    sets: dict[int, set[int]] = {}
    for step in sorted(parent):
        sets.setdefault(root(step), set()).add(step)
    return [sets[key] for key in sorted(sets)]


def _longest(relays: pl.DataFrame, members: set[int]) -> int:
    """Relays on the longest way through a chain; steps are numbered in time, so one pass is enough."""
    depth: dict[int, int] = {}
    inside = relays.filter(pl.col("step_in").is_in(sorted(members)))
    for step_in, step_out in inside.sort("step_in", "step_out").select("step_in", "step_out").iter_rows():
        depth[step_out] = max(depth.get(step_out, 0), depth.get(step_in, 0) + 1)
    return max(depth.values(), default=0)


def _row(limits: Limits, steps: pl.DataFrame, relays: pl.DataFrame, members: set[int]) -> dict[str, Any]:
    inside = relays.filter(pl.col("step_in").is_in(sorted(members)))
    through = inside["account"].unique().sort().to_list()
    everyone = sorted({*steps["source"], *steps["target"]})
    length = _longest(relays, members)
    held = float(inside.select((pl.col("gave") - pl.col("got")).dt.total_minutes().median()).item())
    ratio = inside["ratio"].median()
    quantity = steps["quantity"].max()
    young = inside.filter("young")["account"].n_unique()
    score = either(
        exceedance(length, limits.relays, limits.relays_cap),
        exceedance(limits.max_hours * 60 / max(held, 1.0), limits.haste, limits.haste_cap),
    )
    return {
        "account_ids": everyone,
        "first_at": steps["first"].min(),
        "last_at": steps["last"].max(),
        "score": score,
        "is_alert": length >= limits.min_relays,
        "relays": length,
        "held_minutes": held,
        "held_limit": limits.max_hours * 60,
        "passed_on": ratio,
        "young_accounts": young,
        "dormant_accounts": len(through) - young,
        "quantity": quantity,
        "accounts": ", ".join(through[:5]) + (" …" if len(through) > 5 else ""),
        "transfer_id": steps["record_ids"].explode().to_list(),
    }


ACCOUNTS = Need(
    "dim_accounts",
    {"account_id": pl.String, "opened_on": pl.Date},
    source="accounts",
    subject="account_id",
    optional=True,
)
DETECTOR = Detector(
    "pass_through",
    "1.1.0",
    Limits,
    (
        Search(
            name="default",
            subject_type="account",
            subjects=("account_ids",),
            needs=(TRANSFERS, ACCOUNTS),
            evidence=(Rows("transfers", ("transfer_id",)),),
            measures={
                "relays": Figure("relays", "min_relays"),
                "held_minutes": Figure("min", "held_limit"),
                "passed_on": Figure("fraction", "min_ratio"),
                "young_accounts": Figure("accounts"),
                "dormant_accounts": Figure("accounts"),
                "quantity": Figure("tCO2e", "min_quantity"),
            },
            extra=("accounts", "held_limit"),
            find=find,
        ),
    ),
)
