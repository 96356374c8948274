"""Pass-through: allowances passed through a chain of young or dormant accounts within hours.

The pattern of the EU registry thefts of 2010 and 2011 and of the VAT carousels: an account that did not exist
or did not move for months gets a large quantity and hands nearly all of it on within hours, to another
such account. Only plain transfers count. Chains that share a movement become one finding.
"""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from pydantic import Field

from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.movements import TRANSFERS, by_pair, plain_transfers
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.manipulation.pass_through.chains import chains

PAUSES = "fct_account_pauses"


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    min_quantity: float
    max_hours: float
    min_ratio: float
    young_days: float
    # The mart holds no shorter pause.
    dormant_days: float = Field(ge=30)
    min_relays: float
    relays: float
    relays_cap: float
    haste: float
    haste_cap: float


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Chains of relays through young or dormant accounts; a single relay is a candidate only."""
    limits = inputs.limits
    movements = plain_transfers(inputs, without_trades=False)
    steps = by_pair(movements, "1m").filter(pl.col("quantity") >= limits.min_quantity).with_row_index("step")
    relays = _relays(inputs, steps, limits)
    if relays.is_empty():
        return pl.DataFrame()
    length, held = pl.col("relays"), pl.col("held_minutes")
    return (
        chains(relays, steps)
        .with_columns(
            score=either(
                exceedance(length, limits.relays, limits.relays_cap),
                exceedance(limits.max_hours * 60 / held.clip(1.0), limits.haste, limits.haste_cap),
            ),
            is_alert=length >= limits.min_relays,
            held_limit=pl.lit(limits.max_hours * 60),
            dormant_accounts=pl.col("through").list.len() - pl.col("young_accounts"),
        )
        .sort("chain")
    )


def _relays(inputs: Inputs[Limits], steps: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Pairs of movements into and out of a fresh account within hours: `step_in`, `step_out`, `account`."""
    hours = timedelta(hours=limits.max_hours)
    sides = ("product", "step", "first", "quantity")
    incoming = steps.select(*sides, account="target", origin="source")
    outgoing = steps.select(*sides, account="source", destination="target")
    pairs = (
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
    return _fresh(inputs, pairs, limits).sort("step_in", "step_out")


def _fresh(inputs: Inputs[Limits], pairs: pl.DataFrame, limits: Limits) -> pl.DataFrame:
    """Relays whose account was young or dormant when it received, with `young`.

    An account first seen soon after the data begins may be old; it counts as young only by its
    opening date.
    """
    young, asleep = timedelta(days=limits.young_days), timedelta(days=limits.dormant_days)
    pauses = inputs.read(PAUSES).with_columns(pl.col("moved_at", "previous_moved_at").cast(pl.Datetime("us")))
    is_first = pl.col("previous_moved_at").is_null()
    begins = pl.lit(pauses["moved_at"].min(), pl.Datetime("us"))
    opened = pl.col("opened_on").cast(pl.Datetime("us"))
    since = pl.coalesce(opened, pl.when(pl.col("moved_at") > begins + young).then("moved_at"))
    accounts = pauses.filter(is_first).select("account_id", since=since)
    ends = pauses.filter(~is_first).select("account_id", got="moved_at", last="previous_moved_at")
    return (
        pairs.join(accounts, left_on="account", right_on="account_id", how="left")
        .join(ends, left_on=["account", "got"], right_on=["account_id", "got"], how="left")
        .with_columns(young=(pl.col("got") - pl.col("since") <= young).fill_null(False))
        .filter(pl.col("young") | (pl.col("got") - pl.col("last") >= asleep).fill_null(False))
    )


DETECTOR = Detector(
    "pass_through",
    "2.0.0",
    Limits,
    (
        Search(
            name="default",
            subject_type="account",
            subjects=("account_ids",),
            needs=(
                TRANSFERS,
                Need(PAUSES, ("account_id", "moved_at", "previous_moved_at"), "transfers", is_selection=True),
                Need(PAUSES, ("opened_on",), "accounts", subject="account_id", filled=("opened_on",)),
            ),
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
