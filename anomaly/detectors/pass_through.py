"""Pass-through: allowances rushed through a chain of young or dormant accounts in hours.

The pattern of the EU registry thefts of 2010 and 2011 and of the VAT carousels: an account that did not exist
or did not move for months gets a large quantity and hands nearly all of it on within hours, to another
such account. Only plain transfers count. Chains that share a movement become one finding.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import polars as pl

from anomaly.detectors.base import Context, Detector, provinces
from anomaly.detectors.movements import by_pair, evidence_of, plain_transfers
from anomaly.findings import Finding, Measure
from anomaly.market import span
from anomaly.scoring import either, exceedance

KIND = "pass_through"


def find(context: Context) -> list[Finding]:
    """Chains of at least two relays through young or dormant accounts."""
    limits = context.policy.thresholds(KIND)
    movements = plain_transfers(context, without_trades=False)
    if movements.is_empty():
        return []
    steps = (
        by_pair(movements, "1m").filter(pl.col("quantity") >= limits["min_quantity"]).with_row_index("step")
    )
    relays = _relays(context, steps, limits)
    chains = _chains(relays)
    return [
        _finding(context, limits, steps.filter(pl.col("step").is_in(sorted(members))), relays, members)
        for members in chains
        if _longest(relays, members) >= limits["min_relays"]
    ]


def _relays(context: Context, steps: pl.DataFrame, limits: dict[str, float]) -> pl.DataFrame:
    """Pairs of movements into and out of a fresh account within hours: `step_in`, `step_out`, `account`."""
    hours = timedelta(hours=limits["max_hours"])
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
        .filter(pl.col("ratio").is_between(limits["min_ratio"], 1 / limits["min_ratio"]))
    )
    return _fresh(context, pairs, limits).sort("step_in", "step_out")


def _fresh(context: Context, pairs: pl.DataFrame, limits: dict[str, float]) -> pl.DataFrame:
    """Relays whose account was young or had slept when it received.

    An account first seen soon after the data begins may be old; it counts as young only by its
    opening date.
    """
    moves = context.marts.read("fct_transfers", "transferred_at", "from_account_id", "to_account_id")
    seen = pl.concat(
        [
            moves.select("transferred_at", account=side).drop_nulls()
            for side in ("from_account_id", "to_account_id")
        ]
    )
    begin: datetime = moves.select(pl.col("transferred_at").min()).item()
    first_seen = seen.group_by("account").agg(pl.col("transferred_at").min().alias("first_seen"))
    young, asleep = timedelta(days=limits["young_days"]), timedelta(days=limits["dormant_days"])
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
        .join(_openings(context), on="account", how="left")
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


def _openings(context: Context) -> pl.DataFrame:
    if context.marts.is_empty("dim_accounts"):
        return pl.DataFrame(schema={"account": pl.String, "opened_on": pl.Date})
    return context.marts.read("dim_accounts", "account_id", "opened_on").select(
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


def _finding(
    context: Context, limits: dict[str, float], steps: pl.DataFrame, relays: pl.DataFrame, members: set[int]
) -> Finding:
    inside = relays.filter(pl.col("step_in").is_in(sorted(members)))
    through = inside["account"].unique().sort().to_list()
    everyone = sorted({*steps["source"], *steps["target"]})
    where = provinces(context, everyone)
    length = _longest(relays, members)
    start, end = span(steps["first"].min(), steps["last"].max())  # type: ignore[arg-type]
    held = float(inside.select((pl.col("gave") - pl.col("got")).dt.total_minutes().median()).item())
    ratio = inside["ratio"].median()
    quantity = steps["quantity"].max()
    young = inside.filter("young")["account"].n_unique()
    score = either(
        exceedance(length, limits["relays"], limits["relays_cap"]),
        exceedance(limits["max_hours"] * 60 / max(held, 1.0), limits["haste"], limits["haste_cap"]),
    )
    return Finding(
        kind=KIND,
        subject_type="account",
        subject_ids=tuple(everyone),
        province_code=next((where[account] for account in everyone if account in where), None),
        window_start=start,
        window_end=end,
        score=score,
        measures={
            "relays": Measure(length, limits["min_relays"], "relays"),
            "held_minutes": Measure(held, limits["max_hours"] * 60, "min"),
            "passed_on": Measure(ratio, limits["min_ratio"], "fraction"),  # type: ignore[arg-type]
            "young_accounts": Measure(young, None, "accounts"),
            "dormant_accounts": Measure(len(through) - young, None, "accounts"),
            "quantity": Measure(quantity, limits["min_quantity"], "tCO2e"),  # type: ignore[arg-type]
        },
        evidence=(evidence_of("transfers", steps["record_ids"].explode().to_list()),),
        title_values={
            "quantity": quantity,
            "relays": length,
            "accounts": ", ".join(through[:5]) + (" …" if len(through) > 5 else ""),
            "minutes": held,
        },
    )


DETECTOR = Detector(KIND, "1.0.0", ("fct_transfers",), find)
