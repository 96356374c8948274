"""Circular trade: allowances go round three or more accounts and come back within days.

Looks for cycles in time: each leg starts after the one before, carries about as much, and makes up most of
what its two accounts moved in those days. That last condition tells a ring from an order book, in
which lively accounts meet in every order. Cycles of the same accounts become one finding.
Going to and fro between two accounts is `wash_trade`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from anomaly.detectors.base import Context, Detector, provinces, runs
from anomaly.detectors.movements import by_pair, evidence_of, plain_transfers, share_of_flow, trades
from anomaly.findings import Finding, Measure
from anomaly.market import span
from anomaly.scoring import either, exceedance

KIND = "circular_trade"


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


def find(context: Context) -> list[Finding]:
    """Rings of trades, and rings of plain transfers that settle no known trade."""
    limits = context.policy.thresholds(KIND)
    found = []
    for movements in (trades(context), plain_transfers(context, without_trades=True)):
        legs = _legs(movements, limits)
        groups: dict[tuple[str, ...], list[Ring]] = defaultdict(list)
        for ring in _rings(legs, limits):
            groups[ring.accounts].append(ring)
        for accounts in sorted(groups):
            found += _findings(context, limits, accounts, groups[accounts])
    return found


def _legs(movements: pl.DataFrame, limits: dict[str, float]) -> list[Leg]:
    """Pair-days that are large and dominant enough to be part of a ring."""
    if movements.is_empty():
        return []
    pairs = share_of_flow(by_pair(movements, "1d"), limits["max_days"])
    kept = pairs.filter(
        (pl.col("quantity") >= limits["min_quantity"]) & (pl.col("dominance") >= limits["min_dominance"])
    )
    names = ("table", "product", "source", "target", "first", "last", "quantity", "dominance", "record_ids")
    return [
        Leg(**row | {"record_ids": tuple(row["record_ids"])})
        for row in kept.select(names).iter_rows(named=True)
    ]


def _rings(legs: list[Leg], limits: dict[str, float]) -> Iterator[Ring]:
    """Every cycle in time order, found once, from its first leg on."""
    out: dict[tuple[str, str], list[Leg]] = defaultdict(list)
    for leg in legs:
        out[leg.product, leg.source].append(leg)
    within = timedelta(days=limits["max_days"])
    for leg in legs:
        yield from _walk((leg,), out, leg.first + within, limits)


def _walk(
    path: tuple[Leg, ...], out: dict[tuple[str, str], list[Leg]], until: datetime, limits: dict[str, float]
) -> Iterator[Ring]:
    tip, start = path[-1], path[0].source
    for leg in out[tip.product, tip.target]:
        if not (tip.first < leg.first and leg.last <= until) or not _alike(path, leg, limits["min_retained"]):
            continue
        if leg.target == start:
            if len(path) + 1 >= limits["min_accounts"]:
                yield Ring((*path, leg))
        elif len(path) + 1 < limits["max_accounts"] and all(leg.target != held.source for held in path):
            yield from _walk((*path, leg), out, until, limits)


def _alike(path: tuple[Leg, ...], leg: Leg, retained: float) -> bool:
    quantities = [held.quantity for held in path] + [leg.quantity]
    return min(quantities) >= retained * max(quantities)


def _findings(
    context: Context, limits: dict[str, float], accounts: tuple[str, ...], rings: list[Ring]
) -> list[Finding]:
    """One finding for each run of rings of the same accounts."""
    rings = sorted(rings, key=lambda ring: (ring.start, ring.end))
    where = provinces(context, accounts)
    found = []
    for first, last in runs([ring.start for ring in rings], timedelta(days=limits["max_gap_days"])):
        part = rings[first : last + 1]
        legs = {leg for ring in part for leg in ring.legs}
        rounds = _rounds(part)
        start, end = span(min(ring.start for ring in part), max(ring.end for ring in part))
        best = max(part, key=lambda ring: (ring.retained, ring.start))
        hours = min((ring.end - ring.start).total_seconds() / 3600 for ring in part)
        dominance = min(leg.dominance for leg in best.legs)
        quantity = sum(max(leg.quantity for leg in ring.legs) for ring in rounds)
        score = either(
            exceedance(dominance * best.retained, limits["closeness"], limits["closeness_cap"]),
            exceedance(len(rounds) - 1, limits["repeats"]),
        )
        found.append(
            Finding(
                kind=KIND,
                subject_type="account",
                subject_ids=accounts,
                province_code=next((where[a] for a in accounts if a in where), None),
                window_start=start,
                window_end=end,
                score=score,
                measures={
                    "accounts": Measure(len(accounts), limits["min_accounts"], "accounts"),
                    "rounds": Measure(len(rounds), limits["repeats"] + 1, "rounds"),
                    "retained": Measure(best.retained, limits["min_retained"], "fraction"),
                    "dominance": Measure(dominance, limits["min_dominance"], "fraction"),
                    "hours": Measure(hours, limits["max_days"] * 24, "h"),
                    "quantity": Measure(quantity, limits["min_quantity"], "tCO2e"),
                },
                evidence=tuple(evidence_of(leg.table, list(leg.record_ids)) for leg in legs),
                title_values={
                    "count": len(accounts),
                    "accounts": ", ".join(accounts),
                    "quantity": quantity,
                    "rounds": len(rounds),
                    "days": max(hours / 24, 0.1),
                },
            )
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


DETECTOR = Detector(KIND, "1.0.0", ("fct_trades|fct_transfers",), find)
