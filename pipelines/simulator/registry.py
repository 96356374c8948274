"""The registration system: holdings, every movement between accounts, and the surrender of a year.

Holdings never go below nought: a movement that would make them so is refused. A closing balance is
what moves after the exchange's close; `settled` is when.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calendar, calibration
from pipelines.simulator.allocation import Allotment
from pipelines.simulator.emitters.reports import Reports
from pipelines.simulator.plan import Plan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.world import World

VINTAGES = (2023, 2024)
SETTLEMENT = 16.5 * 3600
SURRENDER = 17.0 * 3600
_BOOKING = 8.5 * 3600


@dataclass
class Ledger:
    """Holdings by account and vintage, and the movements that made them."""

    holdings: np.ndarray
    rows: list[tuple[int, int | None, int | None, int, int, str, int | None, int | None]] = field(
        default_factory=list
    )

    @classmethod
    def empty(cls, accounts: int) -> Ledger:
        """A ledger in which nobody holds anything."""
        return cls(holdings=np.zeros((accounts, len(VINTAGES)), dtype=np.int64))

    def move(
        self,
        moment: int,
        giver: int | None,
        taker: int | None,
        vintage: int,
        quantity: int,
        kind: str,
        trade: int | None = None,
        tag: int | None = None,
    ) -> None:
        """Book one movement; `vintage` is the year.

        Raises:
            ValueError: the giver does not hold that much, or the quantity is not positive.
        """
        column = VINTAGES.index(vintage)
        if quantity <= 0:
            raise ValueError(f"{kind} at {moment}: quantity is {quantity}, expected more than 0")
        if giver is not None:
            held = int(self.holdings[giver, column])
            if held < quantity:
                raise ValueError(
                    f"{kind} at {moment}: account {giver} gives {quantity} of vintage {vintage}, "
                    f"expected at most the {held} that it holds"
                )
            self.holdings[giver, column] -= quantity
        if taker is not None:
            self.holdings[taker, column] += quantity
        self.rows.append((moment, giver, taker, vintage, quantity, kind, trade, tag))


@dataclass
class Duty:
    """One entity's surrender for one year, as far as it has come."""

    entity: int
    year: int
    obligation: int
    meant: int
    from_day: date
    surrendered: int = 0
    completed_on: date | None = None


class Registry:
    """Books allocation and surrender day by day and knows who is long and who is short."""

    def __init__(
        self, world: World, reports: Reports, allotments: list[Allotment], plan: Plan, streams: Streams
    ) -> None:
        """Take over decisions and verified emissions; nothing is booked yet."""
        self.world = world
        self.ledger = Ledger.empty(len(world.accounts))
        self._plan = plan
        self._to_book: dict[date, list[Allotment]] = {}
        for allotment in allotments:
            self._to_book.setdefault(allotment.booked_on, []).append(allotment)
        self._awaited = np.zeros((len(world.accounts), len(VINTAGES)), dtype=np.int64)
        for allotment in allotments:
            self._awaited[allotment.entity, VINTAGES.index(allotment.year)] += allotment.booked
        self.duties = self._all_duties(reports, streams.of("registry", "surrender"))

    def _all_duties(self, reports: Reports, rng: np.random.Generator) -> dict[int, list[Duty]]:
        duties: dict[int, list[Duty]] = {}
        for year in VINTAGES:
            verified = reports.verified(year)
            due = calibration.SURRENDER_DUE[year]
            before = rng.integers(0, 45, len(verified))
            for entity in np.flatnonzero(~np.isnan(verified)).tolist():
                obligation = int(np.ceil(verified[entity] - 1e-9))
                share = self._plan.surrender_share.get((entity, year), 1.0)
                first = max(due - timedelta(days=int(before[entity])), date(year + 1, 11, 16))
                duties.setdefault(year, []).append(
                    Duty(entity, year, obligation, int(obligation * share), first)
                )
        return duties

    def open_day(self, day: date) -> None:
        """Book what is allocated on that day: issued to the government's account, then handed on."""
        decisions = [a for a in self._to_book.get(day, []) if a.booked > 0]
        for year in sorted({a.year for a in decisions}):
            of_year = [a for a in decisions if a.year == year]
            moment = calendar.local(day, _BOOKING)
            total = sum(a.booked for a in of_year)
            self.ledger.move(moment, None, self.world.issuer, year, total, "issuance")
            for number, allotment in enumerate(of_year):
                later = moment + (60 + number) * calendar.MICROSECONDS
                self.ledger.move(
                    later, self.world.issuer, allotment.entity, year, allotment.booked, "allocation"
                )
                self._awaited[allotment.entity, VINTAGES.index(year)] -= allotment.booked

    def position(self, day: date) -> np.ndarray:
        """What every account holds or still awaits, less what it means to surrender, in t.

        In 2024 only the year 2023 counts; from 2025 both years do.
        """
        years = [year for year in VINTAGES if day.year > year]
        columns = [VINTAGES.index(year) for year in years]
        position = (self.ledger.holdings + self._awaited)[:, columns].sum(1)
        for year in years:
            for duty in self.duties[year]:
                if duty.completed_on is None:
                    position[duty.entity] -= duty.meant
        return position

    def close_day(self, day: date) -> None:
        """Surrender for everybody whose day has come and who holds enough, oldest vintage first."""
        for year in VINTAGES:
            due = calibration.SURRENDER_DUE[year]
            if not date(year + 1, 11, 16) <= day <= due:
                continue
            for number, duty in enumerate(self.duties[year]):
                if duty.completed_on is None and day >= duty.from_day:
                    self._surrender(day, duty, number)

    def _surrender(self, day: date, duty: Duty, number: int) -> None:
        usable = [vintage for vintage in VINTAGES if vintage <= duty.year]
        held = {v: int(self.ledger.holdings[duty.entity, VINTAGES.index(v)]) for v in usable}
        if sum(held.values()) < duty.meant:
            return
        moment = calendar.local(day, SURRENDER) + number * 37 * calendar.MICROSECONDS
        left = duty.meant
        for vintage in usable:
            part = min(left, held[vintage])
            if part > 0:
                self.ledger.move(moment, duty.entity, self.world.retirement, vintage, part, "surrender")
                moment += calendar.MICROSECONDS
                left -= part
        duty.surrendered, duty.completed_on = duty.meant, day
