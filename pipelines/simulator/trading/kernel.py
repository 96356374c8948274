"""The matching of one session of one instrument: a continuous double auction, compiled.

Belongs here: price-time priority, price limits, what an account may sell (T+1) and spend (pre-funding),
self-trade prevention, how an order's price follows from the book that its owner sees, and the record of
every event and trade. `run_session` is a pure function of its arrays: no clock, no random numbers.
Does not belong here: who wants to trade, and why (`traders`, `compliance`, `arranged`).

One file, as the cache of compiled functions does not see a change in a function of another file.
Prices are whole cents, times are microseconds of the session, quantities are tonnes. Orders rest in
queues, one a cent, that are linked through the orders themselves; everything is a row of an integer array.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

LISTED_BELOW = 100_000  # t; a single listed order is smaller [B-02]
VISIBLE_LEVELS = 5  # best prices a side that everybody sees [B-02]

BUY, SELL, EITHER = 0, 1, 2
NEW, AMENDED, CANCELLED, EXPIRED = 0, 1, 2, 3
ENTER, AMEND, WITHDRAW, POST, TAKE = 0, 1, 2, 3, 4

# How an order's price follows from the book, see `_priced`.
FIXED, OWN_BEST, OTHER_BEST, LAST_TRADE, LAST_CLOSE, QUOTE, OPINION = 0, 1, 2, 3, 4, 5, 6

# Columns of the intents, one row somebody's wish to trade. `PARTNER` is the other side of a deal,
# `PLANNED` marks what may use the quantity that is reserved for plans, `IMPATIENT` an opinion that takes.
ACCOUNT, SIDE, QUANTITY, RULE, TICKS, TAG, PLANNED, PARTNER, AMEND_TICKS, IMPATIENT = range(10)
INTENT_COLUMNS = 10
# Real columns: an opinion's own value in cents, how much it counts against the market's price, how much
# the trend counts, and what it adds for its own reasons (log; cents for a quote).
BELIEF, CONVICTION, TREND, NOISE = range(4)
OPINION_COLUMNS = 4

EVENT_COLUMNS = ("moment", "order", "event", "account", "side", "price", "open", "tag")
TRADE_COLUMNS = (
    "moment",
    "price",
    "quantity",
    "buyer",
    "seller",
    "buy_order",
    "sell_order",
    "aggressor",
    "tag",
)

# Columns of an order at work; `_ACCOUNT` to `_TAG` are those of its intent.
_ACCOUNT, _SIDE, _LEVEL, _OPEN, _NEXT, _PREVIOUS, _TAG, _PLANNED = range(8)
_HEAD, _TAIL, _DEPTH = range(3)
_BID, _ASK, _LOW, _LAST, _NOW, _ORDERS, _EVENTS, _TRADES, _LAST_AT, _CLOSE = range(10)
_NONE = -1
_TAKEN_ALONG = 5


class _Book(NamedTuple):
    """Everything that changes during a session."""

    orders: np.ndarray
    ladder: np.ndarray
    state: np.ndarray
    average: np.ndarray
    sellable: np.ndarray
    reserve: np.ndarray
    purse: np.ndarray
    events: np.ndarray
    trades: np.ndarray


@njit(cache=True)
def _record(book: _Book, order: int, event: int) -> None:
    state, one, row = book.state, book.orders[order], book.events[book.state[_EVENTS]]
    state[_NOW] += 1
    row[0], row[1], row[2], row[3], row[4] = state[_NOW], order, event, one[_ACCOUNT], one[_SIDE]
    row[5], row[6], row[7] = state[_LOW] + one[_LEVEL], one[_OPEN], one[_TAG]
    state[_EVENTS] += 1


@njit(cache=True)
def _rest(book: _Book, order: int) -> None:
    """Queue the order at its price."""
    one, state = book.orders[order], book.state
    level = one[_LEVEL]
    queue = book.ladder[level]
    one[_NEXT], one[_PREVIOUS] = _NONE, queue[_TAIL]
    if queue[_TAIL] == _NONE:
        queue[_HEAD] = order
    else:
        book.orders[queue[_TAIL], _NEXT] = order
    queue[_TAIL] = order
    queue[_DEPTH] += one[_OPEN]
    if one[_SIDE] == BUY:
        state[_BID] = max(state[_BID], level)
    else:
        state[_ASK] = min(state[_ASK], level)


@njit(cache=True)
def _leave(book: _Book, order: int) -> None:
    """Take the order out of its queue and find the best price anew."""
    one, state, ladder = book.orders[order], book.state, book.ladder
    level = one[_LEVEL]
    queue = ladder[level]
    if one[_PREVIOUS] == _NONE:
        queue[_HEAD] = one[_NEXT]
    else:
        book.orders[one[_PREVIOUS], _NEXT] = one[_NEXT]
    if one[_NEXT] == _NONE:
        queue[_TAIL] = one[_PREVIOUS]
    else:
        book.orders[one[_NEXT], _PREVIOUS] = one[_PREVIOUS]
    queue[_DEPTH] -= one[_OPEN]
    if queue[_HEAD] != _NONE:
        return
    if one[_SIDE] == BUY:
        while state[_BID] >= 0 and ladder[state[_BID], _HEAD] == _NONE:
            state[_BID] -= 1
    else:
        while state[_ASK] < len(ladder) and ladder[state[_ASK], _HEAD] == _NONE:
            state[_ASK] += 1


@njit(cache=True)
def _give_back(book: _Book, order: int, quantity: int) -> None:
    """Free what the order had bound for so many tonnes: sellable quantity of a seller, money of a buyer."""
    one = book.orders[order]
    if one[_SIDE] == SELL:
        book.sellable[one[_ACCOUNT]] += quantity
        if one[_PLANNED]:
            book.reserve[one[_ACCOUNT]] += quantity
    else:
        book.purse[one[_ACCOUNT]] += quantity * (book.state[_LOW] + one[_LEVEL])


@njit(cache=True)
def _close_out(book: _Book, order: int, event: int) -> None:
    """End an order that does not rest in a queue any more."""
    one = book.orders[order]
    _give_back(book, order, one[_OPEN])
    one[_OPEN] = 0
    _record(book, order, event)


@njit(cache=True)
def _withdraw(book: _Book, order: int) -> None:
    if book.orders[order, _OPEN] > 0:
        _leave(book, order)
        _close_out(book, order, CANCELLED)


@njit(cache=True)
def _follow(book: _Book) -> None:
    """Let the slow average approach the last price for the time since it was set."""
    state, average = book.state, book.average
    share = 1.0 - math.exp(-(state[_NOW] - state[_LAST_AT]) / average[1])
    average[0] += share * (state[_LAST] - average[0])
    state[_LAST_AT] = state[_NOW]


@njit(cache=True)
def _trade(book: _Book, incoming: int, resting: int) -> None:
    """Let two orders meet at the resting one's price."""
    orders, state = book.orders, book.state
    quantity = min(orders[incoming, _OPEN], orders[resting, _OPEN])
    level = orders[resting, _LEVEL]
    price = state[_LOW] + level
    state[_NOW] += 1
    _follow(book)
    state[_LAST] = price
    buying = orders[incoming, _SIDE] == BUY
    buy, sell = (incoming, resting) if buying else (resting, incoming)
    orders[incoming, _OPEN] -= quantity
    orders[resting, _OPEN] -= quantity
    book.ladder[level, _DEPTH] -= quantity
    if buying:
        book.purse[orders[buy, _ACCOUNT]] += quantity * (orders[buy, _LEVEL] - level)
    tag = orders[incoming, _TAG]
    if tag == 0:
        tag = orders[resting, _TAG]
    row = book.trades[state[_TRADES]]
    row[0], row[1], row[2] = state[_NOW], price, quantity
    row[3], row[4], row[5], row[6] = orders[buy, _ACCOUNT], orders[sell, _ACCOUNT], buy, sell
    row[7], row[8] = orders[incoming, _SIDE], tag
    state[_TRADES] += 1


@njit(cache=True)
def _work(book: _Book, order: int) -> None:
    """Match an order that comes in or comes back, then let the rest stand.

    A resting order of its own account that it would meet is withdrawn instead.
    """
    orders, state = book.orders, book.state
    level, buying = orders[order, _LEVEL], orders[order, _SIDE] == BUY
    while orders[order, _OPEN] > 0:
        if buying:
            best = state[_ASK]
            if best > level:
                break
        else:
            best = state[_BID]
            if best < level:
                break
        resting = book.ladder[best, _HEAD]
        if orders[resting, _ACCOUNT] == orders[order, _ACCOUNT]:
            _withdraw(book, resting)
            continue
        _trade(book, order, resting)
        if orders[resting, _OPEN] == 0:
            _leave(book, resting)
    if orders[order, _OPEN] > 0:
        _rest(book, order)


@njit(cache=True)
def _enter(book: _Book, account: int, side: int, price: int, wanted: int, tag: int, planned: int) -> int:
    """Enter as much of an order as its account can back, and match it; its number, or -1 for nothing."""
    state = book.state
    level = min(max(price - state[_LOW], 0), len(book.ladder) - 1)
    quantity = min(wanted, LISTED_BELOW - 1)
    if side == SELL:
        free = book.sellable[account]
        if planned == 0:
            free -= book.reserve[account]
        quantity = min(quantity, free)
    else:
        quantity = min(quantity, book.purse[account] // (state[_LOW] + level))
    if quantity <= 0:
        return _NONE
    if side == SELL:
        book.sellable[account] -= quantity
        if planned:
            book.reserve[account] = max(book.reserve[account] - quantity, 0)
    else:
        book.purse[account] -= quantity * (state[_LOW] + level)
    order = state[_ORDERS]
    state[_ORDERS] += 1
    one = book.orders[order]
    one[_ACCOUNT], one[_SIDE], one[_LEVEL], one[_OPEN] = account, side, level, quantity
    one[_NEXT], one[_PREVIOUS], one[_TAG], one[_PLANNED] = _NONE, _NONE, tag, planned
    _record(book, order, NEW)
    _work(book, order)
    return order


@njit(cache=True)
def _amend(book: _Book, order: int, ticks: int) -> None:
    """Move a resting order's price by so many cents towards the other side, or halve it (0 cents).

    A new price loses the place in the queue; a smaller quantity keeps it. Without the money for a dearer
    price the order stays as it is.
    """
    one = book.orders[order]
    if one[_OPEN] == 0:
        return
    if ticks == 0:
        less = one[_OPEN] // 2
        if less > 0:
            _give_back(book, order, less)
            one[_OPEN] -= less
            book.ladder[one[_LEVEL], _DEPTH] -= less
            _record(book, order, AMENDED)
        return
    step = ticks if one[_SIDE] == BUY else -ticks
    level = min(max(one[_LEVEL] + step, 0), len(book.ladder) - 1)
    cost = (level - one[_LEVEL]) * one[_OPEN] if one[_SIDE] == BUY else 0
    if level == one[_LEVEL] or cost > book.purse[one[_ACCOUNT]]:
        return
    book.purse[one[_ACCOUNT]] -= cost
    _leave(book, order)
    one[_LEVEL] = level
    _record(book, order, AMENDED)
    _work(book, order)


@njit(cache=True)
def _imbalance(book: _Book) -> float:
    """What the visible levels of the book lean to, from -1 (all offers) to 1 (all bids)."""
    ladder, state = book.ladder, book.state
    bids, seen, level = 0, 0, state[_BID]
    while level >= 0 and seen < VISIBLE_LEVELS:
        if ladder[level, _DEPTH] > 0:
            bids += ladder[level, _DEPTH]
            seen += 1
        level -= 1
    asks, seen, level = 0, 0, state[_ASK]
    while level < len(ladder) and seen < VISIBLE_LEVELS:
        if ladder[level, _DEPTH] > 0:
            asks += ladder[level, _DEPTH]
            seen += 1
        level += 1
    return (bids - asks) / (bids + asks) if bids + asks > 0 else 0.0


@njit(cache=True)
def _middle(book: _Book) -> float:
    """The middle between the best prices in cents, the last price where a side is empty."""
    state = book.state
    if state[_BID] >= 0 and state[_ASK] < len(book.ladder):
        return state[_LOW] + 0.5 * (state[_BID] + state[_ASK])
    return float(state[_LAST])


@njit(cache=True)
def _quoted(book: _Book, wish: np.ndarray, opinion: np.ndarray) -> int:
    """A market maker's price: half a spread (`TICKS`) off what it thinks fair, never crossing.

    Fair is between the middle and its own belief, shifted by the visible imbalance times `TREND` cents and
    by `NOISE` cents for its inventory. Without a two-sided book only its belief counts.
    """
    state = book.state
    fair = opinion[BELIEF]
    if state[_BID] >= 0 and state[_ASK] < len(book.ladder):
        fair = _middle(book) + opinion[CONVICTION] * (opinion[BELIEF] - _middle(book))
    fair += opinion[TREND] * _imbalance(book) + opinion[NOISE]
    if wish[SIDE] == BUY:
        return min(math.floor(fair - wish[TICKS] + 0.5), state[_LOW] + state[_ASK] - 1)
    return max(math.floor(fair + wish[TICKS] + 0.5), state[_LOW] + state[_BID] + 1)


@njit(cache=True)
def _judged(book: _Book, wish: np.ndarray, opinion: np.ndarray) -> tuple[int, int]:
    """Side and price of a speculator who compares the market's price with what is expected of it.

    Expected (log) is conviction times the distance to the own belief, plus the trend against the slow
    average, plus noise. Who expects a rise buys. The impatient take what stands up to `TICKS` cents beyond
    the best, as far as the expectation carries; the patient queue `TICKS` cents behind their side's best.
    """
    state, levels = book.state, len(book.ladder)
    price = _middle(book)
    outlook = opinion[CONVICTION] * math.log(opinion[BELIEF] / price) + opinion[NOISE]
    outlook += opinion[TREND] * math.log(price / book.average[0])
    worth = math.floor(price * math.exp(outlook) + 0.5)
    side = wish[SIDE]
    if side == EITHER:
        side = BUY if outlook > 0 else SELL
    bid, ask = state[_LOW] + state[_BID], state[_LOW] + state[_ASK]
    if side == BUY:
        if wish[IMPATIENT] and state[_ASK] < levels and ask <= worth:
            return side, min(worth, ask + wish[TICKS])
        base = bid if state[_BID] >= 0 else math.floor(price)
        return side, min(min(base - wish[TICKS], worth), ask - 1)
    if wish[IMPATIENT] and state[_BID] >= 0 and bid >= worth:
        return side, max(worth, bid - wish[TICKS])
    base = ask if state[_ASK] < levels else math.ceil(price)
    return side, max(max(base + wish[TICKS], worth), bid + 1)


@njit(cache=True)
def _priced(book: _Book, wish: np.ndarray, opinion: np.ndarray) -> tuple[int, int]:
    """Side and price of an intent when it is entered.

    `TICKS` counts towards the other side for the simple rules; an empty side is replaced by the last price.
    """
    state, side, rule = book.state, wish[SIDE], wish[RULE]
    if rule == OPINION:
        return _judged(book, wish, opinion)
    if rule == QUOTE:
        return side, _quoted(book, wish, opinion)
    if rule == FIXED:
        return side, wish[TICKS]
    base = state[_LAST]
    if rule == LAST_CLOSE:
        base = state[_CLOSE]
    elif rule in (OWN_BEST, OTHER_BEST):
        if (side == BUY) == (rule == OWN_BEST):
            if state[_BID] >= 0:
                base = state[_LOW] + state[_BID]
        elif state[_ASK] < len(book.ladder):
            base = state[_LOW] + state[_ASK]
    return side, base + wish[TICKS] if side == BUY else base - wish[TICKS]


@njit(cache=True)
def _inside(book: _Book, poster: int, noise: float) -> int:
    """A price between the best ones, near their middle; with no tick between them, the poster's own best."""
    state, levels = book.state, len(book.ladder)
    floor, ceiling = max(state[_BID] + 1, 0), min(state[_ASK] - 1, levels - 1)
    if floor > ceiling:
        return state[_LOW] + (state[_ASK] if poster == SELL else state[_BID])
    wanted = math.floor(_middle(book) * math.exp(noise) + 0.5) - state[_LOW]
    return state[_LOW] + min(max(wanted, floor), ceiling)


@njit(cache=True)
def _ahead(book: _Book, order: int) -> int:
    """How much stands before a resting order, at better prices and at its own."""
    state, ladder = book.state, book.ladder
    one, found = book.orders[order], 0
    level = state[_BID] if one[_SIDE] == BUY else state[_ASK]
    while level != one[_LEVEL]:
        found += ladder[level, _DEPTH]
        level += -1 if one[_SIDE] == BUY else 1
    before = one[_PREVIOUS]
    while before != _NONE:
        found += book.orders[before, _OPEN]
        before = book.orders[before, _PREVIOUS]
    return found


@njit(cache=True)
def _take(book: _Book, posted: int, wish: np.ndarray, left: int) -> int:
    """Let the partner of a deal come for what was posted; what the two miss is withdrawn. The rest to do.

    Where others stand before what was posted, the partner takes them along unless they are far more.
    """
    before = book.orders[posted, _OPEN]
    if before == 0:
        return left
    ahead = _ahead(book, posted)
    price = book.state[_LOW] + book.orders[posted, _LEVEL]
    taking = SELL if wish[SIDE] == BUY else BUY
    quantity = before + ahead if ahead <= _TAKEN_ALONG * before else before
    taker = _enter(book, wish[PARTNER], taking, price, quantity, wish[TAG], wish[PLANNED])
    met = before - book.orders[posted, _OPEN]
    _withdraw(book, posted)
    if taker >= 0:
        _withdraw(book, taker)
    return left - met


@njit(cache=True)
def run_session(
    clock: np.ndarray,
    action: np.ndarray,
    intent: np.ndarray,
    wishes: np.ndarray,
    opinions: np.ndarray,
    sellable: np.ndarray,
    reserve: np.ndarray,
    purse: np.ndarray,
    limits: tuple[int, int],
    close: int,
    average: float,
    memory: float,
    end: int,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Work through an agenda and let what is left expire at the end.

    Every event and trade has its own moment: what falls together follows a microsecond apart, but for what
    expires, all of it at the end. A trade carries the tag of the order that came in, or else of the other.

    Args:
        clock: when, microseconds of the session, ascending.
        action: what, one of `ENTER`, `AMEND`, `WITHDRAW`, and for deals `POST` and `TAKE`.
        intent: whose, a row of `wishes`.
        wishes: rows of `INTENT_COLUMNS` whole numbers.
        opinions: rows of `OPINION_COLUMNS` real numbers.
        sellable: what each account may still sell, t; changed.
        reserve: the part of it that is kept for plans, t; changed.
        purse: what each account may still spend, cents; changed.
        limits: lowest and highest price of the day, cents.
        close: the previous close, cents.
        average: the slow average price that trends are seen against, cents.
        memory: its time constant, microseconds of trading.
        end: length of the session, microseconds.

    Returns:
        Events (rows of `EVENT_COLUMNS`) and trades (rows of `TRADE_COLUMNS`) in time, and the average.
    """
    count, levels = len(clock), limits[1] - limits[0] + 1
    book = _Book(
        np.empty((count + 1, 8), np.int64),
        np.full((levels, 3), _NONE, np.int64),
        np.zeros(10, np.int64),
        np.array([average, memory]),
        sellable,
        reserve,
        purse,
        np.empty((3 * count + 1, 8), np.int64),
        np.empty((count + 1, 9), np.int64),
    )
    state = book.state
    book.ladder[:, _DEPTH] = 0
    state[_BID], state[_ASK], state[_LOW], state[_LAST], state[_CLOSE] = -1, levels, limits[0], close, close
    placed = np.full(len(wishes), _NONE, np.int64)
    left = wishes[:, QUANTITY].copy()
    for step in range(count):
        row = intent[step]
        wish, what = wishes[row], action[step]
        state[_NOW] = max(clock[step] - 1, state[_NOW])
        if what == ENTER:
            side, price = _priced(book, wish, opinions[row])
            placed[row] = _enter(book, wish[ACCOUNT], side, price, wish[QUANTITY], wish[TAG], wish[PLANNED])
        elif what == POST:
            placed[row] = _NONE
            if left[row] > 0:
                price = _inside(book, wish[SIDE], opinions[row, NOISE])
                placed[row] = _enter(
                    book, wish[ACCOUNT], wish[SIDE], price, left[row], wish[TAG], wish[PLANNED]
                )
        elif placed[row] == _NONE:
            continue
        elif what == AMEND:
            _amend(book, placed[row], wish[AMEND_TICKS])
        elif what == WITHDRAW:
            _withdraw(book, placed[row])
        else:
            left[row] = _take(book, placed[row], wish, left[row])
            placed[row] = _NONE
    state[_NOW] = max(end, state[_NOW])
    _follow(book)
    for order in range(state[_ORDERS]):
        if book.orders[order, _OPEN] > 0:
            state[_NOW] = end - 1
            _close_out(book, order, EXPIRED)
    return book.events[: state[_EVENTS]], book.trades[: state[_TRADES]], book.average[0]
