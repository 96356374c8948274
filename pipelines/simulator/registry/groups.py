"""Groups with a treasury: who buys for whom, and the transfers between treasury and members.

A treasury buys for a part of the members that declare the group as their controller and hands allowances on
before they surrender; it also collects a part of the surplus of long members. These transfers are
routine (kind `internal`).
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipelines.simulator import calibration_registry as calibration
from pipelines.simulator import law
from pipelines.simulator.allocation import final_booked_on
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline

if TYPE_CHECKING:
    from pipelines.simulator.world import World

_NONE = -1
_SUPPLIES = 4
_SWEEPS = 2
_FULL = 700_000


class Handing(NamedTuple):
    """A transfer within a group on a day: who gives whom how much in all, at which second."""

    second: float
    giver: int
    taker: int
    quantity: int


class Groups:
    """Treasuries, their members, and the days on which they supply them or gather from them."""

    def __init__(self, world: World, timeline: Timeline, streams: Streams) -> None:
        """Draw who buys centrally and when the treasuries act."""
        rng = streams.of("registry", "groups")
        self._streams = streams
        accounts = world.accounts
        emitters = world.key_emitters
        self.treasuries = accounts.with_role("treasury")
        self.treasury_of = np.full(len(accounts), _NONE)
        for treasury in self.treasuries.tolist():
            group = accounts.controller[treasury]
            members = [e for e in range(emitters) if group is not None and accounts.controller[e] == group]
            self.treasury_of[members] = treasury
        central = rng.random(len(accounts)) < calibration.DELEGATED
        self.delegated = central & (self.treasury_of >= 0)
        self.swept = rng.uniform(*calibration.SWEPT, len(accounts))
        self._supply: dict[date, list[int]] = {}
        self._sweep: dict[date, list[int]] = {}
        for year in timeline.compliance_years:
            due = law.due_on("surrender", year)
            booked = final_booked_on(year)
            for treasury in self.treasuries.tolist():
                for before in [1, *rng.integers(2, 55, _SUPPLIES).tolist()]:
                    self._supply.setdefault(due - timedelta(days=before), []).append(treasury)
                for after in rng.integers(3, 38, _SWEEPS).tolist():
                    self._sweep.setdefault(_weekday(booked + timedelta(days=after)), []).append(treasury)

    def pooled(self, position: np.ndarray) -> np.ndarray:
        """Positions (t by account) as those who trade see them: shortages are with whoever buys for them."""
        short = np.where(self.delegated, np.minimum(position, 0), 0)
        out = position - short
        who = np.flatnonzero(short)
        np.add.at(out, self.treasury_of[who], short[who])
        return out

    def handings(self, day: date, position: np.ndarray, held: np.ndarray) -> list[Handing]:
        """What treasuries and members transfer on a day.

        Args:
            day: the day.
            position: by account, before pooling, t.
            held: usable allowances by account, t.
        """
        out: list[Handing] = []
        rng = self._streams.of("registry", "groups", day.isoformat())
        for treasury in sorted({*self._supply.get(day, ()), *self._overfull(day, held)}):
            out += self._supplied(treasury, position, int(held[treasury]), rng)
        for treasury in self._sweep.get(day, ()):
            out += self._gathered(treasury, position, int(held[treasury]), rng)
        return out

    def last_handings(self, position: np.ndarray, held: np.ndarray) -> list[Handing]:
        """What treasuries still give to members that cannot surrender on the last day."""
        rng = self._streams.of("registry", "groups", "last")
        return [
            handing
            for treasury in self.treasuries.tolist()
            for handing in self._supplied(treasury, position, int(held[treasury]), rng)
        ]

    def _overfull(self, day: date, held: np.ndarray) -> list[int]:
        full = self.treasuries[held[self.treasuries] > _FULL]
        return full.tolist() if day.weekday() < 5 else []

    def _supplied(
        self, treasury: int, position: np.ndarray, held: int, rng: np.random.Generator
    ) -> list[Handing]:
        members = np.flatnonzero((self.treasury_of == treasury) & self.delegated & (position < 0))
        out: list[Handing] = []
        for member in members[np.argsort(position[members])].tolist():
            quantity = min(-int(position[member]), held)
            if quantity > 0:
                out.append(Handing(float(rng.uniform(9, 16) * 3600), treasury, member, quantity))
                held -= quantity
        return out

    def _gathered(
        self, treasury: int, position: np.ndarray, held: int, rng: np.random.Generator
    ) -> list[Handing]:
        members = np.flatnonzero((self.treasury_of == treasury) & (position > 0))
        out: list[Handing] = []
        for member in rng.permutation(members).tolist():
            headroom = calibration.TREASURY_CEILING - held
            quantity = min(int(position[member] * self.swept[member]) // 100 * 100, headroom)
            if quantity > 0:
                out.append(Handing(float(rng.uniform(9, 16) * 3600), member, treasury, quantity))
                held += quantity
        return out


def _weekday(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
