"""What is arranged beforehand: deals between two known sides, and how somebody departs from routine.

Look-alikes and cases write into one `Plan`; the emitters, the market and the registry read it and
carry it out by the same code that carries out everything else. So a departure is settled, counted in
the daily figures and bound by holdings like any other act. A clean market's plan holds look-alikes only.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from pipelines.simulator.world import World


@dataclass(frozen=True)
class Deal:
    """Two accounts that mean to trade with each other.

    A listed deal is posted inside the spread and taken seconds later by an order at the same price;
    somebody else may be faster. A block deal is agreed at `discount` below the previous close.
    """

    day: date
    vintage: int
    seller: int
    buyer: int
    quantity: int
    second: float
    mode: str = "listed"
    discount: float = 0.0
    tag: int | None = None


@dataclass(frozen=True)
class Movement:
    """A transfer that is no trade."""

    day: date
    second: float
    vintage: int
    giver: int
    taker: int
    quantity: int
    kind: str
    tag: int | None = None


@dataclass(frozen=True)
class LabDates:
    """Dates that a laboratory report states instead of the true ones."""

    unit: int
    month: int
    sampled_on: date | None = None
    received_on: date | None = None
    tested_on: date | None = None
    reported_on: date | None = None


@dataclass
class Plan:
    """All arrangements of one market."""

    fuel_factor: np.ndarray
    carbon_factor: np.ndarray
    emission_factor: np.ndarray
    default_carbon: np.ndarray
    efficiency: np.ndarray
    deals: dict[date, list[Deal]] = field(default_factory=lambda: defaultdict(list))
    movements: dict[date, list[Movement]] = field(default_factory=lambda: defaultdict(list))
    quiet: dict[date, set[int]] = field(default_factory=lambda: defaultdict(set))
    shocks: dict[tuple[date, int], float] = field(default_factory=dict)
    lab_dates: list[LabDates] = field(default_factory=list)
    month_filed_after: dict[tuple[int, int], float] = field(default_factory=dict)
    month_missing: set[tuple[int, int]] = field(default_factory=set)
    year_filed_on: dict[tuple[int, int], date] = field(default_factory=dict)
    year_missing: set[tuple[int, int]] = field(default_factory=set)
    surrender_share: dict[tuple[int, int], float] = field(default_factory=dict)

    @classmethod
    def empty(cls, world: World, months: int) -> Plan:
        """A plan in which everybody follows routine."""
        shape = (months, len(world.fleet))
        return cls(
            fuel_factor=np.ones(shape),
            carbon_factor=np.ones(shape),
            emission_factor=np.ones(shape),
            default_carbon=np.zeros(shape, dtype=bool),
            efficiency=np.ones(shape),
        )

    def add_deal(self, deal: Deal) -> None:
        """Two sides agree to trade."""
        self.deals[deal.day].append(deal)

    def add_movement(self, movement: Movement) -> None:
        """Somebody instructs the registry to transfer."""
        self.movements[movement.day].append(movement)

    def keep_quiet(self, accounts: list[int], days: list[date]) -> None:
        """These accounts do no ordinary trading on these days."""
        for day in days:
            self.quiet[day].update(accounts)
