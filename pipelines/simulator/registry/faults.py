"""Bookings that the registration system gets wrong: the published record differs from what happened.

True holdings are never affected. A fault waits for a day on which its account trades; lawful ones (late, or
put right the same evening) also for one on which the published record stays in order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator.frames import timestamps
from pipelines.simulator.ledger import COLUMNS, KINDS, NO_TRADE
from pipelines.simulator.plan.registering import LedgerFault
from pipelines.simulator.registry import clock

_SURRENDERING = (11, 16)
_LAST_DAY = (12, 31)
_PATIENCE_DAYS = 25


@dataclass
class Marked:
    """A trade whose settlement is published wrongly."""

    fault: LedgerFault
    traded_at: int
    booked_at: int


@dataclass
class FaultBook:
    """Faults that are still to happen, and those since the last publication."""

    waiting: list[LedgerFault]
    emitters: int
    last_day: date
    marked: dict[int, Marked] = field(default_factory=dict)
    phantoms: list[tuple[int, ...]] = field(default_factory=list)

    def at_settlement(
        self,
        day: date,
        trades: Mapping[str, np.ndarray],
        booked: np.ndarray,
        holdings: np.ndarray,
        givers: set[int],
    ) -> None:
        """Choose the trades that today's faults befall.

        Args:
            day: the day.
            trades: its trades, as `Registry.settle` takes them.
            booked: when each settles.
            holdings: accounts by assets after the settlement.
            givers: accounts that give something away between the settlement and midnight.
        """
        for fault in [one for one in self.waiting if one.day <= day and one.action != "overdrawn"]:
            sides = (trades["seller"] == fault.account) | (trades["buyer"] == fault.account)
            for place in np.flatnonzero(sides).tolist():
                number = int(trades["number"][place])
                if number not in self.marked and self._suits(fault, day, trades, place, holdings, givers):
                    self.marked[number] = Marked(fault, int(trades["moment"][place]), int(booked[place]))
                    self.waiting.remove(fault)
                    break

    def _suits(
        self,
        fault: LedgerFault,
        day: date,
        trades: Mapping[str, np.ndarray],
        place: int,
        holdings: np.ndarray,
        givers: set[int],
    ) -> bool:
        seller, buyer, asset = (int(trades[side][place]) for side in ("seller", "buyer", "asset"))
        if fault.action == "reversed":
            return int(holdings[seller, asset]) >= fault.quantity
        if fault.action == "late":
            surrenders = buyer < self.emitters and (day.month, day.day) >= _SURRENDERING
            return buyer not in givers and not surrenders and (day.month, day.day) != _LAST_DAY
        if fault.action == "misbooked":
            traded, patient = int(trades["quantity"][place]), (day - fault.day).days < _PATIENCE_DAYS
            return traded > (fault.quantity if patient else 1)
        return True

    def at_close(
        self, day: date, holdings: np.ndarray, allowances: np.ndarray, rng: np.random.Generator
    ) -> None:
        """Invent today's transfers of more than their giver holds, to some other holder of the asset.

        A wrong settlement of somebody who trades no more ends as such a transfer on the last day.
        """
        for fault in [one for one in self.waiting if one.day <= day]:
            if fault.action != "overdrawn" and (day < self.last_day or not fault.tag):
                continue
            held = holdings[fault.account, allowances]
            if not held.any() and day < self.last_day:
                continue
            common = holdings[:, allowances].sum(axis=0)
            size = np.where(held > 0, held, held.max()) if held.any() else -common
            asset = int(allowances[np.argmin(size)])
            others = np.flatnonzero(holdings[:, asset] > 0)
            others = others[others != fault.account]
            if not len(others):
                continue
            taker = int(rng.choice(others))
            quantity = int(holdings[fault.account, asset]) + max(fault.quantity, 1)
            second = float(rng.uniform(clock.EVENING, clock.OVERDRAWN))
            row = (
                calendar.local(day, second),
                fault.account,
                taker,
                asset,
                quantity,
                KINDS.index("other"),
                NO_TRADE,
                fault.tag,
            )
            self.phantoms.append(row)
            self.waiting.remove(fault)

    def applied(self, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Movements of a month as they are published, in time; what was marked is forgotten."""
        table = np.stack([rows[column] for column in COLUMNS])
        extra = [np.array(row, dtype=np.int64)[:, None] for row in self.phantoms]
        keep = np.ones(table.shape[1], dtype=bool)
        settled = np.flatnonzero(np.isin(table[6], list(self.marked)))
        for place in settled.tolist():
            mark = self.marked[int(table[6, place])]
            extra += _published(table, place, mark, keep)
        self.marked.clear()
        self.phantoms.clear()
        table = np.concatenate([table[:, keep], *extra], axis=1)
        table = table[:, np.argsort(table[0], kind="stable")]
        return dict(zip(COLUMNS, table, strict=True))

    def affected_trades(self) -> pl.DataFrame:
        """The trades of the month's wrong settlements: number, ts, tag."""
        wrong = [(n, mark) for n, mark in sorted(self.marked.items()) if mark.fault.tag]
        return pl.DataFrame(
            {
                "number": pl.Series([n for n, _ in wrong], dtype=pl.Int64),
                "ts": timestamps([mark.traded_at for _, mark in wrong]),
                "tag": pl.Series([mark.fault.tag for _, mark in wrong], dtype=pl.Int64),
            }
        )


def _published(table: np.ndarray, place: int, mark: Marked, keep: np.ndarray) -> list[np.ndarray]:
    """Change a settlement's row as its fault says; returns rows to add."""
    fault = mark.fault
    if fault.tag:
        table[7, place] = fault.tag
    moment = int(table[0, place])
    if fault.action == "unsettled":
        keep[place] = False
    elif fault.action == "misbooked":
        table[4, place] -= min(fault.quantity, int(table[4, place]) // 2)
    elif fault.action == "twice":
        again = table[:, [place]].copy()
        again[0] = moment + 40 * calendar.MICROSECONDS
        return [again]
    elif fault.action == "late":
        # Somewhat more than two to somewhat more than four hours: later than anybody's surrender.
        delay = clock.LATE_SETTLEMENT - clock.SETTLEMENT + moment // calendar.MICROSECONDS * 37 % 7_000
        table[0, place] += int(delay * calendar.MICROSECONDS)
    elif fault.action == "reversed":
        return _too_much_and_back(table[:, [place]], fault.quantity)
    else:
        raise ValueError(f"a ledger fault's action is {fault.action!r}, expected one that is described")
    return []


def _too_much_and_back(settled: np.ndarray, quantity: int) -> list[np.ndarray]:
    """Beside a settlement so much again, and the way back before anybody surrenders."""
    moment = int(settled[0, 0])
    more = settled.copy()
    more[0] = moment + 20 * calendar.MICROSECONDS
    more[4] = quantity
    more[5] = KINDS.index("internal")
    more[6] = NO_TRADE
    back = more.copy()
    taken_back = int((clock.TAKEN_BACK - clock.SETTLEMENT) * calendar.MICROSECONDS)
    back[0] = _settlement_start(moment) + taken_back
    back[1], back[2] = settled[2], settled[1]
    return [more, back]


def _settlement_start(moment: int) -> int:
    midnight = (moment + calendar.SHANGHAI) // calendar.DAY * calendar.DAY - calendar.SHANGHAI
    return midnight + int(clock.SETTLEMENT * calendar.MICROSECONDS)
