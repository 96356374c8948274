"""The compiled matching against a slow plain one, and the rules of the book one by one."""

import math

import numpy as np
import pytest

from pipelines.simulator.trading import kernel as k

END = 14_400_000_000
CLOSE = 10_000
LIMITS = (9_000, 11_000)
MEMORY = 2.0e10


class _Order:
    def __init__(self, number, account, side, price, quantity, tag, planned):
        self.number, self.account, self.side, self.price = number, account, side, price
        self.open, self.tag, self.planned, self.rank = quantity, tag, planned, 0


class Plain:
    """The rules of `run_session` over lists of objects, nothing kept that can be searched for."""

    def __init__(self, wishes, opinions, sellable, reserve, purse):
        self.wishes, self.opinions = wishes.tolist(), opinions.tolist()
        self.sellable, self.reserve, self.purse = sellable.tolist(), reserve.tolist(), purse.tolist()
        self.orders, self.events, self.trades = [], [], []
        self.last, self.now, self.arrivals = CLOSE, 0, 0
        self.average, self.last_at = float(CLOSE), 0
        self.placed = [None] * len(wishes)
        self.left = [wish[k.QUANTITY] for wish in self.wishes]

    def resting(self, side):
        found = [one for one in self.orders if one.side == side and one.open > 0 and one.rank > 0]
        return sorted(found, key=lambda one: (-one.price if side == k.BUY else one.price, one.rank))

    def best(self, side):
        queue = self.resting(side)
        return queue[0].price if queue else None

    def middle(self):
        bid, ask = self.best(k.BUY), self.best(k.SELL)
        return float(self.last) if bid is None or ask is None else 0.5 * (bid + ask)

    def imbalance(self):
        sums = []
        for side in (k.BUY, k.SELL):
            prices = list(dict.fromkeys(one.price for one in self.resting(side)))[: k.VISIBLE_LEVELS]
            sums.append(sum(one.open for one in self.resting(side) if one.price in prices))
        return (sums[0] - sums[1]) / sum(sums) if sum(sums) else 0.0

    def record(self, order, event):
        self.now += 1
        self.events.append(
            (self.now, order.number, event, order.account, order.side, order.price, order.open, order.tag)
        )

    def give_back(self, order, quantity):
        if order.side == k.SELL:
            self.sellable[order.account] += quantity
            self.reserve[order.account] += quantity if order.planned else 0
        else:
            self.purse[order.account] += quantity * order.price

    def close_out(self, order, event):
        self.give_back(order, order.open)
        order.open = 0
        self.record(order, event)

    def follow(self):
        self.average += (1.0 - math.exp(-(self.now - self.last_at) / MEMORY)) * (self.last - self.average)
        self.last_at = self.now

    def work(self, order):
        order.rank = 0
        while order.open > 0:
            against = self.resting(1 - order.side)
            if not against:
                break
            other = against[0]
            if (order.price < other.price) if order.side == k.BUY else (order.price > other.price):
                break
            if other.account == order.account:
                self.close_out(other, k.CANCELLED)
                continue
            quantity = min(order.open, other.open)
            self.now += 1
            self.follow()
            self.last = other.price
            order.open -= quantity
            other.open -= quantity
            buy, sell = (order, other) if order.side == k.BUY else (other, order)
            if buy is order:
                self.purse[buy.account] += quantity * (order.price - other.price)
            self.trades.append(
                (self.now, other.price, quantity, buy.account, sell.account, buy.number, sell.number,
                 order.side, order.tag or other.tag)
            )  # fmt: skip
        if order.open > 0:
            self.arrivals += 1
            order.rank = self.arrivals

    def enter(self, account, side, price, wanted, tag, planned):
        price = min(max(price, LIMITS[0]), LIMITS[1])
        if side == k.SELL:
            free = self.sellable[account] - (0 if planned else self.reserve[account])
        else:
            free = self.purse[account] // price
        quantity = min(wanted, k.LISTED_BELOW - 1, free)
        if quantity <= 0:
            return None
        if side == k.SELL:
            self.sellable[account] -= quantity
            if planned:
                self.reserve[account] = max(self.reserve[account] - quantity, 0)
        else:
            self.purse[account] -= quantity * price
        order = _Order(len(self.orders), account, side, price, quantity, tag, planned)
        self.orders.append(order)
        self.record(order, k.NEW)
        self.work(order)
        return order

    def withdraw(self, order):
        if order is not None and order.open > 0:
            self.close_out(order, k.CANCELLED)

    def amend(self, order, ticks):
        if order.open == 0:
            return
        if ticks == 0:
            less = order.open // 2
            if less:
                self.give_back(order, less)
                order.open -= less
                self.record(order, k.AMENDED)
            return
        price = order.price + (ticks if order.side == k.BUY else -ticks)
        price = min(max(price, LIMITS[0]), LIMITS[1])
        cost = (price - order.price) * order.open if order.side == k.BUY else 0
        if price == order.price or cost > self.purse[order.account]:
            return
        self.purse[order.account] -= cost
        order.price = price
        self.record(order, k.AMENDED)
        self.work(order)

    def priced(self, row):  # noqa: C901 - one branch a rule
        wish, opinion = self.wishes[row], self.opinions[row]
        side, rule, ticks = wish[k.SIDE], wish[k.RULE], wish[k.TICKS]
        bid, ask = self.best(k.BUY), self.best(k.SELL)
        if rule == k.FIXED:
            return side, ticks
        if rule == k.QUOTE:
            fair = opinion[k.BELIEF]
            if bid is not None and ask is not None:
                fair = self.middle() + opinion[k.CONVICTION] * (opinion[k.BELIEF] - self.middle())
            fair += opinion[k.TREND] * self.imbalance() + opinion[k.NOISE]
            if side == k.BUY:
                return side, min(math.floor(fair - ticks + 0.5), (ask or LIMITS[1] + 1) - 1)
            return side, max(math.floor(fair + ticks + 0.5), (bid or LIMITS[0] - 1) + 1)
        if rule == k.OPINION:
            price = self.middle()
            outlook = opinion[k.CONVICTION] * math.log(opinion[k.BELIEF] / price) + opinion[k.NOISE]
            outlook += opinion[k.TREND] * math.log(price / self.average)
            worth = math.floor(price * math.exp(outlook) + 0.5)
            if side == k.EITHER:
                side = k.BUY if outlook > 0 else k.SELL
            if side == k.BUY:
                if wish[k.IMPATIENT] and ask is not None and ask <= worth:
                    return side, min(worth, ask + ticks)
                base = bid if bid is not None else math.floor(price)
                return side, min(base - ticks, worth, (ask or LIMITS[1] + 1) - 1)
            if wish[k.IMPATIENT] and bid is not None and bid >= worth:
                return side, max(worth, bid - ticks)
            base = ask if ask is not None else math.ceil(price)
            return side, max(base + ticks, worth, (bid or LIMITS[0] - 1) + 1)
        base = CLOSE if rule == k.LAST_CLOSE else self.last
        if rule in (k.OWN_BEST, k.OTHER_BEST):
            found = bid if (side == k.BUY) == (rule == k.OWN_BEST) else ask
            base = self.last if found is None else found
        return side, base + ticks if side == k.BUY else base - ticks

    def inside(self, poster, noise):
        bid, ask = self.best(k.BUY), self.best(k.SELL)
        floor = LIMITS[0] if bid is None else bid + 1
        ceiling = LIMITS[1] if ask is None else ask - 1
        if floor > ceiling:
            if poster == k.SELL:
                return LIMITS[1] + 1 if ask is None else ask
            return LIMITS[0] - 1 if bid is None else bid
        return min(max(math.floor(self.middle() * math.exp(noise) + 0.5), floor), ceiling)

    def run(self, clock, action, intent):  # noqa: C901 - one branch an action
        for time, what, row in zip(clock.tolist(), action.tolist(), intent.tolist(), strict=True):
            wish = self.wishes[row]
            self.now = max(time - 1, self.now)
            if what == k.ENTER:
                side, price = self.priced(row)
                self.placed[row] = self.enter(
                    wish[k.ACCOUNT], side, price, wish[k.QUANTITY], wish[k.TAG], wish[k.PLANNED]
                )
            elif what == k.POST:
                self.placed[row] = None
                if self.left[row] > 0:
                    price = self.inside(wish[k.SIDE], self.opinions[row][k.NOISE])
                    self.placed[row] = self.enter(
                        wish[k.ACCOUNT], wish[k.SIDE], price, self.left[row], wish[k.TAG], wish[k.PLANNED]
                    )
            elif self.placed[row] is None:
                continue
            elif what == k.AMEND:
                self.amend(self.placed[row], wish[k.AMEND_TICKS])
            elif what == k.WITHDRAW:
                self.withdraw(self.placed[row])
            else:
                posted, before = self.placed[row], self.placed[row].open
                if before:
                    queue = self.resting(posted.side)
                    ahead = sum(one.open for one in queue[: queue.index(posted)])
                    wanted = before + ahead if ahead <= 5 * before else before
                    taker = self.enter(
                        wish[k.PARTNER], 1 - wish[k.SIDE], posted.price, wanted, wish[k.TAG], wish[k.PLANNED]
                    )
                    self.left[row] -= before - posted.open
                    self.withdraw(posted)
                    self.withdraw(taker)
                self.placed[row] = None
        self.now = max(END, self.now)
        self.follow()
        for order in self.orders:
            if order.open > 0:
                self.now = END - 1
                self.close_out(order, k.EXPIRED)
        return np.array(self.events).reshape(-1, 8), np.array(self.trades).reshape(-1, 9), self.average


def _agenda(rng, size, accounts=7):
    """A random agenda in which everything that can happen does."""
    wishes = np.zeros((size, k.INTENT_COLUMNS), np.int64)
    wishes[:, k.ACCOUNT] = rng.integers(0, accounts, size)
    wishes[:, k.PARTNER] = (wishes[:, k.ACCOUNT] + rng.integers(1, accounts, size)) % accounts
    wishes[:, k.SIDE] = rng.integers(0, 2, size)
    wishes[:, k.QUANTITY] = np.where(rng.random(size) < 0.02, 150_000, rng.integers(1, 900, size))
    wishes[:, k.RULE] = rng.integers(0, 7, size)
    wishes[:, k.TICKS] = rng.integers(-30, 30, size)
    wishes[wishes[:, k.RULE] == k.FIXED, k.TICKS] += CLOSE
    quotes = wishes[:, k.RULE] >= k.QUOTE
    wishes[quotes, k.TICKS] = rng.integers(0, 25, quotes.sum())
    opinion = wishes[:, k.RULE] == k.OPINION
    wishes[opinion, k.SIDE] = rng.integers(0, 3, opinion.sum())
    wishes[:, k.TAG] = rng.integers(0, 4, size)
    wishes[:, k.PLANNED] = rng.random(size) < 0.2
    wishes[:, k.IMPATIENT] = rng.random(size) < 0.4
    wishes[:, k.AMEND_TICKS] = rng.integers(-20, 21, size) * (rng.random(size) < 0.7)
    opinions = np.column_stack(
        [
            rng.uniform(9_700, 10_300, size),
            rng.uniform(0, 1, size),
            rng.uniform(-1, 2, size),
            rng.normal(0, 0.01, size),
        ]
    )
    is_deal = rng.random(size) < 0.15
    wishes[is_deal, k.SIDE] %= 2
    start = rng.integers(0, END - 2_000_000, size)
    rows = np.arange(size)
    parts = [(start, np.where(is_deal, k.POST, k.ENTER), rows)]
    later = np.minimum(start + rng.integers(0, END // 4, size), END - 1_000_000)
    parts.append((later[is_deal], np.full(is_deal.sum(), k.TAKE), rows[is_deal]))
    again = is_deal & (rng.random(size) < 0.7)
    parts.append((later[again] + 5, np.full(again.sum(), k.POST), rows[again]))
    parts.append((later[again] + 9, np.full(again.sum(), k.TAKE), rows[again]))
    for what, share in ((k.AMEND, 0.3), (k.WITHDRAW, 0.4)):
        chosen = ~is_deal & (rng.random(size) < share)
        when = np.minimum(start + rng.integers(0, END // 5, size), END - 1_000_000)
        parts.append((when[chosen], np.full(chosen.sum(), what), rows[chosen]))
    clock, action, intent = (np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True))
    order = np.argsort(clock, kind="stable")
    sellable = rng.integers(0, 40_000, accounts)
    reserve = sellable // 3
    purse = rng.integers(0, 400_000_000, accounts)
    return (clock[order], action[order], intent[order], wishes, opinions), (sellable, reserve, purse)


def _run(agenda, means, function=k.run_session):
    sellable, reserve, purse = (part.copy() for part in means)
    out = function(*agenda, sellable, reserve, purse, LIMITS, CLOSE, float(CLOSE), MEMORY, END)
    return (*out, sellable, reserve, purse)


def _simple(rows, means=None, accounts=6):
    """Run intents (second, account, side, quantity, price) with fixed prices; events and trades."""
    wishes = np.zeros((len(rows), k.INTENT_COLUMNS), np.int64)
    for place, (_, account, side, quantity, price) in enumerate(rows):
        wishes[place, [k.ACCOUNT, k.SIDE, k.QUANTITY, k.TICKS]] = account, side, quantity, price
    clock = np.array([row[0] * 1_000_000 for row in rows], np.int64)
    agenda = (clock, np.zeros(len(rows), np.int64), np.arange(len(rows)), wishes, np.ones((len(rows), 4)))
    full = np.full(accounts, 10**6)
    means = means or (full, np.zeros(accounts, np.int64), full * 10_000)
    return _run(agenda, means)


@pytest.mark.parametrize("seed", range(25))
def test_the_compiled_session_equals_the_plain_one(seed):
    rng = np.random.default_rng(seed)
    agenda, means = _agenda(rng, int(rng.integers(5, 260)))
    events, trades, average, sellable, reserve, purse = _run(agenda, means)
    plain = Plain(agenda[3], agenda[4], *means)
    expected_events, expected_trades, expected_average = plain.run(*agenda[:3])
    np.testing.assert_array_equal(events, expected_events)
    np.testing.assert_array_equal(trades, expected_trades)
    assert average == pytest.approx(expected_average, rel=1e-12)
    assert sellable.tolist() == plain.sellable
    assert reserve.tolist() == plain.reserve
    assert purse.tolist() == plain.purse


def test_the_agendas_of_that_comparison_bring_trades_and_every_event():
    agenda, means = _agenda(np.random.default_rng(3), 260)
    events, trades = _run(agenda, means)[:2]
    assert len(trades) > 20
    assert set(events[:, 2].tolist()) == {k.NEW, k.AMENDED, k.CANCELLED, k.EXPIRED}


def test_uncompiled_and_repeated_sessions_are_equal():
    agenda, means = _agenda(np.random.default_rng(5), 150)
    first = _run(agenda, means)
    for other in (_run(agenda, means), _run(agenda, means, k.run_session.py_func)):
        for one, two in zip(first, other, strict=True):
            np.testing.assert_array_equal(one, two)


def test_better_prices_come_first_then_earlier_orders():
    rows = [
        (1, 0, k.SELL, 10, 10_010),
        (2, 1, k.SELL, 10, 10_000),
        (3, 2, k.SELL, 10, 10_000),
        (4, 3, k.BUY, 25, 10_020),
    ]
    trades = _simple(rows)[1]
    assert trades[:, 4].tolist() == [1, 2, 0]
    assert trades[:, 1].tolist() == [10_000, 10_000, 10_010]
    assert trades[:, 2].tolist() == [10, 10, 5]
    assert set(trades[:, 7].tolist()) == {k.BUY}


def test_prices_and_sizes_are_held_within_the_limits():
    events = _simple([(1, 0, k.SELL, 200_000, 50_000), (2, 1, k.BUY, 10, 1)])[0]
    assert events[0, 5] == LIMITS[1]
    assert events[0, 6] == 99_999
    assert events[1, 5] == LIMITS[0]


def test_nobody_sells_more_than_is_sellable_or_spends_more_than_the_purse():
    means = (np.array([30, 0]), np.zeros(2, np.int64), np.array([0, 250_000]))
    rows = [
        (1, 0, k.SELL, 25, 10_000),
        (2, 0, k.SELL, 25, 10_000),
        (3, 1, k.BUY, 100, 10_000),
        (4, 1, k.SELL, 5, 10_000),
    ]
    events, trades, _, sellable, _, purse = _simple(rows, means)
    assert events[events[:, 2] == k.NEW][:, 6].tolist() == [25, 5, 25]
    assert trades[:, 2].sum() == 25
    assert sellable.tolist() == [5, 0]
    assert purse.tolist() == [0, 0]


def test_quantity_reserved_for_plans_is_not_sold_otherwise():
    means = (np.array([30, 0]), np.array([20, 0]), np.array([0, 0]))
    events = _simple([(1, 0, k.SELL, 25, 10_000)], means)[0]
    assert events[0, 6] == 10


def test_an_account_never_meets_itself():
    rows = [(1, 0, k.SELL, 10, 10_000), (2, 0, k.BUY, 10, 10_000), (3, 1, k.BUY, 10, 10_000)]
    events, trades = _simple(rows)[:2]
    assert events[events[:, 2] == k.CANCELLED][:, 1].tolist() == [0]
    assert len(trades) == 0


def test_moments_rise_and_expiry_comes_at_the_end():
    agenda, means = _agenda(np.random.default_rng(9), 200)
    events, trades = _run(agenda, means)[:2]
    expired = events[:, 2] == k.EXPIRED
    moments = np.sort(np.concatenate([events[~expired, 0], trades[:, 0]]))
    assert (np.diff(moments) > 0).all()
    assert set(events[expired, 0].tolist()) == {END}


def test_what_stays_open_adds_up():
    agenda, means = _agenda(np.random.default_rng(11), 250)
    events, trades = _run(agenda, means)[:2]
    for order in np.unique(events[:, 1]):
        own = events[events[:, 1] == order]
        filled = trades[(trades[:, 5] == order) | (trades[:, 6] == order), 2].sum()
        assert own[0, 2] == k.NEW
        assert filled <= own[0, 6]
        if own[-1, 2] in (k.CANCELLED, k.EXPIRED):
            assert own[-1, 6] == 0
