"""Voluntary acts of holders: they cancel units, and carry old vintages over into the next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipelines.simulator import calendar, law
from pipelines.simulator import calibration_registry as calibration
from pipelines.simulator.ledger import NOBODY, Ledger
from pipelines.simulator.plan.registering import RegistryPlan
from pipelines.simulator.registry import clock
from pipelines.simulator.registry.duties import Duties
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline

if TYPE_CHECKING:
    from pipelines.simulator.world import World

_INTO_VINTAGE = 2025  # the vintage that the older ones are reissued as [C-13]
_NEUTRAL_SHARE = (0.05, 0.3)  # of its members' emissions that a consortium makes good with credits a year
_CANCELLERS = 0.004  # share of power companies that cancel a few allowances in a year
_CARRIED_FROM = (1, 5)
_CARRIED_DAYS = 10


class Cancellation(NamedTuple):
    """Units that somebody gives up for good, at a second of a day."""

    second: float
    account: int
    is_credit: bool
    quantity: int


class Cancellations:
    """Voluntary cancellation [C-20]: consortia cancel credits at the year's end, few firms allowances."""

    def __init__(self, world: World, timeline: Timeline, emitted: np.ndarray, streams: Streams) -> None:
        """Draw who cancels what on which days."""
        rng = streams.of("registry", "cancellations")
        self._count = len(world.accounts)
        self._targets: dict[int, np.ndarray] = {}
        self._credits: dict[date, list[tuple[int, int]]] = {}
        self._allowances: dict[date, list[tuple[int, int]]] = {}
        for year in timeline.years:
            wanted = np.zeros(self._count, dtype=np.int64)
            for consortium in world.consortia:
                emissions = sum(float(np.nan_to_num(emitted[member])) for member, _ in consortium.members)
                target = int(emissions * rng.uniform(*_NEUTRAL_SHARE))
                wanted[consortium.account] = target
                day = date(year, 11, 20) + timedelta(days=int(rng.integers(0, 40)))
                self._credits.setdefault(day, []).append((consortium.account, year))
            self._targets[year] = wanted
            power = np.flatnonzero((world.entities.sector == "power") & ~world.entities.is_small)
            for entity in rng.choice(power, 1 + int(_CANCELLERS * len(power)), replace=False).tolist():
                day = date(year, 1, 8) + timedelta(days=int(rng.integers(0, 300)))
                quantity = int(rng.integers(1, 40)) * 50
                self._allowances.setdefault(day, []).append((entity, quantity))
        self._done: set[tuple[int, int]] = set()

    def wanted(self, day: date) -> np.ndarray:
        """Credits that every account still means to cancel this year, t."""
        wanted = self._targets.get(day.year)
        if wanted is None:
            return np.zeros(self._count, dtype=np.int64)
        out = wanted.copy()
        out[[account for account, year in self._done if year == day.year]] = 0
        return out

    def on(self, day: date, credits: np.ndarray) -> list[Cancellation]:
        """What is cancelled on a day, given the credits held by account, t."""
        out: list[Cancellation] = []
        for account, year in self._credits.get(day, []):
            quantity = min(int(self._targets[year][account]), int(credits[account]))
            self._done.add((account, year))
            out.append(Cancellation(9.5 * clock.HOUR + account % 3_600, account, True, quantity))
        for account, quantity in self._allowances.get(day, []):
            out.append(Cancellation(13.0 * clock.HOUR + account % 3_600, account, False, quantity))
        return out


class CarryOver:
    """Old vintages reissued as the next one, for those who apply in the first days [C-13, C-14]."""

    def __init__(self, world: World, timeline: Timeline, plan: RegistryPlan, streams: Streams) -> None:
        """Draw who applies early and how much of what it may it carries over."""
        rng = streams.of("registry", "carry_over")
        self._plan = plan
        self._net_sold = np.zeros(len(world.accounts), dtype=np.int64)
        self._year_end = timeline.last_day
        self._carried = len(timeline.assets) - 1
        self._last_year = timeline.compliance_years[-1]
        emitters = world.key_emitters
        applies = rng.random(emitters) < calibration.CARRY_OVER_EARLY
        applies[[entity for entity in plan.carry_over_factor if entity < emitters]] = True
        self._share = np.where(rng.random(emitters) < 0.7, 1.0, rng.uniform(0.2, 1.0, emitters))
        self._when = rng.integers(0, _CARRIED_DAYS, emitters)
        self._second = rng.uniform(9, 17, emitters) * clock.HOUR
        self._applies = applies
        self._most = np.zeros(emitters, dtype=np.int64)

    def note(self, trades: Mapping[str, np.ndarray], allowances: np.ndarray) -> None:
        """Count a day's trades in allowances (mask) towards what everybody has sold net."""
        quantity = trades["quantity"][allowances]
        np.add.at(self._net_sold, trades["seller"][allowances], quantity)
        np.subtract.at(self._net_sold, trades["buyer"][allowances], quantity)

    def most(self, held: np.ndarray, auctioned: np.ndarray) -> np.ndarray:
        """The most that every emitter may carry over of what it held at the year's end, t.

        What was bought in auctions counts as bought here, so that no reading of the rule is broken.
        """
        sold = np.maximum((self._net_sold - auctioned)[: len(held)], 0)
        base, multiple = law.carry_over(_INTO_VINTAGE)
        bound = np.floor(base + sold * multiple).astype(np.int64)
        return np.minimum(bound, held)

    def close(self, day: date, ledger: Ledger, vintages: np.ndarray, duties: dict[int, Duties]) -> None:
        """Note balances at the year's end; in January book the applications of the day."""
        columns = np.flatnonzero((vintages > 0) & (vintages <= self._last_year))
        emitters = len(self._most)
        if day == self._year_end:
            held = ledger.holdings[:emitters][:, columns].sum(axis=1)
            self._most = self._wanted(held, ledger.auctioned)
            self._applies &= _on_time(duties, emitters)
        first = date(self._year_end.year + 1, *_CARRIED_FROM)
        for entity in np.flatnonzero(self._applies & (self._when == (day - first).days)).tolist():
            self._book(day, entity, ledger, columns)

    def _wanted(self, held: np.ndarray, auctioned: np.ndarray) -> np.ndarray:
        wanted = np.floor(self.most(held, auctioned) * self._share).astype(np.int64)
        for entity, factor in self._plan.carry_over_factor.items():
            wanted[entity] = min(int(self._bound(entity) * factor), int(held[entity]))
        return wanted

    def arranged(self) -> dict[int, int]:
        """What entities keep that are to carry over an arranged amount, t by entity."""
        factors = self._plan.carry_over_factor
        return {entity: int(self._bound(entity) * factor * 1.02) for entity, factor in factors.items()}

    def _bound(self, entity: int) -> float:
        base, multiple = law.carry_over(_INTO_VINTAGE)
        return base + max(int(self._net_sold[entity]), 0) * multiple

    def _book(self, day: date, entity: int, ledger: Ledger, columns: np.ndarray) -> None:
        left = int(self._most[entity])
        bound = self._bound(entity)
        tag = self._plan.tags.get(("carry_over", entity, self._last_year), 0) if left > bound else 0
        moment = calendar.local(day, float(self._second[entity]))
        for column in columns.tolist():
            part = min(left, int(ledger.holdings[entity, column]))
            if part > 0:
                ledger.move(moment, entity, NOBODY, column, part, "carry_over", tag=tag)
                ledger.move(
                    moment + calendar.MICROSECONDS, NOBODY, entity, self._carried, part, "carry_over", tag=tag
                )
                moment += 2 * calendar.MICROSECONDS
                left -= part


def _on_time(duties: dict[int, Duties], emitters: int) -> np.ndarray:
    """Who has met every obligation of the span by its deadline."""
    out = np.zeros(emitters, dtype=bool)
    for one in duties.values():
        out[one.entity] = True
    for one in duties.values():
        missed = (one.completed_on == 0) | (one.completed_on > one.due.toordinal())
        out[one.entity[missed]] = False
    return out
