"""Balances, transfers and trades that do not reconcile: bookings that the registration system gets wrong.

Look-alikes: trades that are settled hours later on the same day, and bookings put right the same evening.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.compliance.duties import POOL
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.registering import LedgerFault

# Tonnes by which bookings are wrong, where the action takes a quantity.
_TONNES = {"faint": (1, 40), "plain": (100, 3_000), "blatant": (20_000, 150_000)}
_ACTIONS = {
    "faint": ("misbooked",),
    "plain": ("misbooked", "unsettled", "twice"),
    "blatant": ("overdrawn", "unsettled", "twice"),
}
_TIMES = {"faint": (1, 1), "plain": (1, 2), "blatant": (2, 4)}
_APART_DAYS = 12


def _active(planner: CasePlanner) -> list[int]:
    """Accounts that trade often."""
    return [*planner.with_role("fund", "broker", "maker", "treasury"), *planner.power]


def _take(planner: CasePlanner, rng: np.random.Generator) -> int:
    return planner.participants.take(rng, POOL, _active(planner), 1)[0]


def _arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    for severity in planner.severities(rng):
        account = _take(planner, rng)
        action = str(rng.choice(_ACTIONS[severity]))
        low, high = _TIMES[severity]
        times = int(rng.integers(low, high + 1))
        text = f"bookings of an account that are {action}, {times} times"
        tag = planner.open_case(KIND.name, severity, text, planner.account_ids([account]))
        days = planner.timeline.trading_days
        start = int(rng.integers(10, len(days) - _APART_DAYS * times - 5))
        for number in range(times):
            day = days[start + number * _APART_DAYS + int(rng.integers(_APART_DAYS))]
            quantity = int(rng.integers(*_TONNES[severity]))
            planner.plan.registry.faults.append(LedgerFault(day, account, action, quantity, tag))


def _resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    for number in range(2 * planner.scale.cases_per_kind):
        account = _take(planner, rng)
        action = ("late", "reversed")[number % 2]
        days = planner.timeline.trading_days
        day = days[int(rng.integers(10, len(days) - 10))]
        planner.plan.registry.faults.append(LedgerFault(day, account, action, int(rng.integers(10, 5_000))))
        text = ("settled hours later the same day", "booked wrong and put right the same evening")[number % 2]
        planner.note_lookalike(
            KIND.name, text, planner.account_ids([account]), planner.day_window(day, days[-1])
        )


KIND = Kind("ledger_break", _arrange, _resemble, "settled late the same day, or put right the same evening")
