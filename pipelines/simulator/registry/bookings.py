"""What the authority books: opening balances, allocations and what goes back, credits, deductions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.allocation import Allotment
from pipelines.simulator.ledger import NOBODY, Ledger
from pipelines.simulator.registry import clock
from pipelines.simulator.registry.sanctions import Sanction
from pipelines.simulator.timeline import Timeline

if TYPE_CHECKING:
    from pipelines.simulator.credits import CreditIssue
    from pipelines.simulator.world import World


class Bookings:
    """Books on the authority's account, each thing on its day.

    Attributes:
        awaited: allocations that are still to be booked, accounts by assets, t; negative where more was
            given than is due.
        deductions: those still to be booked: from which day (ordinal), account, t, tag.
    """

    def __init__(
        self,
        ledger: Ledger,
        world: World,
        timeline: Timeline,
        allotments: Sequence[Allotment],
        credits: Sequence[CreditIssue],
    ) -> None:
        """Take over decisions and credits; nothing is booked yet."""
        self._ledger = ledger
        self._government = world.official("government")
        self._opening_day = timeline.opening_day
        assets = timeline.assets
        self._vintages = np.array([asset.vintage if asset.is_allowance else 0 for asset in assets])
        self._credit = int(np.flatnonzero(self._vintages == 0)[0])
        self.awaited = np.zeros_like(ledger.holdings)
        self._owed_back = np.zeros_like(ledger.holdings)
        self._back_tags = np.zeros_like(self._owed_back)
        self._to_book: dict[date, list[Allotment]] = defaultdict(list)
        for allotment in allotments:
            self._to_book[allotment.booked_on].append(allotment)
            self.awaited[allotment.entity, self.column(allotment.year)] += allotment.booked
        self._issues: dict[date, list[CreditIssue]] = defaultdict(list)
        for issue in credits:
            self._issues[max(issue.day, timeline.opening_day)].append(issue)
        self.deductions: list[list[int]] = []

    def column(self, year: int) -> int:
        """Column of a vintage."""
        return int(np.flatnonzero(self._vintages == year)[0])

    def expected(self) -> np.ndarray:
        """What is still to come less what is still to go back, accounts by assets, t."""
        return self.awaited - self._owed_back

    def note(self, decided: Sequence[Sanction]) -> None:
        """Take over the deductions of these decisions."""
        self.deductions += [
            [one.deducted_from.toordinal(), one.account, one.deduction, one.tag]
            for one in decided
            if one.deduction > 0
        ]

    def open_record(self, day: date, opening: np.ndarray) -> None:
        """Issue what everybody holds when the record opens (accounts by assets, t)."""
        start = calendar.local(day, clock.DAYTIME)
        account, asset = np.nonzero(opening)
        moments = clock.spread(start, len(account), 6 * clock.HOUR)
        self._ledger.move_many(moments, NOBODY, account, asset, opening[account, asset], "issuance")

    def allocate(self, day: date) -> None:
        """Issue allowances to the government's account and hand them on; take back what was too much."""
        government = self._government
        decisions = [a for a in self._to_book.pop(day, []) if a.booked]
        for number, year in enumerate(sorted({a.year for a in decisions})):
            column = self.column(year)
            given = [a for a in decisions if a.year == year and a.booked > 0]
            moment = calendar.local(day, clock.BOOKING) + number * calendar.MICROSECONDS
            if given:
                quantities = np.array([a.booked for a in given])
                entities = np.array([a.entity for a in given])
                self._ledger.move(moment, NOBODY, government, column, int(quantities.sum()), "issuance")
                moments = clock.spread(moment + 30 * calendar.MICROSECONDS, len(given), 500.0)
                tags = np.array([a.tag for a in given])
                self._ledger.move_many(
                    moments, government, entities, column, quantities, "allocation", tags=tags
                )
            for allotment in decisions:
                if allotment.year == year:
                    self.awaited[allotment.entity, column] -= allotment.booked
                    if allotment.booked < 0:
                        self._owed_back[allotment.entity, column] -= allotment.booked
                        self._back_tags[allotment.entity, column] = allotment.tag
        self._take_back(day)

    def _take_back(self, day: date) -> None:
        """What was allocated too much goes back as soon as its holder has it."""
        back = np.minimum(self._owed_back, self._ledger.holdings)
        account, asset = np.nonzero(back)
        if not len(account):
            return
        quantities = back[account, asset]
        moments = clock.spread(calendar.local(day, clock.PAID_BACK), len(account), 200.0)
        tags = self._back_tags[account, asset]
        self._ledger.move_many(moments, account, self._government, asset, quantities, "allocation", tags=tags)
        self._owed_back[account, asset] -= quantities

    def issue_credits(self, day: date) -> None:
        """Book credits to the projects' owners; those of before the span when the record opens."""
        issues = self._issues.pop(day, [])
        moment = calendar.local(day, clock.CREDITS)
        if day == self._opening_day:
            moment = calendar.local(day, 15.5 * clock.HOUR)
        moments = clock.spread(moment, len(issues), 300.0)
        self._ledger.move_many(
            moments,
            NOBODY,
            np.array([issue.account for issue in issues]),
            self._credit,
            np.array([issue.quantity for issue in issues]),
            "issuance",
            tags=np.array([issue.tag for issue in issues]),
        )

    def deduct(self, day: date) -> None:
        """Take deductions from the newest usable vintages, as soon as they are held."""
        government = self._government
        moment = calendar.local(day, clock.DEDUCTION)
        newest = np.argsort(-self._vintages, kind="stable")
        for entry in self.deductions:
            if entry[0] > day.toordinal() or entry[2] == 0:
                continue
            for column in newest.tolist():
                part = min(entry[2], int(self._ledger.holdings[entry[1], column]))
                if 0 < self._vintages[column] < day.year and part > 0:
                    moment += calendar.MICROSECONDS
                    self._ledger.move(
                        moment, entry[1], government, column, part, "penalty_deduction", tag=entry[3]
                    )
                    entry[2] -= part
