"""The whole span: registry bookings, trading and settlement, day after day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np

from pipelines.simulator import calendar, calibration
from pipelines.simulator.plan import Deal, Plan
from pipelines.simulator.registry import SETTLEMENT, VINTAGES, Registry
from pipelines.simulator.seeds import Streams
from pipelines.simulator.trading.agents import Agents, Situation
from pipelines.simulator.trading.arranged import Broker
from pipelines.simulator.trading.session import Session, Tape, Terms
from pipelines.simulator.trading.value import values
from pipelines.simulator.world import World

LISTED_FROM = {2023: date(2024, 7, 1), 2024: date(2025, 4, 21)}
_FIRST_DAY = date(2024, 6, 20)
_NEW_VINTAGE_SHARE = 0.7


@dataclass(frozen=True)
class DayFigures:
    """The exchange's figures of one day and instrument; money in cents."""

    day: date
    vintage: int
    previous_close: int
    limit_down: int
    limit_up: int
    open: int
    high: int
    low: int
    close: int
    listed_volume: int
    listed_value: int
    block_volume: int
    block_value: int


@dataclass
class Market:
    """Runs the market once; afterwards `tape`, `days` and the registry's ledger hold what happened."""

    world: World
    registry: Registry
    plan: Plan
    streams: Streams
    tape: Tape = field(default_factory=Tape)
    days: list[DayFigures] = field(default_factory=list)

    def run(self) -> None:
        """Every day from the first booking to the last trading day."""
        agents = Agents(self.world, self.streams.of("trading", "agents"))
        broker = Broker(self.world, agents, self.streams.of("trading", "broker"))
        open_days = calendar.trading_days()
        worth = values(open_days, self.plan.shocks, self.streams)
        place = {day: number for number, day in enumerate(open_days)}
        closes: dict[int, int] = {}
        ages = dict.fromkeys(VINTAGES, 0)
        for day in calendar.days_between(_FIRST_DAY, calendar.LAST_TRADING_DAY):
            self.registry.open_day(day)
            opening = self.registry.ledger.holdings.copy()
            self._carry_out_movements(day)
            room = np.minimum(opening, self.registry.ledger.holdings)
            if day in place:
                first_trade = len(self.tape.trades)
                for column, vintage in enumerate(VINTAGES):
                    if day >= LISTED_FROM[vintage]:
                        value = float(worth[place[day], column])
                        terms = Terms(day, vintage, value, closes.get(vintage, round(value * 100)))
                        self._trade(terms, ages[vintage], room[:, column], agents, broker)
                        closes[vintage] = self.days[-1].close
                        ages[vintage] += 1
                self._settle(day, first_trade)
            self.registry.close_day(day)

    def _trade(self, terms: Terms, age: int, room: np.ndarray, agents: Agents, broker: Broker) -> None:
        rng = self.streams.of("trading", terms.day.isoformat(), terms.vintage)
        deals = [deal for deal in self.plan.deals.get(terms.day, []) if deal.vintage == terms.vintage]
        free = _unreserved(room, deals)
        quiet = np.zeros(len(room), dtype=bool)
        quiet[sorted(self.plan.quiet.get(terms.day, set()))] = True
        position = self.registry.position(terms.day)
        weight = self._weight(terms)
        found = broker.deals(terms.day, terms.vintage, age, position, free, quiet, rng)
        left = _unreserved(free, found)
        intents = agents.intents(Situation(terms, position, left, quiet, weight), rng)
        started = len(self.tape.trades)
        Session(terms, room, self.tape, rng).run(intents, [*deals, *found])
        self.days.append(_figures(terms, self.tape.trades[started:]))

    def _weight(self, terms: Terms) -> float:
        """Share of the activity that goes to this vintage while several are listed."""
        if terms.day < LISTED_FROM[VINTAGES[-1]]:
            return 1.0
        return _NEW_VINTAGE_SHARE if terms.vintage == VINTAGES[-1] else 1 - _NEW_VINTAGE_SHARE

    def _settle(self, day: date, first_trade: int) -> None:
        moment = calendar.local(day, SETTLEMENT)
        numbers = range(first_trade, len(self.tape.trades))
        for place, number in enumerate(sorted(numbers, key=lambda n: (self.tape.trades[n][0], n))):
            _, vintage, _, _, quantity, buyer, seller, _, _, _, tag = self.tape.trades[number]
            self.registry.ledger.move(
                moment + place * 10_000, seller, buyer, vintage, quantity, "trade_settlement", number, tag
            )

    def _carry_out_movements(self, day: date) -> None:
        for movement in sorted(self.plan.movements.get(day, []), key=lambda m: m.second):
            held = int(self.registry.ledger.holdings[movement.giver, VINTAGES.index(movement.vintage)])
            quantity = min(movement.quantity, held)
            if quantity > 0:
                self.registry.ledger.move(
                    calendar.local(day, movement.second),
                    movement.giver,
                    movement.taker,
                    movement.vintage,
                    quantity,
                    movement.kind,
                    tag=movement.tag,
                )


def _unreserved(room: np.ndarray, deals: list[Deal]) -> np.ndarray:
    left = room.copy()
    for deal in deals:
        left[deal.seller] -= deal.quantity
    return left.clip(0, None)


def _figures(terms: Terms, trades: list) -> DayFigures:
    """Rule B-05: the close is the listed trades' average price, carried where there is none."""
    low_limit, high_limit = terms.limits(calibration.LISTED_LIMIT_PCT)
    listed = sorted((row for row in trades if row[2] == "listed"), key=lambda row: row[0])
    block = [row for row in trades if row[2] == "block"]
    volume, value = sum(row[4] for row in listed), sum(row[3] * row[4] for row in listed)
    prices = [row[3] for row in listed] or [terms.previous_close]
    return DayFigures(
        day=terms.day,
        vintage=terms.vintage,
        previous_close=terms.previous_close,
        limit_down=low_limit,
        limit_up=high_limit,
        open=prices[0],
        high=max(prices),
        low=min(prices),
        close=(2 * value + volume) // (2 * volume) if volume else terms.previous_close,
        listed_volume=volume,
        listed_value=value,
        block_volume=sum(row[4] for row in block),
        block_value=sum(row[3] * row[4] for row in block),
    )
