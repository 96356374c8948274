"""The stage on which cases are set: who is still free to act, and the record of what was arranged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.plan import Deal, Movement, Plan
from pipelines.simulator.registry import VINTAGES
from pipelines.simulator.world import World

SEVERITIES = ("faint", "plain", "blatant")


@dataclass
class Case:
    """One known case. Without a window it lasts from its first to its last tagged trade or transfer."""

    tag: int
    kind: str
    severity: str
    text: str
    subject_ids: list[str]
    window: tuple[int, int] | None = None
    touched: dict[str, list[list[str | int]]] = field(default_factory=dict)


class Cast:
    """Gives every actor at most one part, so that cases and look-alikes do not overlap."""

    def __init__(self, world: World) -> None:
        """Everybody is free."""
        self._world = world
        self._taken: set[int] = set()

    def accounts(self, rng: np.random.Generator, among: Iterable[int], count: int) -> list[int]:
        """Some free accounts among these; an entity's account stands for the entity.

        Raises:
            RuntimeError: fewer are free than are wanted.
        """
        free = [account for account in among if account not in self._taken]
        if len(free) < count:
            raise RuntimeError(
                f"{count} free accounts wanted, found {len(free)}; use a larger scale or fewer cases"
            )
        chosen = [int(account) for account in rng.choice(free, count, replace=False)]
        self._taken.update(chosen)
        return chosen

    def is_free(self, account: int) -> bool:
        """Whether nobody has cast this account yet."""
        return account not in self._taken

    def sisters(self, rng: np.random.Generator) -> tuple[int, int]:
        """Two free power companies of one group."""
        families = [[m for m in family.tolist() if m not in self._taken] for family in self._world.sisters()]
        families = [family for family in families if len(family) >= 2]
        if not families:
            raise RuntimeError("a group with two free power companies wanted, found none; use a larger scale")
        family = families[int(rng.integers(len(families)))]
        first, second = self.accounts(rng, family, 2)
        return first, second

    def unit(self, rng: np.random.Generator, suitable: np.ndarray) -> int:
        """A suitable unit of a free entity, which it then takes."""
        entity_of = self._world.fleet.entity
        units = [u for u in np.flatnonzero(suitable).tolist() if int(entity_of[u]) not in self._taken]
        if not units:
            raise RuntimeError("a suitable unit of a free entity wanted, found none; use a larger scale")
        unit = int(rng.choice(units))
        self._taken.add(int(entity_of[unit]))
        return unit


@dataclass
class Stage:
    """What the cases of one kind work with."""

    world: World
    plan: Plan
    cast: Cast
    months: list[date]
    cases: list[Case] = field(default_factory=list)
    trading_days: list[date] = field(default_factory=calendar.trading_days)

    def open_case(
        self,
        kind: str,
        severity: str,
        text: str,
        subjects: list[str],
        window: tuple[int, int] | None = None,
        touched: dict[str, list[list[str | int]]] | None = None,
    ) -> int:
        """Note a case and return the tag that its deals and movements carry."""
        tag = len(self.cases) + 1
        self.cases.append(Case(tag, kind, severity, text, subjects, window, touched or {}))
        return tag

    @property
    def power(self) -> list[int]:
        """All power companies."""
        return np.flatnonzero(self.world.entities.sector == "power").tolist()

    @property
    def traders(self) -> list[int]:
        """Traders that no group controls."""
        return self.world.accounts.with_role("trader").tolist()

    def account_ids(self, accounts: list[int]) -> list[str]:
        """Published ids of these accounts."""
        return [self.world.accounts.id[account] for account in accounts]

    def unit_subjects(self, unit: int) -> list[str]:
        """Published ids of a unit's entity and of the unit."""
        return [self.world.entities.id[int(self.world.fleet.entity[unit])], self.world.fleet.id[unit]]

    def days_from(self, rng: np.random.Generator, first: date, last: date, length: int) -> list[date]:
        """`length` consecutive trading days that begin between `first` and `last`."""
        starts = [n for n, day in enumerate(self.trading_days) if first <= day <= last]
        start = int(rng.choice(starts))
        return self.trading_days[start : start + length]

    def month_window(self, first: int, last: int) -> tuple[int, int]:
        """Half-open window from month number `first` to the end of month number `last`."""
        end = calendar.next_month(self.months[last])
        return calendar.utc_midnight(self.months[first]), calendar.utc_midnight(end)

    @staticmethod
    def year_window(year: int) -> tuple[int, int]:
        """From 1 January of the compliance year to the end of its surrender deadline."""
        return calendar.utc_midnight(date(year, 1, 1)), calendar.utc_midnight(date(year + 2, 1, 1))

    def deal(
        self,
        tag: int | None,
        day: date,
        sides: tuple[int, int],
        quantity: int,
        second: float,
        discount: float | None = None,
        vintage: int | None = None,
    ) -> None:
        """Arrange a deal from the first to the second side; a block where a discount is named."""
        vintage = vintage or vintage_on(day)
        mode = "listed" if discount is None else "block"
        self.plan.add_deal(Deal(day, vintage, *sides, quantity, second, mode, discount or 0.0, tag))

    def movement(
        self, tag: int | None, day: date, sides: tuple[int, int], quantity: int, second: float, kind: str
    ) -> None:
        """Arrange a transfer that is no trade."""
        self.plan.add_movement(Movement(day, second, vintage_on(day), *sides, quantity, kind, tag))


def vintage_on(day: date) -> int:
    """The vintage that arrangements of that day are made in: the new one once it is well established."""
    return VINTAGES[0] if day < date(2025, 5, 6) else VINTAGES[1]


def after(day: date, days: int) -> date:
    """A calendar day later."""
    return day + timedelta(days=days)
