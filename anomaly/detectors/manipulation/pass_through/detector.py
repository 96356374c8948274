"""Pass-through: allowances passed through a chain of young or dormant accounts within hours.

The pattern of the EU registry thefts of 2010 and 2011 and of the VAT carousels: an account that did not exist
or did not move for months gets a large quantity and hands nearly all of it on within hours, to another
such account. Only plain transfers count. Chains that share a movement become one finding.
"""

from __future__ import annotations

import polars as pl

from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search
from anomaly.core.movements import TRANSFERS
from anomaly.core.scoring import either, exceedance
from anomaly.core.stakes import Stake
from anomaly.detectors.manipulation.pass_through.chains import chains
from anomaly.detectors.manipulation.pass_through.limits import PAUSES, Limits
from anomaly.detectors.manipulation.pass_through.relays import relays_and_steps


def find(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Chains of relays through young or dormant accounts; a single relay is a candidate only."""
    limits = inputs.limits
    relays, steps = relays_and_steps(inputs)
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


DETECTOR = Detector(
    "pass_through",
    "2.1.0",
    Limits,
    (
        Search(
            name="default",
            subject_type="account",
            subjects=("account_ids",),
            needs=(
                TRANSFERS,
                Need(
                    PAUSES,
                    ("account_id", "moved_at", "previous_moved_at", "pause_days"),
                    "transfers",
                    is_selection=True,
                ),
                Need(PAUSES, ("opened_on",), "accounts", subject="account_id", filled=("opened_on",)),
            ),
            evidence=(Rows("transfers", ("transfer_id",)),),
            measures={
                "relays": Figure("relays", "min_relays"),
                "held_minutes": Figure("min", "held_limit", less_is_worse=True),
                "passed_on": Figure("fraction", "min_ratio"),
                "young_accounts": Figure("accounts"),
                "dormant_accounts": Figure("accounts"),
                "quantity": Figure("tCO2e", "min_quantity"),
            },
            extra=("accounts", "held_limit"),
            find=find,
            stake=Stake("moved", "quantity"),
            rests_on=("transfers",),
        ),
    ),
)
