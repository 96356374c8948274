"""The whole span: registry, auctions, blocks, sessions and settlement, day after day."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calendar, law
from pipelines.simulator import calibration_trading as calibration
from pipelines.simulator.plan import Plan
from pipelines.simulator.registry import Registry
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.trading import kernel, lastcall
from pipelines.simulator.trading import records as t
from pipelines.simulator.trading.agenda import END, Intents
from pipelines.simulator.trading.agreements import Agreed, Agreements
from pipelines.simulator.trading.arranged import Arranged
from pipelines.simulator.trading.auctions import Auctions
from pipelines.simulator.trading.beliefs import Beliefs
from pipelines.simulator.trading.blocks import Block
from pipelines.simulator.trading.course import Course
from pipelines.simulator.trading.figures import DayFigures, instruments, limits
from pipelines.simulator.trading.situation import Floor, Morning
from pipelines.simulator.trading.traders import Traders
from pipelines.simulator.world import World

_FUNDS = 10**15  # cents; emitters' own business stands behind what they buy
_CAPITAL = 6.0  # of what a trader likes to hold, at the opening price
_MEMORY = calibration.TREND_MEMORY_SESSIONS * END
_MORNING = round(calendar.MORNING_OPEN * calendar.MICROSECONDS)
_AFTERNOON = round(calendar.AFTERNOON_OPEN * calendar.MICROSECONDS)
_HALF = END // 2


class Market:
    """Runs the market once over the span and writes what it publishes."""

    def __init__(
        self, world: World, timeline: Timeline, registry: Registry, plan: Plan, streams: Streams, sink: Sink
    ) -> None:
        """Draw everybody's lasting traits."""
        self.world, self.timeline, self.registry = world, timeline, registry
        self.plan, self.streams, self.sink = plan, streams, sink
        accounts = world.accounts
        self.assets = timeline.assets
        covered = {year: float(registry.duties[year].obligation.sum()) for year in timeline.compliance_years}
        self._is_allowance = np.array([asset.is_allowance for asset in self.assets])
        self.arranged = Arranged(plan.trading)
        planned = self.arranged.listed_volume(set(np.flatnonzero(self._is_allowance).tolist()))
        self.course = Course(world.scale, timeline, covered, planned, streams.of("trading", "moods"))
        self.beliefs = Beliefs(timeline, plan.trading, len(accounts), streams)
        usual = float(np.mean([self.course.volume(year) for year in timeline.years]))
        self.traders = Traders(world, usual, streams.of("trading", "traders"))
        self.agreements = Agreements(world, self.course, self.traders, self.arranged, plan.trading, streams)
        self.auctions = Auctions(world, registry, timeline, plan.trading.bids)
        self.figures = DayFigures()
        self.records = t.TradingRecords(accounts.id, [asset.instrument_id for asset in self.assets])
        self.closes: dict[int, int] = {}
        self._opened = np.array([calendar.day_number(day) for day in accounts.opened_on])
        self._closed = np.array(
            [10**6 if day is None else calendar.day_number(day) for day in accounts.closed_on]
        )
        price = calibration.OPENING_PRICE[timeline.years[0]] * 100
        self._capital = (_CAPITAL * self.traders.likes * price + 5_000_000).astype(np.int64)
        self._capital[accounts.with_role("entity", "owner", "consortium", "treasury", "broker")] = _FUNDS
        self._cash = self._capital.copy()

    def run(self) -> None:
        """Every day from the first booking to the day from which a run looks at the market."""
        span = self.timeline
        open_days = {day: number for number, day in enumerate(span.trading_days)}
        for day in calendar.days_between(span.opening_day, span.as_of):
            before = self.registry.ledger.holdings.copy()
            self.registry.open_day(day)
            if day in open_days:
                self._trade(day, open_days[day], before)
            self.registry.close_day(day)
            if (day + timedelta(days=1)).day == 1 or day == span.as_of:
                month = f"{day:%Y-%m}"
                self.records.flush(month, self.sink)
                self.registry.flush(month, self.sink)
        self.sink.write("market_days", self.figures.table(self.assets))
        self.sink.write("instruments", instruments(self.assets))
        auctions, bids = self.auctions.tables()
        self.sink.write("auctions", auctions)
        self.sink.write("auction_bids", bids)

    def _trade(self, day: date, number: int, before: np.ndarray) -> None:
        rng = self.streams.of("trading", day.isoformat())
        values = self.beliefs.wake(day, rng)
        now = self._morning(day, number, before, values)
        if self.course.place(day) == 0:
            self.agreements.begin_year(now, rng)
        weights = self.course.weights(day, self.assets)
        self.arranged.wake(now, rng)
        if self.auctions.is_held(day):
            self.auctions.hold(now, self.course.covered[day.year - 1], rng)
        today = self.agreements.agree(now, weights, rng)
        for one in today.blocks:
            self._record(day, one)
        brought = np.zeros(3, np.int64)
        for asset in now.traded:
            brought += self._session(now, asset, float(weights[asset]), today)
        trades = self.records.close_day()
        for asset in now.traded:
            mine = trades[trades[:, t.T_ASSET] == asset]
            self.closes[asset] = self.figures.note(day, asset, now.closes[asset], mine)
            self._learn(now, asset, mine)
        self.course.note(day, brought)
        self._settle(day, trades)

    def _morning(self, day: date, number: int, before: np.ndarray, values: np.ndarray) -> Morning:
        held = self.registry.ledger.holdings
        accounts = len(self._opened)
        today = calendar.day_number(day)
        traded = [
            n for n, a in enumerate(self.assets) if a.instrument_id and a.listed_from and a.listed_from <= day
        ]
        for asset in traded:
            self.closes.setdefault(asset, round(100 * float(np.exp(values[asset]))))
        away, keeps = np.zeros(accounts, dtype=bool), np.zeros(accounts, dtype=bool)
        away[sorted(self.plan.trading.quiet.get(day, ()))] = True
        away |= (self._opened > today) | (self._closed <= today)
        keeps[sorted(self.plan.trading.withheld.get(day, ()))] = True
        self._cash += ((self._capital - self._cash) * 0.05).astype(np.int64)
        newest = [asset for asset in traded if self._is_allowance[asset]]
        main = max(newest, key=lambda asset: self.course.weights(day, self.assets)[asset])
        return Morning(
            day=day,
            number=number,
            left=len(self.course.seasons[day.year]) - self.course.place(day),
            season=self.course.season(day),
            position=self.registry.positions(day).copy(),
            credit_need=self.registry.credit_need(day).copy(),
            holdings=held * self._is_allowance,
            sellable=np.minimum(before, held),
            limit=self.registry.position_limits(day),
            purse=self._cash.clip(0),
            away=away,
            keeps=keeps,
            traded=traded,
            main=main,
            closes=dict(self.closes),
            values=values,
        )

    def _session(self, now: Morning, asset: int, weight: float, today: Agreed) -> tuple[int, int, int]:
        """Run one session; its events and trades, and the tonnes that were not arranged."""
        rng = self.streams.of("trading", now.day.isoformat(), asset)
        floor = self._floor(now, asset, weight)
        into = Intents()
        held = self.registry.ledger.holdings
        crowding = self.traders.crowding(now.holdings.sum(axis=1))
        self.arranged.enter(now.day, asset, floor.size, rng, into)
        lastcall.enter(today.meetings, asset, rng, into)
        entered = self.agreements.compliance.act(floor, today.wants, today.urgency, rng, into)
        floor.takers = max(floor.takers - today.urgency * entered, 0.3 * floor.takers)
        self.traders.quote(floor, held[:, asset] / max(weight, 0.02), rng, into)
        self.traders.speculate(floor, self.beliefs.private - crowding, rng, into)
        sellable, reserve = self._wares(now, asset, today)
        close = now.closes[asset]
        events, trades, self.beliefs.average[asset] = kernel.run_session(
            *into.agenda(now.away),
            sellable,
            reserve,
            now.purse,
            limits(close, law.price_limit_pct("listed")),
            close,
            float(self.beliefs.average[asset] or close),
            _MEMORY,
            END,
        )
        for rows in (events, trades):
            rows[:, 0] = moments(now.day, rows[:, 0])
        self.records.session(asset, events, trades)
        volume = int(trades[:, 2].sum()) - self.arranged.met_in_book(now.day, asset)
        return len(events), len(trades), max(volume, 0) * int(self._is_allowance[asset])

    def _record(self, day: date, one: Block) -> None:
        first, second = (calendar.in_session(day, second) for second in (one.first, one.second))
        sides = one.buyer, one.seller
        self.records.block(
            one.asset,
            first,
            max(second, first + 1),
            one.price,
            one.quantity,
            sides,
            one.seller_first,
            one.tag,
        )

    def _floor(self, now: Morning, asset: int, weight: float) -> Floor:
        plan, day = self.plan.trading, now.day
        alive = plan.activity.get((day, asset), 1.0)
        takers = self.course.takers(day) * weight * alive
        close = now.closes[asset]
        return Floor(
            day=day,
            asset=asset,
            close=close,
            value=float(now.values[asset]),
            mood=self.beliefs.mood(day, asset),
            doubt=self.beliefs.doubt(day, asset),
            chartists=self.beliefs.chartists(day, asset, close),
            orders=max(self.course.orders(day) * weight * alive - takers, 0.0),
            takers=takers,
            size=self.course.size(day),
            unrest=plan.unrest.get((day, asset), 1.0),
            liveliness=min(alive, 1.0),
        )

    def _wares(self, now: Morning, asset: int, today: Agreed) -> tuple[np.ndarray, np.ndarray]:
        """What each account may sell in the session, and the part of it that is kept for what is planned."""
        sellable = np.ascontiguousarray(now.sellable[:, asset])
        reserve = self.arranged.reserved(now.day, asset, len(sellable))
        for one in today.meetings:
            if one.asset == asset:
                sellable[one.seller] += one.quantity
                reserve[one.seller] += one.quantity
        if not self._is_allowance[asset]:
            own = self.registry.ledger.holdings[:, asset] - self.registry.credit_spare(now.day)
            reserve += own.clip(0)
        reserve[now.keeps] = sellable[now.keeps]
        return sellable, np.minimum(reserve, sellable)

    def _learn(self, now: Morning, asset: int, trades: np.ndarray) -> None:
        listed = trades[trades[:, t.T_MODE] == t.LISTED]
        volume = listed[:, t.T_QUANTITY]
        signed = volume[listed[:, t.T_AGGRESSOR] == kernel.BUY].sum()
        one_sided = 2 * float(signed) / float(volume.sum()) - 1 if len(volume) else 0.0
        change = float(np.log(self.closes[asset] / now.closes[asset]))
        self.beliefs.learn(asset, change, one_sided, asset == now.main)

    def _settle(self, day: date, trades: np.ndarray) -> None:
        value = trades[:, t.T_PRICE] * trades[:, t.T_QUANTITY]
        np.add.at(self._cash, trades[:, t.T_SELLER], value)
        np.subtract.at(self._cash, trades[:, t.T_BUYER], value)
        names = {
            "moment": t.T_MOMENT, "seller": t.T_SELLER, "buyer": t.T_BUYER, "asset": t.T_ASSET,
            "quantity": t.T_QUANTITY, "number": t.T_NUMBER, "tag": t.T_TAG, "price": t.T_PRICE,
        }  # fmt: skip
        self.registry.settle(day, {name: trades[:, column] for name, column in names.items()})


def moments(day: date, clock: np.ndarray) -> np.ndarray:
    """UTC microseconds of moments of the session (microseconds), the noon break left out."""
    start = calendar.local(day, 0.0)
    return start + np.where(clock < _HALF, _MORNING + clock, _AFTERNOON + clock - _HALF)
