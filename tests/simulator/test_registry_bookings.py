"""The registration system's parts on their own: ledger, duties, groups, wrong bookings, opening balances."""

from datetime import date, timedelta

import numpy as np
import pytest

from pipelines.simulator import calendar, law
from pipelines.simulator import calibration_registry as calibration
from pipelines.simulator.ledger import KINDS, NO_TRADE, NOBODY, Ledger
from pipelines.simulator.plan import Plan
from pipelines.simulator.plan.registering import LedgerFault, RegistryPlan
from pipelines.simulator.registry import clock
from pipelines.simulator.registry.duties import duties_of, plan_credits
from pipelines.simulator.registry.faults import FaultBook
from pipelines.simulator.registry.groups import Groups
from pipelines.simulator.registry.opening import opening_holdings
from pipelines.simulator.scales import scale_named
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import build_world

DAY = date(2025, 9, 10)


@pytest.fixture(scope="module")
def world():
    return build_world(scale_named("small"), Timeline.ending(2), Streams(5))


def test_ledger_refuses_what_is_not_held_and_leaves_everything_as_it_was():
    ledger = Ledger.empty(3, 2)
    ledger.move(0, NOBODY, 0, 1, 100, "issuance")
    before = ledger.holdings.copy()
    with pytest.raises(ValueError, match="lacks 20 t of asset 1"):
        ledger.move_many(np.array([1, 1]), 0, np.array([1, 2]), 1, np.array([60, 60]), "gift")
    assert (ledger.holdings == before).all()
    with pytest.raises(ValueError, match="expected more than 0"):
        ledger.move(1, 0, 1, 1, 0, "gift")
    assert len(ledger.drain()["moment"]) == 1


def test_ledger_does_not_let_pass_on_what_comes_in_at_the_same_time():
    ledger = Ledger.empty(3, 1)
    ledger.move(0, NOBODY, 0, 0, 10, "issuance")
    with pytest.raises(ValueError, match="account 1 lacks"):
        ledger.move_many(np.array([1, 2]), np.array([0, 1]), np.array([1, 2]), 0, np.array([10, 10]), "gift")


def test_drained_movements_come_in_time():
    ledger = Ledger.empty(2, 1)
    ledger.move(50, NOBODY, 0, 0, 10, "issuance")
    ledger.move(20, NOBODY, 1, 0, 10, "issuance")
    rows = ledger.drain()
    assert rows["moment"].tolist() == [20, 50]
    assert len(ledger.drain()["moment"]) == 0


@pytest.mark.parametrize("second", np.linspace(0, 86_399, 200))
def test_planned_movements_keep_clear_of_the_registrys_own_bookings(second):
    booked = clock.planned_second(float(second))
    assert not clock.BOOKING <= booked < clock.DAYTIME
    assert not clock.SETTLEMENT <= booked < clock.EVENING
    assert second <= booked < clock.DAY


def test_planned_movements_keep_their_order():
    booked = [clock.planned_second(float(second)) for second in range(0, 86_400, 61)]
    inside = [b for b in booked if b < clock.SETTLEMENT]
    assert inside == sorted(inside)
    with pytest.raises(ValueError, match="expected from 0"):
        clock.planned_second(86_400.0)


def _duties(plan, verified=(1_000_000.0, 500_001.4, np.nan, 20_000.0), covered=(True, True, True, False)):
    return duties_of(2024, np.array(verified), np.array(covered), plan, np.random.default_rng(1))


def test_duties_are_those_of_covered_entities_with_a_verified_report():
    duties = _duties(RegistryPlan())
    assert duties.entity.tolist() == [0, 1]
    assert duties.obligation.tolist() == [1_000_000, 500_001]
    assert (duties.meant == duties.obligation).all()
    assert (
        (duties.ready_on >= date(2025, 11, 15).toordinal()) & (duties.ready_on <= duties.due.toordinal())
    ).all()


def test_parts_of_an_obligation_add_up_and_count_by_their_day():
    parts = (
        (date(2025, 11, 20), 36_000.0, 0.3),
        (date(2025, 12, 5), 36_000.0, 0.3),
        (date(2026, 1, 6), 36_000.0, 0.4),
    )
    duties = _duties(RegistryPlan(surrender_parts={(1, 2024): parts}))
    assert sum(quantity for _, _, quantity in duties.portions[1]) == 500_001
    assert duties.meant[1] == 500_001 - duties.portions[1][-1][2]
    assert duties.late_on[1] == date(2026, 1, 6).toordinal()


def test_who_surrenders_late_keeps_what_it_needs():
    late = date(2026, 1, 8)
    plan = RegistryPlan(surrender_share={(0, 2024): 0.6}, surrendered_late={(0, 2024): late})
    duties = _duties(plan)
    assert duties.meant[0] == 600_000
    assert duties.owed(date(2025, 12, 1))[0] == 1_000_000
    assert duties.remaining(date(2025, 12, 1))[0] == 600_000
    short = _duties(RegistryPlan(surrender_share={(0, 2024): 0.6}))
    assert short.owed(date(2025, 12, 1))[0] == 600_000
    assert short.remaining(date(2026, 1, 2))[0] == 0


def test_credits_stay_within_cap_and_supply_unless_arranged():
    rng = np.random.default_rng(3)
    verified = rng.uniform(1e5, 5e6, 200)
    plan = RegistryPlan(offset_share={(7, 2024): 0.09})
    duties = duties_of(2024, verified, np.ones(200, dtype=bool), plan, rng)
    plan_credits(duties, 2_000_000, rng.random(200) < 0.5, plan, rng)
    honest = np.delete(duties.credits, 7)
    assert 0.5 * calibration.CREDIT_DEMAND * 2_000_000 < honest.sum() <= calibration.CREDIT_DEMAND * 2_000_000
    assert (honest <= np.delete(duties.obligation, 7) * law.offset_cap(2024)).all()
    assert duties.credits[7] == int(0.09 * duties.obligation[7])


def test_shortages_move_to_treasuries_and_nothing_gets_lost(world):
    groups = Groups(world, Timeline.ending(2), Streams(5))
    position = np.random.default_rng(2).integers(-50_000, 50_000, len(world.accounts))
    pooled = groups.pooled(position)
    assert pooled.sum() == position.sum()
    assert groups.delegated.any()
    assert (pooled[groups.delegated] >= 0).all()


def test_groups_only_hand_on_what_is_held(world):
    groups = Groups(world, Timeline.ending(2), Streams(5))
    rng = np.random.default_rng(2)
    handed = 0
    for number in range(500):
        day = date(2024, 8, 1) + timedelta(days=number)
        position = rng.integers(-80_000, 80_000, len(world.accounts))
        held = rng.integers(0, 200_000, len(world.accounts))
        for one in groups.handings(day, position, held):
            assert one.quantity > 0
            assert world.accounts.controller[one.giver] == world.accounts.controller[one.taker] is not None
            handed += 1
    assert handed > 20


def test_opening_balances_are_plausible_and_take_the_plan_on_top(world):
    timeline = Timeline.ending(2)
    emitted = np.full(len(world.entities), 2e6)
    plain = opening_holdings(
        world, timeline, emitted, np.ones(len(emitted), dtype=bool), 600_000, Plan.empty(1, 1), Streams(5)
    )
    plan = Plan.empty(1, 1)
    plan.registry.opening[3, 1] = 12_345
    arranged = opening_holdings(
        world, timeline, emitted, np.ones(len(emitted), dtype=bool), 600_000, plan, Streams(5)
    )
    assert arranged[3, 1] - plain[3, 1] == 12_345
    assert (
        np.delete(arranged.ravel(), 3 * arranged.shape[1] + 1)
        == np.delete(plain.ravel(), 3 * plain.shape[1] + 1)
    ).all()
    held = np.delete(plain, world.official("reserve"), axis=0)[:, :2].sum()
    power = emitted[(world.entities.sector == "power") & ~world.entities.is_small].sum()
    assert 0.5 * calibration.SURPLUS < held / power <= calibration.SURPLUS
    assert (np.delete(plain, world.official("reserve"), axis=0)[:, :2].sum(1) <= law.holding_limit()).all()
    late = [n for n, day in enumerate(world.accounts.opened_on) if day > timeline.opening_day]
    assert plain[late].sum() == 0


def _settled(fault, holdings=None, quantity=100):
    """A published day of three trades with a fault at account 1."""
    moments = calendar.local(DAY, clock.SETTLEMENT) + np.arange(3) * calendar.MICROSECONDS
    trades = {
        "moment": moments - 3_600 * calendar.MICROSECONDS,
        "seller": np.array([0, 1, 2]),
        "buyer": np.array([1, 2, 0]),
        "asset": np.zeros(3, dtype=np.int64),
        "quantity": np.full(3, quantity),
        "number": np.array([70, 71, 72]),
        "tag": np.zeros(3, dtype=np.int64),
    }
    ledger = Ledger.empty(4, 1)
    ledger.move_many(np.zeros(4), NOBODY, np.arange(4), 0, np.full(4, 1_000), "issuance")
    ledger.drain()
    ledger.move_many(
        moments, trades["seller"], trades["buyer"], trades["asset"], trades["quantity"],
        "trade_settlement", trades["number"], trades["tag"],
    )  # fmt: skip
    book = FaultBook([fault], emitters=4, last_day=date(2025, 12, 31))
    book.at_settlement(DAY, trades, moments, ledger.holdings, set())
    book.at_close(DAY, ledger.holdings, np.array([0]), np.random.default_rng(1))
    affected = book.affected_trades()
    return book.applied(ledger.drain()), affected, ledger.holdings


@pytest.mark.parametrize(
    ("action", "rows", "quantity"),
    [("unsettled", 2, 200), ("twice", 4, 400), ("misbooked", 3, 270), ("reversed", 5, 360), ("late", 3, 300)],
)
def test_faults_show_in_the_published_record_only(action, rows, quantity):
    published, affected, holdings = _settled(LedgerFault(DAY, 1, action, 30, tag=9))
    assert len(published["moment"]) == rows
    assert published["quantity"].sum() == quantity
    assert (holdings == 1_000).all()
    assert affected["number"].to_list() == [70]
    assert (np.diff(published["moment"]) >= 0).all()


def test_lawful_faults_end_where_the_truth_does_on_the_same_day():
    for action in ("late", "reversed"):
        published, affected, _ = _settled(LedgerFault(DAY, 1, action, 30))
        net = np.zeros(4, dtype=np.int64)
        np.add.at(net, published["taker"], published["quantity"])
        np.subtract.at(net, published["giver"], published["quantity"])
        assert (net == 0).all()
        assert published["moment"].max() < calendar.local(DAY + timedelta(days=1), 0.0)
        settlements = published["quantity"][published["kind"] == KINDS.index("trade_settlement")]
        assert settlements.tolist() == [100, 100, 100]
        assert affected.height == 0


def test_overdrawn_gives_more_than_is_held():
    published, _, _ = _settled(LedgerFault(DAY, 1, "overdrawn", 30, tag=4))
    odd = published["kind"] == KINDS.index("other")
    assert published["quantity"][odd].tolist() == [1_030]
    assert published["trade"][odd].tolist() == [NO_TRADE]
    assert published["tag"][odd].tolist() == [4]


def test_faults_wait_for_a_trade():
    book = FaultBook([LedgerFault(DAY, 3, "twice")], emitters=4, last_day=date(2025, 12, 31))
    trades = {
        "moment": np.array([1]), "seller": np.array([0]), "buyer": np.array([1]), "asset": np.array([0]),
        "quantity": np.array([5]), "number": np.array([1]), "tag": np.array([0]),
    }  # fmt: skip
    book.at_settlement(DAY, trades, np.array([2]), np.zeros((4, 1)), set())
    assert len(book.waiting) == 1
    trades["buyer"] = np.array([3])
    book.at_settlement(DAY + timedelta(days=3), trades, np.array([2]), np.zeros((4, 1)), set())
    assert book.waiting == []
