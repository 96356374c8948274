"""When and where parts in the market are played: trading days, instruments, and how much usually trades."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator import calibration_trading as trading_numbers
from pipelines.simulator.cases.planner import CasePlanner

_NATIONAL_VOLUME = {2024: 189e6, 2025: 235e6}  # t a year [J-05, J-04]
_EMITTERS = {2024: 2_096, 2025: 3_378}  # [J-05, J-04]
_BUSY = 0.12  # share of the market's listed trading from which an instrument is no thin one
_AUTUMN = (10, 8)  # month and day from which the last quarter trades
_GAP = 3  # trading days kept calm before and after an episode
_WARM_UP = 15  # trading days at the beginning on which nothing is arranged
_SETTLED = 5  # days after its listing in which nothing is arranged in an instrument


def windows(
    planner: CasePlanner,
    rng: np.random.Generator,
    lengths: list[int],
    first: date | None = None,
    last: date | None = None,
) -> list[list[date]]:
    """Consecutive trading days for several parts, spread evenly over the span and in random order.

    One of the windows lies across a month end, and of ten or more (else now and then) one across a year end,
    where its length and the span allow.

    Args:
        planner: the planner.
        rng: draws the days.
        lengths: trading days that each part takes.
        first: earliest day; three weeks after trading begins without.
        last: latest day; the last trading day without.
    """
    days = planner.timeline.trading_days
    low = _WARM_UP if first is None else next(n for n, day in enumerate(days) if day >= first)
    high = len(days) if last is None else sum(day <= last for day in days)
    edges = np.linspace(low, high, len(lengths) + 1)
    order = rng.permutation(len(lengths))
    starts = [
        int(np.clip(rng.uniform(edges[place], edges[place + 1]), low, max(high - length, low)))
        for place, length in zip(order, lengths, strict=True)
    ]
    across_year = len(lengths) >= 10 or rng.random() < 0.3
    _lay_across(rng, days, starts, lengths, low, high, lambda a, b: a.month != b.month)
    if across_year:
        _lay_across(rng, days, starts, lengths, low, high, lambda a, b: a.year != b.year)
    return [days[start : start + length] for start, length in zip(starts, lengths, strict=True)]


def moved_to_autumn(
    planner: CasePlanner, rng: np.random.Generator, window: list[date], chance: float = 1.0
) -> list[date]:
    """Now and then a window of that length in the last quarter, when most of the trading is."""
    if rng.random() >= chance or window[0].month >= _AUTUMN[0]:
        return window
    days = planner.timeline.trading_days
    year = window[0].year
    able = [
        n
        for n in range(len(days) - len(window))
        if date(year, *_AUTUMN) <= days[n] and days[n + len(window) - 1] <= date(year, 12, 20)
    ]
    start = able[int(rng.integers(len(able)))]
    return days[start : start + len(window)]


def _lay_across(
    rng: np.random.Generator,
    days: list[date],
    starts: list[int],
    lengths: list[int],
    low: int,
    high: int,
    differ: Callable[[date, date], bool],
) -> None:
    """Move one window across an end of a period, if any is long enough and such an end lies within."""
    ends = [n for n in range(low + 1, high) if differ(days[n - 1], days[n])]
    able = [number for number, length in enumerate(lengths) if length >= 2]
    if not able:
        return
    chosen = int(rng.choice(able))
    length = lengths[chosen]
    ends = [end for end in ends if low <= end - length // 2 - length % 2 and end + length <= high]
    if ends:
        starts[chosen] = int(rng.choice(ends)) - int(rng.integers(1, length))
        starts[chosen] = max(starts[chosen], low)


def within(planner: CasePlanner, rng: np.random.Generator, count: int, first: date, last: date) -> list[date]:
    """So many single trading days from `first` to `last`, in order; fewer where there are no more."""
    days = [day for day in planner.timeline.trading_days if first <= day <= last]
    return sorted(days[n] for n in rng.permutation(len(days))[:count].tolist())


def trading_day_before(planner: CasePlanner, day: date, count: int = 1) -> date:
    """The trading day that lies so many before this one; the first one where there is none."""
    earlier = [one for one in planner.timeline.trading_days if one < day]
    return earlier[-count] if len(earlier) >= count else planner.timeline.trading_days[0]


def traded(planner: CasePlanner, day: date) -> list[int]:
    """Instruments that have been listed for some days by then."""
    return [
        column
        for column, asset in enumerate(planner.timeline.assets)
        if asset.instrument_id and asset.listed_from and is_settled(asset.listed_from, day, planner)
    ]


def is_settled(listed_from: date, day: date, planner: CasePlanner) -> bool:
    """Whether an instrument that was listed on that day is established, or older than the span."""
    return listed_from <= planner.timeline.first_day or listed_from + timedelta(days=_SETTLED) <= day


def is_outstanding(planner: CasePlanner, asset: int) -> bool:
    """Whether an instrument was held before the record opens: a vintage older than the span, or credits."""
    vintage = planner.timeline.assets[asset].vintage
    return vintage is None or vintage < planner.timeline.compliance_years[0]


def share_of(planner: CasePlanner, day: date, asset: int) -> float:
    """About which part of a day's listed trading is in that instrument."""
    if not planner.timeline.assets[asset].is_allowance:
        return trading_numbers.CREDIT_WEIGHT
    vintages = [one for one in traded(planner, day) if planner.timeline.assets[one].is_allowance]
    main = planner.main_asset(day)
    newest_first = [main, *sorted((one for one in vintages if one != main), reverse=True)]
    place = newest_first.index(asset) if asset in newest_first else len(newest_first)
    weights = trading_numbers.INSTRUMENT_WEIGHTS
    return weights[min(place, len(weights) - 1)]


def yearly_volume(planner: CasePlanner, year: int) -> float:
    """About how many t trade in a year, in all modes."""
    scale = planner.scale
    emitters = scale.power if year == 2024 else scale.power + scale.cement + scale.steel + scale.aluminium
    return _NATIONAL_VOLUME[year] * emitters / _EMITTERS[year]


def usual_volume(planner: CasePlanner, day: date, asset: int) -> float:
    """About how many t of an instrument trade as listed on an ordinary day of that month."""
    listed = yearly_volume(planner, day.year) * (1 - trading_numbers.BLOCK_SHARE)
    of_day = listed * trading_numbers.MONTH_SHARE[day.month] / _open_days(day.year, day.month)
    return of_day * share_of(planner, day, asset)


@lru_cache(maxsize=64)
def _open_days(year: int, month: int) -> int:
    """Trading days of a month."""
    first = date(year, month, 1)
    return len(calendar.trading_days(first, calendar.next_month(first) - timedelta(days=1)))


def take_instrument(
    planner: CasePlanner,
    rng: np.random.Generator,
    days: list[date],
    thin: float = 0.2,
    among: Iterable[int] | None = None,
    least: float = 0.0,
) -> int:
    """An instrument for arranged conduct on these days, free of episodes where possible; reserves it.

    It is the main one, or with the chance `thin` another of which usually at least `least` t trade a day;
    `among` restricts the choice.
    """
    listed = traded(planner, days[0])
    open_ones = [asset for asset in listed if among is None or asset in set(among)] or listed
    calm = [asset for asset in open_ones if planner.reserved_days.is_calm(asset, days)] or open_ones
    main = planner.main_asset(days[0])
    others = [one for one in calm if one != main and usual_volume(planner, days[0], one) >= least]
    chosen = main if not others or (main in calm and rng.random() >= thin) else int(rng.choice(others))
    if among is not None and chosen not in open_ones:
        chosen = int(rng.choice(calm))
    planner.reserved_days.reserve_shared(chosen, days)
    return chosen


def place_episode(
    planner: CasePlanner,
    rng: np.random.Generator,
    length: int,
    busy_share: float = 0.1,
    suitable: Callable[[int, list[date]], bool] | None = None,
    credit_share: float = 0.0,
) -> tuple[int, list[date]] | None:
    """An instrument and days that an episode has for itself, or None where none are left.

    Thin instruments come first, so that the market as a whole stays as it is; one in which much is traded
    is chosen with the chance `busy_share` only. With the chance `credit_share` credits come before all,
    whose price does not influence the market price. Days without arranged conduct of others are preferred.
    """
    days = planner.timeline.trading_days
    if rng.random() < credit_share:
        found = place_episode(
            planner,
            rng,
            length,
            0.0,
            lambda asset, span: (
                not planner.timeline.assets[asset].is_allowance
                and (suitable is None or suitable(asset, span))
            ),
        )
        if found is not None:
            return found
    places: dict[tuple[bool, bool], list[tuple[int, int]]] = {}
    for start in range(_WARM_UP, len(days) - length):
        span = days[start : start + length]
        for asset in traded(planner, span[0]):
            if not planner.reserved_days.is_calm(asset, span) or (
                suitable is not None and not suitable(asset, span)
            ):
                continue
            is_busy = max(share_of(planner, day, asset) for day in (span[0], span[-1])) >= _BUSY
            is_empty = planner.reserved_days.is_empty(asset, span)
            places.setdefault((is_busy, is_empty), []).append((asset, start))
    wants_busy = bool(rng.random() < busy_share)
    for kind in ((wants_busy, True), (wants_busy, False), (not wants_busy, True), (not wants_busy, False)):
        if pool := places.get(kind):
            asset, start = pool[int(rng.integers(len(pool)))]
            span = days[start : start + length]
            planner.reserved_days.reserve_alone(asset, days[max(start - _GAP, 0) : start + length + _GAP])
            return asset, span
    return None
