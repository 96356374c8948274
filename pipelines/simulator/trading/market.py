"""The whole span: registry, auctions, blocks, sessions and settlement, day after day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator import calibration_trading as calibration
from pipelines.simulator.plan import Plan
from pipelines.simulator.registry import Registry
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.trading import kernel, lastcall
from pipelines.simulator.trading import tape as t
from pipelines.simulator.trading.agenda import END, Intents
from pipelines.simulator.trading.arranged import Arranged
from pipelines.simulator.trading.auctions import Auctions
from pipelines.simulator.trading.beliefs import Beliefs
from pipelines.simulator.trading.blocks import Block, BlockMarket
from pipelines.simulator.trading.compliance import Compliance, Wants
from pipelines.simulator.trading.course import Course
from pipelines.simulator.trading.figures import DayFigures, instruments, limits
from pipelines.simulator.trading.lastcall import Meeting
from pipelines.simulator.trading.situation import Floor, Morning
from pipelines.simulator.trading.traders import Traders
from pipelines.simulator.world import World

_FUNDS = 10**15  # cents; emitters' own business stands behind what they buy
_CAPITAL = 6.0  # of what a trader likes to hold, at the opening price
_MEMORY = calibration.TREND_MEMORY_SESSIONS * END
_MORNING = round(calendar.MORNING_OPEN * calendar.MICROSECONDS)
_AFTERNOON = round(calendar.AFTERNOON_OPEN * calendar.MICROSECONDS)
_HALF = END // 2


@dataclass
class _Day:
    """What one trading day has brought before its sessions: wishes and meetings in the book."""

    wants: list[Wants] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    urgency: float = 0.0
    events: int = 0
    trades: int = 0
    volume: int = 0


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
        self.course = Course(world.scale, timeline, covered)
        self.beliefs = Beliefs(timeline, plan.trading, len(accounts), streams)
        usual = float(np.mean([self.course.volume(year) for year in timeline.years]))
        self.traders = Traders(world, usual, streams.of("trading", "traders"))
        self.compliance = Compliance(world, streams.of("trading", "compliance"))
        self.blocks = BlockMarket(world, self.compliance, streams.of("trading", "blocks"))
        self.arranged = Arranged(plan.trading)
        self.auctions = Auctions(world, registry, timeline, plan.trading.bids)
        self.figures = DayFigures()
        self.tape = t.Tape(accounts.id, [asset.instrument_id for asset in self.assets])
        self.closes: dict[int, int] = {}
        self._opened = np.array([calendar.day_number(day) for day in accounts.opened_on])
        self._closed = np.array(
            [10**6 if day is None else calendar.day_number(day) for day in accounts.closed_on]
        )
        self._is_allowance = np.array([asset.is_allowance for asset in self.assets])
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
                self.tape.flush(month, self.sink)
                self.registry.flush(month, self.sink)
        self.sink.write("market_days", self.figures.table(self.assets))
        self.sink.write("instruments", instruments(self.assets))
        auctions, bids = self.auctions.tables()
        self.sink.write("auctions", auctions)
        self.sink.write("auction_bids", bids)

    def _trade(self, day: date, number: int, before: np.ndarray) -> None:
        rng = self.streams.of("trading", day.isoformat())
        values = self.beliefs.wake(day, rng)
        if self.course.place(day) == 0:
            self.compliance.begin_year(self.course.seasons[day.year], rng)
        now = self._morning(day, number, before, values)
        if self.course.place(day) == 0:
            self._set_block_threshold(now)
        weights = self.course.weights(day, self.assets)
        self.arranged.wake(now, rng)
        if self.auctions.is_held(day):
            self.auctions.hold(now, self.course.covered[day.year - 1], rng)
        today = self._agree(now, weights, rng)
        purse = now.purse.copy()
        for asset in now.traded:
            self._session(now, asset, float(weights[asset]), today, purse)
        trades = self.tape.close_day()
        for asset in now.traded:
            mine = trades[trades[:, t.T_ASSET] == asset]
            self.closes[asset] = self.figures.note(day, asset, now.closes[asset], mine)
            self._learn(now, asset, mine)
        self.course.note(day, today.events, today.trades, today.volume)
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
            room=np.minimum(before, held),
            limit=self.registry.position_limits(day),
            purse=self._cash.clip(0),
            away=away,
            keeps=keeps,
            traded=traded,
            main=main,
            closes=dict(self.closes),
            values=values,
        )

    def _set_block_threshold(self, now: Morning) -> None:
        """From which need on a block is taken: what smaller needs come to must fit into the book."""
        need = np.sort(-now.position[self.compliance.duty_bound & (now.position < 0)])
        most = (
            calibration.SMALL_NEEDS_SHARE * (1 - calibration.BLOCK_SHARE) * self.course.volume(now.day.year)
        )
        fits = int(np.searchsorted(np.cumsum(need), most))
        threshold = float(need[fits]) if fits < len(need) else calibration.BLOCK_FROM
        self.compliance.block_from = int(
            np.clip(threshold, 0.3 * calibration.BLOCK_FROM, calibration.BLOCK_FROM)
        )

    def _agree(self, now: Morning, weights: np.ndarray, rng: np.random.Generator) -> _Day:
        """What is agreed before the sessions: blocks, meetings, and what emitters want in the book."""
        spare = self.compliance.spare(now)
        place = self.course.place(now.day)
        allowances = [asset for asset in now.traded if self._is_allowance[asset]]
        alive = np.array([self.plan.trading.activity.get((now.day, a), 1.0) for a in range(len(self.assets))])
        done = self.arranged.blocks(now, self.blocks, spare, rng)
        buyers = self.compliance.buyers(now, place, rng)
        done += self.blocks.trade(
            now, buyers, spare, self.course.blocks(now.day), allowances, np.minimum(alive, 1.0), rng
        )
        for one in done:
            self._record(now.day, one)
        today = _Day()
        late = calibration.LAST_CALL_SESSIONS
        today.urgency = 0.25 + 0.6 * float(np.exp(-now.left / 12))
        supply = self.blocks.supply(now, spare)
        makers = self.traders.makers
        for asset in allowances:
            likes = self.traders.likes * weights[asset] * (rng.random() < alive[asset])
            today.meetings += lastcall.stocking(now, supply, asset, makers, likes, rng)
        who, wanted = buyers
        still = (now.position[who] < 0) & (rng.random(len(who)) < alive[now.main])
        who = who[still]
        if now.left <= late:
            today.meetings += lastcall.last_call(now, supply, allowances, who, rng)
            still_short = now.position[who] < 0
            who, wanted = who[still_short], -now.position[who[still_short]]
        else:
            wanted = np.minimum(wanted[still], -now.position[who])
            most = max(0.12 * self.course.listed(now.day), 2 * self.course.size(now.day))
            wanted = np.minimum(wanted, np.ceil(most * rng.lognormal(0, 0.6, len(who))))
        today.wants.append(
            self.compliance.choose_asset(now, who, wanted, kernel.BUY, weights * self._is_allowance, rng)
        )
        who, offered = self.compliance.sellers(now, place, spare)
        most = 0.10 * self.course.listed(now.day) * rng.lognormal(0, 0.6, len(who))
        offered = np.minimum(offered, np.ceil(most))
        sought = float(wanted.sum()) + calibration.OFFERED_SHARE * self.course.listed(now.day)
        offered = np.floor(offered * min(1.0, sought / max(float(offered.sum()), 1.0)))
        today.wants.append(
            self.compliance.choose_asset(now, who, offered, kernel.SELL, weights * self._is_allowance, rng)
        )
        for credit in np.flatnonzero(~self._is_allowance & (weights > 0)).tolist():
            budget = float(weights[credit]) * self.course.listed(now.day)
            today.wants += self.compliance.credit_wants(now, credit, budget, rng)
        return today

    def _session(self, now: Morning, asset: int, weight: float, today: _Day, purse: np.ndarray) -> None:
        rng = self.streams.of("trading", now.day.isoformat(), asset)
        floor = self._floor(now, asset, weight)
        into = Intents()
        held = self.registry.ledger.holdings
        crowding = self.traders.crowding(now.holdings.sum(axis=1))
        self.arranged.enter(now.day, asset, floor.size, rng, into)
        lastcall.enter(today.meetings, asset, rng, into)
        entered = self.compliance.act(floor, today.wants, today.urgency, rng, into)
        floor.takers = max(floor.takers - today.urgency * entered, 0.3 * floor.takers)
        self.traders.quote(floor, held[:, asset] / max(weight, 0.02), rng, into)
        self.traders.speculate(floor, self.beliefs.private - crowding, rng, into)
        room, reserve = self._wares(now, asset, today)
        close = now.closes[asset]
        events, trades, self.beliefs.average[asset] = kernel.run_session(
            *into.agenda(now.away), room, reserve, purse, limits(close, calibration.LISTED_LIMIT_PCT), close,
            float(self.beliefs.average[asset] or close), _MEMORY, END,
        )  # fmt: skip
        today.events += len(events)
        today.trades += len(trades)
        if self._is_allowance[asset]:
            today.volume += int(trades[:, 2].sum())
        for rows in (events, trades):
            rows[:, 0] = moments(now.day, rows[:, 0])
        self.tape.session(asset, events, trades)

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

    def _wares(self, now: Morning, asset: int, today: _Day) -> tuple[np.ndarray, np.ndarray]:
        """What each account may sell in the session, and the part of it that is kept for what is planned."""
        room = np.ascontiguousarray(now.room[:, asset])
        reserve = self.arranged.reserved(now.day, asset, len(room))
        for one in today.meetings:
            if one.asset == asset:
                room[one.seller] += one.quantity
                reserve[one.seller] += one.quantity
        if not self._is_allowance[asset]:
            own = self.registry.ledger.holdings[:, asset] - self.registry.credit_spare(now.day)
            reserve += own.clip(0)
        reserve[now.keeps] = room[now.keeps]
        return room, np.minimum(reserve, room)

    def _record(self, day: date, one: Block) -> None:
        first, second = (calendar.in_session(day, second) for second in (one.first, one.second))
        self.tape.block(
            one.asset, first, max(second, first + 1), one.price, one.quantity, (one.buyer, one.seller),
            one.seller_first, one.tag,
        )  # fmt: skip

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
