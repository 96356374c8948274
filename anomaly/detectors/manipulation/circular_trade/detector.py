"""Circular trade: allowances go round three or more accounts and come back within days.

Looks for cycles in time: each leg starts after the one before, carries about as much, and makes up most of
what its two accounts moved in those days. That last condition tells a ring from an order book, in
which lively accounts meet in every order. Cycles of the same accounts become one finding.
Going to and fro between two accounts is `wash_trade`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import polars as pl

from anomaly.core.candidates import frame_of
from anomaly.core.detector import Detector, Figure, Inputs, Need, Rows, Search, Thresholds
from anomaly.core.helpers import runs
from anomaly.core.movements import TRADES, TRANSFERS, by_pair, plain_transfers, share_of_flow, trades
from anomaly.core.scoring import either, exceedance

KIND = "circular_trade"


class Limits(Thresholds):
    """Thresholds of the detector; see policy.yml."""

    max_days: float
    min_quantity: float
    min_dominance: float
    min_accounts: float
    max_accounts: float
    min_retained: float
    max_gap_days: float
    closeness: float
    closeness_cap: float
    repeats: float


@dataclass(frozen=True)
class Leg:
    """All that one account moved to another within a day."""

    table: str
    product: str
    source: str
    target: str
    first: datetime
    last: datetime
    quantity: float
    dominance: float
    record_ids: tuple[str, ...]


@dataclass(frozen=True)
class Ring:
    """Legs that lead back to where they began."""

    legs: tuple[Leg, ...]

    @property
    def accounts(self) -> tuple[str, ...]:
        """Who took part, sorted: rotations of one ring are the same accounts."""
        return tuple(sorted(leg.source for leg in self.legs))

    @property
    def start(self) -> datetime:
        """When the first leg began."""
        return self.legs[0].first

    @property
    def end(self) -> datetime:
        """When the last leg came back."""
        return self.legs[-1].last

    @property
    def retained(self) -> float:
        """The smallest leg's part of the largest."""
        quantities = [leg.quantity for leg in self.legs]
        return min(quantities) / max(quantities)


def _find(inputs: Inputs[Limits], table: str) -> pl.DataFrame:
    """Rings of trades, or of plain transfers that settle no known trade."""
    movements = trades(inputs) if table == "trades" else plain_transfers(inputs, without_trades=True)
    groups: dict[tuple[str, ...], list[Ring]] = defaultdict(list)
    for ring in _rings(_legs(movements, inputs.limits), inputs.limits):
        groups[ring.accounts].append(ring)
    return frame_of(
        row for accounts in sorted(groups) for row in _rows(inputs.limits, accounts, groups[accounts])
    )


def _legs(movements: pl.DataFrame, limits: Limits) -> list[Leg]:
    """Pair-days that are large and dominant enough to be part of a ring."""
    if movements.is_empty():
        return []
    pairs = share_of_flow(by_pair(movements, "1d"), limits.max_days)
    kept = pairs.filter(
        (pl.col("quantity") >= limits.min_quantity) & (pl.col("dominance") >= limits.min_dominance)
    )
    names = ("table", "product", "source", "target", "first", "last", "quantity", "dominance", "record_ids")
    return [
        Leg(**row | {"record_ids": tuple(row["record_ids"])})
        for row in kept.select(names).iter_rows(named=True)
    ]


def _rings(legs: list[Leg], limits: Limits) -> Iterator[Ring]:
    """Every cycle in time order, found once, from its first leg on."""
    out: dict[tuple[str, str], list[Leg]] = defaultdict(list)
    for leg in legs:
        out[leg.product, leg.source].append(leg)
    within = timedelta(days=limits.max_days)
    for leg in legs:
        yield from _walk((leg,), out, leg.first + within, limits)


def _walk(
    path: tuple[Leg, ...], out: dict[tuple[str, str], list[Leg]], until: datetime, limits: Limits
) -> Iterator[Ring]:
    tip, start = path[-1], path[0].source
    for leg in out[tip.product, tip.target]:
        if not (tip.first < leg.first and leg.last <= until) or not _alike(path, leg, limits.min_retained):
            continue
        if leg.target == start:
            if len(path) + 1 >= limits.min_accounts:
                yield Ring((*path, leg))
        elif len(path) + 1 < limits.max_accounts and all(leg.target != held.source for held in path):
            yield from _walk((*path, leg), out, until, limits)


def _alike(path: tuple[Leg, ...], leg: Leg, retained: float) -> bool:
    quantities = [held.quantity for held in path] + [leg.quantity]
    return min(quantities) >= retained * max(quantities)


def _rows(limits: Limits, accounts: tuple[str, ...], rings: list[Ring]) -> list[dict[str, Any]]:
    """One finding for each run of rings of the same accounts."""
    rings = sorted(rings, key=lambda ring: (ring.start, ring.end))
    found = []
    for first, last in runs([ring.start for ring in rings], timedelta(days=limits.max_gap_days)):
        part = rings[first : last + 1]
        legs = {leg for ring in part for leg in ring.legs}
        rounds = _rounds(part)
        legs_key = "trade_id" if part[0].legs[0].table == "trades" else "transfer_id"
        best = max(part, key=lambda ring: (ring.retained, ring.start))
        hours = min((ring.end - ring.start).total_seconds() / 3600 for ring in part)
        dominance = min(leg.dominance for leg in best.legs)
        quantity = sum(max(leg.quantity for leg in ring.legs) for ring in rounds)
        score = either(
            exceedance(dominance * best.retained, limits.closeness, limits.closeness_cap),
            exceedance(len(rounds) - 1, limits.repeats),
        )
        found.append(
            {
                "account_ids": list(accounts),
                "first_at": min(ring.start for ring in part),
                "last_at": max(ring.end for ring in part),
                "score": score,
                "accounts": len(accounts),
                "rounds": len(rounds),
                "rounds_usual": limits.repeats + 1,
                "retained": best.retained,
                "dominance": dominance,
                "hours": hours,
                "hours_limit": limits.max_days * 24,
                "quantity": quantity,
                "names": list(accounts),
                "days": max(hours / 24, 0.1),
                legs_key: [record for leg in legs for record in leg.record_ids],
            }
        )
    return found


def _rounds(rings: list[Ring]) -> list[Ring]:
    """Rings that share no leg: rotations of one ring, and one leg in two rings, count once."""
    used: set[Leg] = set()
    kept = []
    for ring in sorted(rings, key=lambda ring: (ring.end, ring.start)):
        if used.isdisjoint(ring.legs):
            used.update(ring.legs)
            kept.append(ring)
    return kept


def _search(table: str, key: str, *needs: Need) -> Search[Limits]:
    return Search(
        name=table,
        subject_type="account",
        subjects=("account_ids",),
        needs=needs,
        evidence=(Rows(table, (key,)),),
        measures={
            "accounts": Figure("accounts", "min_accounts"),
            "rounds": Figure("rounds", "rounds_usual"),
            "retained": Figure("fraction", "min_retained"),
            "dominance": Figure("fraction", "min_dominance"),
            "hours": Figure("h", "hours_limit"),
            "quantity": Figure("tCO2e", "min_quantity"),
        },
        extra=("names", "days", "rounds_usual", "hours_limit"),
        variants=("default",),
        find=partial(_find, table=table),
    )


DETECTOR = Detector(
    KIND,
    "1.0.0",
    Limits,
    (
        _search("trades", "trade_id", TRADES),
        _search("transfers", "transfer_id", TRANSFERS, replace(TRADES, optional=True)),
    ),
)
