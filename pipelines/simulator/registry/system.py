"""The registration system at work, day after day: what is booked when, and who is long or short."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipelines.simulator import calendar, law
from pipelines.simulator import calibration_registry as calibration
from pipelines.simulator.allocation import allotments, covered
from pipelines.simulator.ledger import NOBODY, Ledger
from pipelines.simulator.plan import Plan
from pipelines.simulator.registry import clock, published
from pipelines.simulator.registry.bookings import Bookings
from pipelines.simulator.registry.duties import Duties, duties_of, last_days, plan_credits
from pipelines.simulator.registry.faults import FaultBook
from pipelines.simulator.registry.groups import Groups
from pipelines.simulator.registry.opening import opening_holdings
from pipelines.simulator.registry.pledges import Pledges
from pipelines.simulator.registry.sanctions import Sanction, after_deadline, sanctions
from pipelines.simulator.registry.surrender import Surrender
from pipelines.simulator.registry.voluntary import Cancellations, CarryOver
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.timeline import Timeline

if TYPE_CHECKING:
    from pipelines.simulator.credits import CreditIssue
    from pipelines.simulator.emitters.reports import Reports
    from pipelines.simulator.world import World


_ENDOWED = 0.5  # of those that surrender credits


class _Errand(NamedTuple):
    """A transfer that is no trade, to be booked in order of time; less of it where less is held."""

    second: float
    giver: int
    taker: int
    asset: int
    quantity: int
    kind: str
    tag: int


class Registry:
    """Books everything but orders, and knows who is long and who is short.

    A day is `open_day`, trading, `settle`, `close_day`, in that order; a month ends with `flush`. What is
    planned for the daytime is booked before trading, what is planned for the evening after the surrender.

    Consortia of small emitters owe nothing. They take part voluntarily: they buy credits for their
    members and cancel them at the year's end, and trade a small stock of allowances in the meantime.

    Attributes:
        ledger: holdings, accounts by assets, t.
        allotments: every decision on allocation of the span.
        duties: what is owed, by compliance year.
        sanctions: penalties that the registry knows of, decided within or before the span.
        rescued: t that the reserve lent to those that the market left short on the last day, by year.
        prices: CNY/t, average price of the month before each deadline, by compliance year (the market's own
            where `settle` receives prices).
    """

    def __init__(
        self,
        world: World,
        timeline: Timeline,
        reports: Reports,
        credits: Sequence[CreditIssue],
        plan: Plan,
        streams: Streams,
    ) -> None:
        """Take over decisions, verified emissions and credits; nothing is booked yet."""
        self.world, self.timeline = world, timeline
        self._reports, self._plan, self._streams = reports, plan, streams
        count, assets = len(world.accounts), timeline.assets
        self.ledger = Ledger.empty(count, len(assets))
        self._vintages = np.array([asset.vintage if asset.is_allowance else 0 for asset in assets])
        self._credit = int(np.flatnonzero(self._vintages == 0)[0])
        self.allotments = allotments(world, timeline, reports, plan, streams)
        emitted = reports.true_emissions(timeline.compliance_years[0])
        self.sanctions: list[Sanction] = sanctions(world, timeline, emitted, plan, streams)
        self._bookings = Bookings(self.ledger, world, timeline, self.allotments, credits)
        self._bookings.note(self.sanctions)
        issued = sum(issue.quantity for issue in credits)
        self._opening = opening_holdings(world, timeline, emitted, self._long(), issued, plan, streams)
        self.groups = Groups(world, timeline, streams)
        self._silent = {
            year: np.flatnonzero(covered(world, plan, year) & np.isnan(reports.verified(year)))
            for year in timeline.compliance_years
        }
        self.duties = self._all_duties(credits)
        self._pledges = Pledges(plan, count, len(assets))
        self._surrender = Surrender(self.ledger, self._vintages, self._credit, world, self._pledges)
        self._cancellations = Cancellations(world, timeline, emitted, streams)
        self._carry_over = CarryOver(world, timeline, plan.registry, streams)
        self._movements: dict[date, list[_Errand]] = defaultdict(list)
        for one in sorted(plan.registry.movements, key=lambda m: (m.day, m.second)):
            self._movements[one.day].append(
                _Errand(
                    clock.planned_second(one.second),
                    one.giver,
                    one.taker,
                    one.asset,
                    one.quantity,
                    one.kind,
                    one.tag,
                )
            )
        self._faults = FaultBook(
            sorted(plan.registry.faults, key=lambda fault: fault.day), world.key_emitters, timeline.last_day
        )
        self._limits = self._holding_limits()
        self._published = 0
        self._worth: dict[int, list[int]] = defaultdict(lambda: [0, 0])

    @property
    def rescued(self) -> dict[int, int]:
        """What the reserve lent on the last day, t by compliance year."""
        return self._surrender.rescued

    @property
    def prices(self) -> dict[int, float]:
        """Average price (CNY/t) of the month before the surrender deadline, by compliance year."""
        own = {year: value / volume / 100 for year, (volume, value) in self._worth.items() if volume}
        return {**calibration.MONTH_BEFORE_DEADLINE, **own}

    def open_day(self, day: date) -> None:
        """Book what comes before trading: balances, allocations, credits, deductions, daytime transfers."""
        if day == self.timeline.opening_day:
            self._bookings.open_record(day, self._opening)
        self._pledges.open_day(day)
        errands = self._movements.get(day, [])
        self._run(day, [one for one in errands if one.second < clock.BOOKING])
        self._bookings.allocate(day)
        self._bookings.issue_credits(day)
        self._bookings.deduct(day)
        routine = [*self._handed(day), *self._cancelled(day)]
        daytime = [one for one in errands if clock.BOOKING <= one.second < clock.SETTLEMENT]
        self._run(day, sorted([*daytime, *routine], key=lambda one: one.second))

    def positions(self, day: date) -> np.ndarray:
        """What every account holds or awaits of usable allowances less what it still means to surrender, t.

        Negative: it must buy. Credits count as far as the holder means to surrender them. Shortages of
        members whose treasury buys for them are with the treasury. Without a verified report it is 0.
        """
        return self.groups.pooled(self._own_positions(day))

    def credit_need(self, day: date) -> np.ndarray:
        """Credits that an account still wants to surrender or to cancel and does not hold, t."""
        need = self._cancellations.wanted(day)
        for duties in self._active(day):
            need[duties.entity] += duties.wanted_credits()
        return np.maximum(need - self.ledger.holdings[:, self._credit], 0)

    def credit_spare(self, day: date) -> np.ndarray:
        """Credits that an account holds beyond what it wants to surrender or to cancel itself, t."""
        kept = self._cancellations.wanted(day)
        for duties in self._active(day):
            kept[duties.entity] += duties.wanted_credits()
        return np.maximum(self.ledger.holdings[:, self._credit] - kept, 0)

    def covered(self, year: int) -> int:
        """What all entities owe for a compliance year, t."""
        return int(self.duties[year].obligation.sum())

    def position_limits(self, day: date) -> np.ndarray:
        """The most allowances that an account should hold on a day by the default policy, t [B-20]."""
        limits = np.full(len(self.world.accounts), law.holding_limit(), dtype=np.int64)
        for decided_on, entity, quantity in self._limits:
            if decided_on > day:
                break
            limits[entity] = law.holding_limit() + quantity
        return limits

    def release_for_auction(self, day: date, asset: int, quantity: int) -> None:
        """Issue allowances into the reserve and release them to the auction account, before it delivers."""
        reserve, auction = self.world.official("reserve"), self.world.official("auction")
        moment = calendar.local(day, clock.DAYTIME)
        self.ledger.move(moment, NOBODY, reserve, asset, quantity, "issuance")
        self.ledger.move(
            moment + 60 * calendar.MICROSECONDS, reserve, auction, asset, quantity, "reserve_release"
        )

    def settle(self, day: date, trades: Mapping[str, np.ndarray]) -> None:
        """Book a day's trades after the close.

        Args:
            day: the day.
            trades: arrays `moment`, `seller`, `buyer`, `asset`, `quantity`, `number`, `tag` in order of time,
                and `price` in cents if known.

        Raises:
            ValueError: somebody sold more than it holds.
        """
        count = len(trades["moment"])
        if not count:
            return
        moments = clock.spread(calendar.local(day, clock.SETTLEMENT), count, clock.SETTLEMENT_SECONDS)
        allowances = self._vintages[trades["asset"]] > 0
        self._carry_over.note(trades, allowances)
        if "price" in trades and day.month == 12:
            volume = trades["quantity"][allowances]
            self._worth[day.year - 1][0] += int(volume.sum())
            self._worth[day.year - 1][1] += int((volume * trades["price"][allowances]).sum())
        self.ledger.move_many(
            moments,
            trades["seller"],
            trades["buyer"],
            trades["asset"],
            trades["quantity"],
            "trade_settlement",
            trades["number"],
            trades["tag"],
        )
        if self._faults.waiting:
            givers = {one.giver for one in self._movements.get(day, []) if one.second >= clock.EVENING}
            for duties in self.duties.values():
                givers |= {int(duties.entity[row]) for row, _, _ in duties.portions_on(day)}
            self._faults.at_settlement(day, trades, moments, self.ledger.holdings, givers)

    def close_day(self, day: date) -> None:
        """Book what comes after trading: surrender, transfers of the evening, carry-over."""
        last = [duties for duties in self.duties.values() if duties.due == day]
        if last:
            handings = self.groups.last_handings(self._own_positions(day), self._usable(day))
            for number, handing in enumerate(handings):
                moment = calendar.local(day, clock.TAKEN_BACK + 10 + number % 100)
                self._hand(moment, handing.giver, handing.taker, handing.quantity, day)
        rng = self._streams.of("registry", "surrender", day.isoformat())
        for duties in self.duties.values():
            self._surrender.close(day, duties, rng)
            if duties.due == day:
                self._punish(duties)
        errands = self._movements.get(day, [])
        self._run(day, [one for one in errands if one.second >= clock.EVENING])
        self._carry_over.close(day, self.ledger, self._vintages, self.duties)
        if self._faults.waiting:
            odd = self._streams.of("registry", "faults", day.isoformat())
            self._faults.at_close(day, self.ledger.holdings, np.flatnonzero(self._vintages > 0), odd)

    def flush(self, month: str, sink: Sink) -> None:
        """Write the movements of a month (`2025-03`) and forget them."""
        affected = self._faults.affected_trades()
        rows = self._faults.applied(self.ledger.drain())
        sink.write("transfers", published.transfers(self.world, self.timeline, rows, self._published), month)
        self._published += len(rows["moment"])
        if affected.height:
            ids = published.trade_ids(affected["number"].to_numpy()).alias("trade_id")
            sink.remember("trades", affected.drop("number").with_columns(ids))

    def publish(self, sink: Sink) -> None:
        """Write `allocations` and `compliance` as they stand at the end."""
        sink.write("allocations", published.allocations(self.world, self.allotments))
        table = published.compliance(self.world, self._reports, self._plan, list(self.duties.values()))
        sink.write("compliance", table)

    def _long(self) -> np.ndarray:
        """Which entities are allocated at least what they owe in the first compliance year."""
        year = self.timeline.compliance_years[0]
        owed = np.nan_to_num(self._reports.verified(year))
        given = self._bookings.awaited[:, self._bookings.column(year)]
        mask = np.zeros(len(self.world.entities), dtype=bool)
        emitters = self.world.key_emitters
        mask[:emitters] = given[:emitters] >= owed[:emitters]
        return mask

    def _all_duties(self, credits: Sequence[CreditIssue]) -> dict[int, Duties]:
        rng = self._streams.of("registry", "duties")
        out: dict[int, Duties] = {}
        used = 0
        for year in self.timeline.compliance_years:
            duties = duties_of(
                year,
                self._reports.verified(year),
                covered(self.world, self._plan, year),
                self._plan.registry,
                rng,
            )
            by_then = date(year + 1, 11, 15)
            supply = sum(issue.quantity for issue in credits if issue.day <= by_then)
            supply += int(self._opening[:, self._credit].sum()) - used
            given = self._bookings.awaited[duties.entity, self._bookings.column(year)]
            plan_credits(duties, max(supply, 0), given < duties.obligation, self._plan.registry, rng)
            used += int(duties.credits.sum())
            self._endow(duties, rng)
            out[year] = duties
        return out

    def _endow(self, duties: Duties, rng: np.random.Generator) -> None:
        """Credits bought before the span: all of an arranged number, a part of what many others want."""
        share = np.where(
            rng.random(len(duties.entity)) < _ENDOWED, rng.uniform(0.3, 1.0, len(duties.entity)), 0.0
        )
        for row in np.flatnonzero(duties.credits).tolist():
            entity = int(duties.entity[row])
            part = 1.0 if (entity, duties.year) in self._plan.registry.offset_share else share[row]
            if self.world.accounts.opened_on[entity] > self.timeline.opening_day:
                continue
            self._opening[entity, self._credit] += int(duties.credits[row] * part)

    def _holding_limits(self) -> list[tuple[date, int, int]]:
        by_day = sorted(self.allotments, key=lambda a: a.decided_on)
        return [(a.decided_on, a.entity, a.quantity) for a in by_day if a.stage != "adjustment"]

    def _active(self, day: date) -> list[Duties]:
        """Years whose surrender is due this year, or was and is not complete."""
        return [duties for year, duties in self.duties.items() if day.year > year]

    def _usable(self, day: date) -> np.ndarray:
        columns = (self._vintages > 0) & (self._vintages < max(day.year, self.timeline.years[0]))
        return self.ledger.holdings[:, columns].sum(axis=1)

    def _own_positions(self, day: date) -> np.ndarray:
        columns = (self._vintages > 0) & (self._vintages < max(day.year, self.timeline.years[0]))
        free = self.ledger.holdings + self._bookings.expected() - self._pledges.kept()
        own = free[:, columns].sum(axis=1)
        credits = self.ledger.holdings[:, self._credit].copy()
        for duties in self._active(day):
            wanted = duties.wanted_credits()
            if day > last_days(duties.due):
                wanted = np.minimum(wanted, credits[duties.entity])
            own[duties.entity] -= duties.owed(day) - wanted
        for _, account, quantity, _ in self._bookings.deductions:
            own[account] -= quantity
        for entity, quantity in self._carry_over.arranged().items():
            own[entity] -= quantity
        years = self.timeline.compliance_years
        own[self._silent[min(max(day.year - 1, years[0]), years[-1])]] = 0
        return own

    def _punish(self, duties: Duties) -> None:
        rng = self._streams.of("registry", "punished", duties.year)
        decided = after_deadline(duties, self.prices[duties.year], self.timeline, rng)
        self.sanctions += decided
        self._bookings.note(decided)

    def _handed(self, day: date) -> list[_Errand]:
        if day <= self.timeline.opening_day or day > self.timeline.last_day:
            return []
        out: list[_Errand] = []
        for one in self.groups.handings(day, self._own_positions(day), self._usable(day)):
            out += self._by_vintage(one.second, one.giver, one.taker, one.quantity, day)
        return out

    def _cancelled(self, day: date) -> list[_Errand]:
        """Credits of consortia; allowances of whatever vintage their holder has most of."""
        out: list[_Errand] = []
        for one in self._cancellations.on(day, self.ledger.holdings[:, self._credit]):
            held = np.where(self._vintages > 0, self.ledger.holdings[one.account], -1)
            asset = self._credit if one.is_credit else int(np.argmax(held))
            out.append(_Errand(one.second, one.account, NOBODY, asset, one.quantity, "cancellation", 0))
        return out

    def _by_vintage(self, second: float, giver: int, taker: int, quantity: int, day: date) -> list[_Errand]:
        """A transfer of allowances whatever their vintage, oldest first, as errands a few seconds apart."""
        out: list[_Errand] = []
        free = self.ledger.holdings[giver] - self._pledges.kept()[giver]
        for number, column in enumerate(np.argsort(self._vintages, kind="stable").tolist()):
            if not 0 < self._vintages[column] < day.year:
                continue
            part = min(quantity, int(free[column]))
            if part > 0:
                out.append(_Errand(second + number, giver, taker, column, part, "internal", 0))
                quantity -= part
        return out

    def _hand(self, moment: int, giver: int, taker: int, quantity: int, day: date) -> None:
        for one in self._by_vintage(0.0, giver, taker, quantity, day):
            self.ledger.move(moment, giver, taker, one.asset, one.quantity, "internal")

    def _run(self, day: date, errands: list[_Errand]) -> None:
        """Carry out errands in order of time; what is not held is left out."""
        for one in errands:
            held = int(self.ledger.holdings[one.giver, one.asset]) if one.giver >= 0 else one.quantity
            quantity = min(one.quantity, held)
            if quantity > 0:
                self.ledger.move(
                    calendar.local(day, one.second),
                    one.giver,
                    one.taker,
                    one.asset,
                    quantity,
                    one.kind,
                    tag=one.tag,
                )
