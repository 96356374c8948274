"""Rings of the same accounts as one candidate.

Belongs here: what a candidate is made of. Does not belong here: the search for rings (`rings`).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Inputs
from anomaly.core.helpers import runs
from anomaly.core.movements import plain_transfers, trades
from anomaly.core.scoring import either, exceedance
from anomaly.detectors.manipulation.circular_trade.legs import Legs, legs_of
from anomaly.detectors.manipulation.circular_trade.limits import Limits
from anomaly.detectors.manipulation.circular_trade.rings import Reach, Ring, rings_of


def find(inputs: Inputs[Limits], table: str) -> pl.DataFrame:
    """One row for each run of rings of the same accounts among trades, or among transfers."""
    limits = inputs.limits
    movements = trades(inputs) if table == "trades" else _unsettled(inputs)
    legs = legs_of(movements, timedelta(hours=limits.leg_hours), limits.min_quantity)
    reach = Reach(
        limits.max_days,
        limits.min_retained,
        limits.candidate_dominance,
        limits.min_accounts,
        limits.max_accounts,
    )
    groups: dict[tuple[str, ...], list[Ring]] = defaultdict(list)
    for ring in rings_of(legs, reach):
        groups[tuple(sorted(ring.accounts))].append(ring)
    key = "trade_id" if table == "trades" else "transfer_id"
    return frame_of(row for rings in groups.values() for row in _rows(limits, legs, rings, key))


def _unsettled(inputs: Inputs[Limits]) -> pl.DataFrame:
    """Plain transfers that settle no known trade."""
    known = inputs.scan("fct_trades").select("trade_id")
    return plain_transfers(inputs).join(known, on="trade_id", how="anti").collect()


def _rows(limits: Limits, legs: Legs, rings: list[Ring], key: str) -> list[dict[str, Any]]:
    """One candidate for each run of rings of the same accounts."""
    found = []
    for first, last in runs([ring.start for ring in rings], timedelta(days=limits.max_gap_days)):
        part = rings[first : last + 1]
        clear = [ring for ring in part if ring.dominance >= limits.min_dominance]
        part = clear or part
        rounds = _rounds(part)
        best = max(part, key=lambda ring: (ring.dominance * ring.retained, ring.start))
        hours = min((ring.end - ring.start).total_seconds() / 3600 for ring in part)
        used = sorted({leg for ring in part for leg in ring.legs})
        found.append(
            {
                "account_ids": sorted(best.accounts),
                "first_at": min(ring.start for ring in part),
                "last_at": max(ring.end for ring in part),
                "score": either(
                    exceedance(best.dominance * best.retained, limits.closeness, limits.closeness_cap),
                    exceedance(len(rounds) - 1, limits.repeats),
                ),
                "is_alert": bool(clear),
                "accounts": len(best.accounts),
                "rounds": len(rounds),
                "rounds_usual": limits.repeats + 1,
                "retained": best.retained,
                "dominance": best.dominance,
                "hours": hours,
                "hours_limit": limits.max_days * 24,
                "quantity": sum(ring.quantity for ring in rounds),
                "names": list(best.accounts),
                "days": max(hours / 24, 0.1),
                key: legs.record_ids(used),
            }
        )
    return found


def _rounds(rings: list[Ring]) -> list[Ring]:
    """Rings that share no leg: rotations of one ring, and one leg in two rings, count once."""
    used: set[int] = set()
    kept = []
    for ring in sorted(rings, key=lambda ring: (ring.end, ring.start)):
        if used.isdisjoint(ring.legs):
            used.update(ring.legs)
            kept.append(ring)
    return kept
