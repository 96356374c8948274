"""The planner of cases and look-alikes: who is free to take part, when, and which cases were added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.cases.reserved_days import ReservedDays
from pipelines.simulator.plan import Plan
from pipelines.simulator.scales import Scale
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import World

SEVERITIES = ("faint", "plain", "blatant")


@dataclass
class Case:
    """One known case, or one look-alike (without a severity).

    Without a window it lasts from the first to just after the last row that carries its tag. `affected` are
    keys of rows known beforehand, by table; rows that carry the tag are added when they are published.
    """

    tag: int
    kind: str
    severity: str | None
    text: str
    subject_ids: list[str]
    window: tuple[int, int] | None = None
    affected: dict[str, list[list[str | int]]] = field(default_factory=dict)


class Participants:
    """Gives every actor at most one part in a pool, so that cases do not disturb each other.

    Pools are kinds of conduct (`market`, `plant`, `compliance`, `project`): a company may cheat with its
    coal and miss its surrender, but it plays one part of each.
    """

    def __init__(self) -> None:
        """Everybody is free."""
        self._taken: dict[str, set[int]] = {}

    def take(self, rng: np.random.Generator, pool: str, among: Iterable[int], count: int) -> list[int]:
        """Some free actors among these, in random order.

        Raises:
            RuntimeError: fewer are free than are wanted.
        """
        taken = self._taken.setdefault(pool, set())
        free = [actor for actor in among if actor not in taken]
        if len(free) < count:
            raise RuntimeError(
                f"{count} free actors wanted in the pool {pool}, found {len(free)}; use a larger scale or "
                "fewer cases"
            )
        chosen = [int(actor) for actor in rng.choice(free, count, replace=False)]
        taken.update(chosen)
        return chosen

    def is_free(self, pool: str, actor: int) -> bool:
        """Whether this actor has no part in that pool yet."""
        return actor not in self._taken.get(pool, set())

    def free(self, pool: str, among: Iterable[int]) -> list[int]:
        """Those of these actors that are free in that pool, in the order given."""
        taken = self._taken.get(pool, set())
        return [actor for actor in among if actor not in taken]


@dataclass
class CasePlanner:
    """The world, the plan and the calendar to which kinds add cases; by position, not by published id."""

    world: World
    plan: Plan
    timeline: Timeline
    scale: Scale
    participants: Participants = field(default_factory=Participants)
    reserved_days: ReservedDays = field(default_factory=ReservedDays)
    cases: list[Case] = field(default_factory=list)
    lookalikes: list[Case] = field(default_factory=list)

    def severities(self, rng: np.random.Generator) -> list[str]:
        """A severity for every case that a kind sets at this scale: all three as often, in random order."""
        count = self.scale.cases_per_kind
        graded = [SEVERITIES[number % len(SEVERITIES)] for number in range(count)]
        return [graded[place] for place in rng.permutation(count)]

    def open_case(
        self,
        kind: str,
        severity: str,
        text: str,
        subjects: list[str],
        window: tuple[int, int] | None = None,
        affected: dict[str, list[list[str | int]]] | None = None,
    ) -> int:
        """Note a case and return the tag that what belongs to it carries."""
        tag = len(self.cases) + 1
        self.cases.append(Case(tag, kind, severity, text, subjects, window, affected or {}))
        return tag

    def note_lookalike(
        self, kind: str, text: str, subjects: list[str], window: tuple[int, int] | None = None
    ) -> None:
        """Note something lawful that resembles a kind; it carries no tag and no label."""
        self.lookalikes.append(Case(0, kind, None, text, subjects, window))

    @property
    def power(self) -> list[int]:
        """Power companies among the key emitters."""
        return self.of_sector("power")

    def of_sector(self, *sectors: str) -> list[int]:
        """Key emitters of these sectors."""
        entities = self.world.entities
        return np.flatnonzero(np.isin(entities.sector, sectors) & ~entities.is_small).tolist()

    def with_role(self, *roles: str) -> list[int]:
        """Accounts that play one of these roles."""
        return self.world.accounts.with_role(*roles).tolist()

    def units_of(self, entity: int) -> list[int]:
        """Units of an entity."""
        return np.flatnonzero(self.world.fleet.entity == entity).tolist()

    def take_unit(self, rng: np.random.Generator, suitable: np.ndarray) -> int:
        """A suitable unit (mask over units) of an entity that is free for a part at its plants.

        Raises:
            RuntimeError: there is none.
        """
        entity_of = self.world.fleet.entity
        fitting = np.flatnonzero(suitable)
        free = set(self.participants.free("plant", np.unique(entity_of[fitting]).tolist()))
        units = [unit for unit in fitting.tolist() if int(entity_of[unit]) in free]
        if not units:
            raise RuntimeError("a suitable unit of a free entity wanted, found none; use a larger scale")
        unit = int(rng.choice(units))
        self.participants.take(rng, "plant", [int(entity_of[unit])], 1)
        return unit

    def account_ids(self, accounts: list[int]) -> list[str]:
        """Published ids of these accounts."""
        return [self.world.accounts.id[account] for account in accounts]

    def unit_subjects(self, unit: int) -> list[str]:
        """Published ids of a unit's entity and of the unit."""
        return [self.world.entities.id[int(self.world.fleet.entity[unit])], self.world.fleet.id[unit]]

    def days_from(self, rng: np.random.Generator, first: date, last: date, length: int = 1) -> list[date]:
        """`length` consecutive trading days that begin between `first` and `last`, both held within the span.

        Raises:
            RuntimeError: no trading day lies between them.
        """
        days = self.timeline.trading_days
        starts = [n for n, day in enumerate(days) if first <= day <= last and n + length <= len(days)]
        if not starts:
            raise RuntimeError(f"{length} trading days from {first} to {last} wanted, found none")
        start = int(rng.choice(starts))
        return days[start : start + length]

    def month_number(self, month: date) -> int:
        """Position of a month in the plan's arrays."""
        return self.timeline.months.index(month)

    def month_window(self, first: int, last: int) -> tuple[int, int]:
        """Half-open window from month number `first` to the end of month number `last`."""
        end = calendar.next_month(self.timeline.months[last])
        return calendar.utc_midnight(self.timeline.months[first]), calendar.utc_midnight(end)

    @staticmethod
    def day_window(first: date, last: date) -> tuple[int, int]:
        """Half-open window of Shanghai days, both included."""
        return calendar.local(first, 0.0), calendar.local(last + timedelta(days=1), 0.0)

    @staticmethod
    def year_window(year: int) -> tuple[int, int]:
        """From 1 January of the compliance year to the end of its surrender deadline."""
        return calendar.utc_midnight(date(year, 1, 1)), calendar.utc_midnight(date(year + 2, 1, 1))

    def asset(self, instrument_id: str) -> int:
        """Column of an instrument.

        Raises:
            KeyError: it is not traded within the span.
        """
        for column, asset in enumerate(self.timeline.assets):
            if asset.instrument_id == instrument_id:
                return column
        raise KeyError(instrument_id)

    def main_asset(self, day: date) -> int:
        """The vintage that most of the trading is in on a day: the newest that is well established."""
        listed = [
            (asset.listed_from, column)
            for column, asset in enumerate(self.timeline.assets)
            if asset.is_allowance and asset.listed_from and asset.listed_from + timedelta(days=20) <= day
        ]
        return max(listed)[1] if listed else 0
