"""The parts of the market one by one: clearing, agendas, limits, course of a year, discounts, clock."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

import pipelines.simulator.trading as trading
from pipelines.simulator import calendar
from pipelines.simulator import calibration_trading as calibration
from pipelines.simulator.plan import TradingPlan
from pipelines.simulator.plan.trading import Campaign, Deal
from pipelines.simulator.scales import scale_named
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.trading import kernel
from pipelines.simulator.trading.agenda import END, Intents, session_times
from pipelines.simulator.trading.arranged import Arranged
from pipelines.simulator.trading.auctions import auction_days, cleared
from pipelines.simulator.trading.blocks import block_price, block_times
from pipelines.simulator.trading.course import Course
from pipelines.simulator.trading.figures import limits
from pipelines.simulator.trading.market import moments
from pipelines.simulator.trading.traders import rounded

DAY = date(2025, 6, 10)


def test_clearing_serves_the_highest_bids_at_the_lowest_winning_price():
    price, quantity = np.array([10, 30, 20, 20, 5]), np.array([50, 40, 60, 20, 90])
    awarded, clearing = cleared(price, quantity, 80, 8)
    assert clearing == 20
    assert awarded.tolist() == [0, 40, 30, 10, 0]


def test_clearing_sells_nothing_below_the_reserve():
    awarded, clearing = cleared(np.array([7, 6]), np.array([10, 10]), 100, 8)
    assert (awarded.sum(), clearing) == (0, None)


@pytest.mark.parametrize("seed", range(5))
def test_clearing_never_awards_more_than_is_offered_or_wanted(seed):
    rng = np.random.default_rng(seed)
    price, quantity = rng.integers(1, 12, 40), rng.integers(1, 500, 40)
    offered = int(rng.integers(1, 9_000))
    awarded, clearing = cleared(price, quantity, offered, 4)
    assert (awarded <= quantity).all()
    assert awarded.sum() <= offered
    assert (awarded[price < (clearing or 99)] == 0).all()
    assert (awarded[price > clearing] == quantity[price > clearing]).all()


def test_an_agenda_is_in_time_and_leaves_quiet_accounts_out():
    into, quiet = Intents(), np.array([False, True, False])
    into.add(np.array([30.0, 10.0]), np.array([0, 1]), kernel.BUY, 5, kernel.FIXED, 100, until=60.0)
    into.add(np.array([20.0]), 1, kernel.SELL, 5, kernel.FIXED, 100, planned=1)
    into.deal(40.0, 0, 1, kernel.SELL, 7, 2.0)
    clock, action, intent, wishes, _ = into.agenda(quiet)
    assert (np.diff(clock) >= 0).all()
    assert intent.tolist() == [2, 0, 0]
    assert action.tolist() == [kernel.ENTER, kernel.ENTER, kernel.WITHDRAW]
    assert wishes[2, kernel.ACCOUNT] == 1


def test_an_empty_agenda_brings_an_empty_session():
    sellable = np.zeros(2, np.int64)
    agenda = Intents().agenda(np.zeros(2, dtype=bool))
    events, trades, average = kernel.run_session(
        *agenda, sellable, sellable.copy(), sellable.copy(), (90, 110), 100, 100.0, 1e9, END
    )
    assert (len(events), len(trades), average) == (0, 0, 100.0)


def test_session_times_are_in_the_session_and_denser_at_its_ends():
    seconds = session_times(np.random.default_rng(1), 20_000)
    assert 0 <= seconds.min() <= seconds.max() < calendar.SESSION_SECONDS
    counts = np.histogram(seconds, bins=10)[0]
    assert min(counts[0], counts[-1]) > 1.5 * counts[5]


def test_moments_leave_the_noon_break_out():
    clock = np.array([0, END // 2 - 1, END // 2, END])
    local = (moments(DAY, clock) - calendar.local(DAY, 0.0)) / calendar.MICROSECONDS / 3600
    assert local.round(6).tolist() == [9.5, 11.5, 13.0, 15.0]


def test_limits_and_block_prices():
    assert limits(10_000, 10) == (9_000, 11_000)
    assert limits(9_749, 10) == (8_774, 10_724)
    assert block_price(10_000, 0.5) == 7_000
    assert block_price(10_000, 0.05) == 9_500


def test_blocks_are_entered_in_the_afternoon():
    rng = np.random.default_rng(3)
    for _ in range(200):
        first, second = block_times(rng)
        assert calendar.HALF_SESSION < first < second < calendar.SESSION_SECONDS


def test_sizes_are_whole_and_below_what_a_block_begins_with():
    size = rounded(np.exp(np.random.default_rng(4).normal(6, 4, 5_000)), np.random.default_rng(5))
    assert (size == np.round(size)).all()
    assert 1 <= size.min() <= size.max() < kernel.LISTED_BELOW


def test_a_year_adds_up_and_most_of_it_comes_in_its_last_quarter():
    timeline = Timeline.ending(2)
    course = Course(scale_named("medium"), timeline, {2023: 1e9, 2024: 2e9})
    for year in timeline.years:
        days = [day for day in timeline.trading_days if day.year == year]
        volume = sum(course.blocks(day) + course.listed(day) for day in days)
        assert volume == pytest.approx(calibration.VOLUME_SHARE[year] * course.covered[year - 1])
        late = sum(course.season(day) for day in days if day.month >= 10)
        assert 0.74 <= late <= 0.82
        orders = sum(course.orders(day) for day in days) * calibration.EVENTS_PER_ORDER
        assert orders == pytest.approx(scale_named("medium").order_events_per_year)


def test_the_newest_vintage_draws_most_orders_once_it_is_established():
    timeline = Timeline.ending(2)
    course = Course(scale_named("small"), timeline, {2023: 1.0, 2024: 1.0})
    names = [asset.instrument_id for asset in timeline.assets]
    for day in timeline.trading_days[::20]:
        weights = course.weights(day, timeline.assets)
        assert weights.sum() == pytest.approx(1)
        assert all((w > 0) == bool(a.listed_from and a.listed_from <= day and a.instrument_id)
                   for w, a in zip(weights, timeline.assets, strict=True))  # fmt: skip
    assert names[int(np.argmax(course.weights(date(2025, 4, 22), timeline.assets)))] == "CEA23"
    assert names[int(np.argmax(course.weights(date(2025, 6, 2), timeline.assets)))] == "CEA24"


def test_arranged_trading_leaves_less_to_others():
    plan = TradingPlan(
        deals=[Deal(DAY, 1, 0, 1, 40_000, 10.0), Deal(DAY, 1, 0, 1, 200_000, 10.0, mode="block")],
        campaigns=[Campaign(3, 1, "buy", DAY, DAY, 5_000)],
    )
    arranged = Arranged(plan)
    assert arranged.met_in_book(DAY, 1) == 40_000
    assert 40_000 < arranged.listed_volume({1})[2025] <= 45_000
    assert arranged.listed_volume({2})[2025] == 0
    timeline = Timeline.ending(1)
    free = Course(scale_named("small"), timeline, {2024: 2e9})
    bound = Course(scale_named("small"), timeline, {2024: 2e9}, {2025: 1e6})
    assert bound.listed(DAY) < free.listed(DAY)


def test_eight_auctions_a_year_on_trading_days():
    timeline = Timeline.ending(2)
    days = auction_days(timeline)
    assert len(days) == 8 * len(timeline.years)
    assert days == sorted(days)
    assert set(days) <= set(timeline.trading_days)


def test_only_the_kernel_needs_numba():
    folder = Path(trading.__file__).parents[1]
    users = [path.name for path in folder.rglob("*.py") if "numba" in path.read_text(encoding="utf-8")]
    assert users == ["kernel.py"]
