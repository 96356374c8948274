"""Surrender: credits and allowances, oldest first, on the day that an entity chose or as soon as it can."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.ledger import NOBODY, Ledger
from pipelines.simulator.registry import clock
from pipelines.simulator.registry.duties import Duties
from pipelines.simulator.registry.pledges import Pledges

if TYPE_CHECKING:
    from pipelines.simulator.world import World


class Surrender:
    """Books what entities surrender; `rescued` is what the reserve lent on last days, t by year."""

    def __init__(
        self, ledger: Ledger, vintages: np.ndarray, credit: int, world: World, pledges: Pledges
    ) -> None:
        """Work on that ledger; `vintages` by asset (0: not an allowance), `credit` the column of credits."""
        self._pledges = pledges
        self._ledger = ledger
        self._vintages = vintages
        self._credit = credit
        self._retirement = world.official("retirement")
        self._reserve = world.official("reserve")
        self.rescued: dict[int, int] = defaultdict(int)

    def close(self, day: date, duties: Duties, rng: np.random.Generator) -> None:
        """Surrender what is due or ready on a day; on the last day, and on late ones, whatever it takes."""
        for row, second, quantity in duties.portions_on(day):
            self._portion(day, duties, row, second, quantity)
        remaining = duties.remaining(day)
        if day < duties.due:
            rows = np.flatnonzero((duties.ready_on <= day.toordinal()) & (remaining > 0))
            rows = rows[self._can(duties, rows, remaining[rows])]
        elif day == duties.due:
            rows = np.flatnonzero(remaining > 0)
            self._rescue(day, duties, rows, remaining[rows])
        else:
            rows = np.flatnonzero((duties.late_on == day.toordinal()) & (remaining > 0))
            self._rescue(day, duties, rows, remaining[rows])
        rows = rng.permutation(rows)
        start = calendar.local(day, clock.SURRENDER)
        moments = clock.spread(start, len(rows), clock.SURRENDER_SECONDS, pace=37.0)
        self._book(day, duties, rows, remaining[rows], moments)
        if day == duties.due:
            nothing_owed = (duties.obligation == 0) & (duties.completed_on == 0)
            duties.completed_on[nothing_owed] = day.toordinal()

    def _usable(self, year: int) -> np.ndarray:
        """Columns of the vintages that may meet a year's obligation, oldest first [C-15]."""
        columns = np.flatnonzero((self._vintages > 0) & (self._vintages <= year))
        return columns[np.argsort(self._vintages[columns], kind="stable")]

    def _parts(self, duties: Duties, rows: np.ndarray, amounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How much of these amounts comes in credits and how much in allowances, t."""
        held = self._ledger.holdings[duties.entity[rows], self._credit]
        wanted = duties.credits[rows] - duties.credits_done[rows]
        credits = np.minimum(np.minimum(wanted, held), amounts)
        return credits, amounts - credits

    def _free(self, entity: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Holdings that are not promised away, entities by columns, t."""
        where = np.ix_(entity, columns)
        return np.maximum(self._ledger.holdings[where] - self._pledges.kept()[where], 0)

    def _can(self, duties: Duties, rows: np.ndarray, amounts: np.ndarray) -> np.ndarray:
        """Who holds enough: allowances, and the credits that it counts on."""
        _, allowances = self._parts(duties, rows, amounts)
        held = self._free(duties.entity[rows], self._usable(duties.year)).sum(axis=1)
        return held >= allowances

    def _rescue(self, day: date, duties: Duties, rows: np.ndarray, amounts: np.ndarray) -> None:
        """The reserve releases to those that the market left short what they lack."""
        _, allowances = self._parts(duties, rows, amounts)
        columns = self._usable(duties.year)
        held = self._ledger.holdings[np.ix_(duties.entity[rows], columns)].sum(axis=1)
        lacking = np.maximum(allowances - held, 0)
        who = np.flatnonzero(lacking)
        if not len(who):
            return
        column = int(columns[np.argmax(self._ledger.holdings[self._reserve, columns])])
        moment = calendar.local(day, clock.RESCUE)
        total = int(lacking.sum())
        missing = total - int(self._ledger.holdings[self._reserve, column])
        if missing > 0:
            self._ledger.move(moment, NOBODY, self._reserve, column, missing, "issuance")
        moments = clock.spread(moment + calendar.MICROSECONDS, len(who), 240.0)
        takers = duties.entity[rows[who]]
        self._ledger.move_many(moments, self._reserve, takers, column, lacking[who], "reserve_release")
        self.rescued[duties.year] += total

    def _portion(self, day: date, duties: Duties, row: int, second: float, quantity: int) -> None:
        """One of several parts; the last ones make up for what earlier ones lacked."""
        left = int(duties.remaining(day)[row])
        planned = sum(part for when, _, part in duties.portions[row] if when <= day)
        amount = min(max(planned - int(duties.done[row]), 0), left)
        rows, amounts = np.array([row]), np.array([amount])
        if amount <= 0:
            return
        _, allowances = self._parts(duties, rows, amounts)
        held = int(self._ledger.holdings[duties.entity[row], self._usable(duties.year)].sum())
        amounts -= max(int(allowances[0]) - held, 0)
        moment = calendar.local(day, max(clock.SURRENDER, min(second, clock.LATE_SETTLEMENT)))
        self._book(day, duties, rows, amounts, np.array([moment]))

    def _book(
        self, day: date, duties: Duties, rows: np.ndarray, amounts: np.ndarray, moments: np.ndarray
    ) -> None:
        """Move credits, then vintages oldest first, to the account for surrendered units."""
        entity = duties.entity[rows]
        credits, left = self._parts(duties, rows, amounts)
        tags = np.where(duties.credit_tag[rows] > 0, duties.credit_tag[rows], duties.tag[rows])
        self._give(moments, entity, self._credit, credits, tags)
        duties.credits_done[rows] += credits
        columns = self._usable(duties.year)
        free = self._free(entity, columns)
        for number, column in enumerate([*columns.tolist(), *columns.tolist()]):
            # Oldest first; what is promised away only where nothing else is left.
            held = self._ledger.holdings[entity, column]
            part = np.minimum(left, free[:, number] if number < len(columns) else held)
            later = moments + (number + 1) * calendar.MICROSECONDS // 8
            self._give(later, entity, column, part, duties.tag[rows])
            duties.allowances_done[rows] += part
            left = left - part
        full = rows[(duties.done[rows] >= duties.obligation[rows]) & (duties.completed_on[rows] == 0)]
        duties.completed_on[full] = day.toordinal()

    def _give(
        self, moments: np.ndarray, entity: np.ndarray, column: int, part: np.ndarray, tags: np.ndarray
    ) -> None:
        some = part > 0
        self._ledger.move_many(
            moments[some], entity[some], self._retirement, column, part[some], "surrender", tags=tags[some]
        )
