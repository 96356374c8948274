"""What everybody holds when the record opens: the surplus of the cycles before, credits, the reserve.

Own choices throughout: who holds how much of the surplus is not published. Holders keep within what they
may hold, and what the plan gives somebody in addition comes on top.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from pipelines.simulator import calibration_registry as calibration
from pipelines.simulator import law
from pipelines.simulator.plan import Plan
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline

if TYPE_CHECKING:
    from pipelines.simulator.world import World

_SIZE_SPREAD = 0.8
_SPLIT = 6.0
# Arranged balances from this part of the holding limit on are not added to a routine one.
_WHOLE = 0.4


def opening_holdings(
    world: World,
    timeline: Timeline,
    emitted: np.ndarray,
    is_long: np.ndarray,
    credits_issued: int,
    plan: Plan,
    streams: Streams,
) -> np.ndarray:
    """Holdings, accounts by assets in t, at the end of `timeline.opening_day`.

    Args:
        world: everybody.
        timeline: the span.
        emitted: emissions by entity of the first compliance year, t.
        is_long: which entities are allocated at least what they emit: those that saved before, mostly.
        credits_issued: credits that projects issue within the span, t.
        plan: `plan.registry.opening` is added.
        streams: random streams.
    """
    rng = streams.of("registry", "opening")
    accounts = world.accounts
    holdings = np.zeros((len(accounts), len(timeline.assets)), dtype=np.int64)
    is_power = world.entities.sector == "power"
    power = float(np.nansum(emitted[is_power & ~world.entities.is_small]))
    older = [n for n, asset in enumerate(timeline.assets) if asset.is_allowance][:2]
    weights = np.zeros(len(accounts))
    weighted = np.nan_to_num(emitted) * np.where(is_long, 1.0, calibration.SHORT_WEIGHT)
    weights[: world.key_emitters] = weighted[: world.key_emitters]
    for role, share in calibration.OPENING_SHARES.items():
        who = _holders(world, role, timeline.opening_day, is_long, rng)
        total, most = calibration.SURPLUS * power * share, calibration.MOST_AT_OPENING[role]
        amounts = _shared(total, weights[who], most, rng)
        old, new = calibration.OLDER_VINTAGE_SHARE
        first = rng.beta(_SPLIT * old, _SPLIT * new, len(who))
        holdings[who, older[0]] = np.floor(amounts * first)
        holdings[who, older[1]] = np.floor(amounts * (1 - first))
    holdings[world.official("reserve"), older[1]] = int(calibration.RESERVE * power)
    _credits(world, timeline, credits_issued, holdings, rng)
    _add_arranged(world, timeline, plan, holdings)
    return holdings


def _add_arranged(world: World, timeline: Timeline, plan: Plan, holdings: np.ndarray) -> None:
    """The plan's balances on top; large ones of others than emitters stand for all that they hold."""
    arranged = np.zeros_like(holdings)
    for (account, asset), quantity in sorted(plan.registry.opening.items()):
        arranged[account, asset] += quantity
    allowances = [n for n, asset in enumerate(timeline.assets) if asset.is_allowance]
    whole = arranged[:, allowances].sum(axis=1) > _WHOLE * law.holding_limit()
    whole[: world.key_emitters] = False
    holdings[np.ix_(np.flatnonzero(whole), np.array(allowances))] = 0
    holdings += arranged


def _holders(world: World, role: str, day: date, is_long: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Accounts of a role that were open by then; of the emitters the power companies that have any."""
    who = world.accounts.with_role(role)
    who = who[[world.accounts.opened_on[account] <= day for account in who.tolist()]]
    if role != "entity":
        return who
    power = world.entities.sector[who] == "power"
    share = np.where(is_long[who], calibration.SURPLUS_HOLDERS, calibration.SHORT_HOLDERS)
    return who[power & (rng.random(len(who)) < share)]


def _shared(total: float, weights: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """A total shared out by weight and chance, nobody getting more than `most`."""
    if not len(weights):
        return np.zeros(0)
    known = weights.sum() > 0
    sizes = (weights if known else np.ones(len(weights))) * rng.lognormal(0.0, _SIZE_SPREAD, len(weights))
    ceiling = most * rng.uniform(0.55, 1.0, len(weights))
    amounts = np.minimum(total * sizes / sizes.sum(), ceiling)
    headroom = ceiling - amounts
    left = total - amounts.sum()
    return (
        amounts + headroom * min(left / headroom.sum(), 1.0) if left > 0 and headroom.sum() > 0 else amounts
    )


def _credits(
    world: World, timeline: Timeline, issued: int, holdings: np.ndarray, rng: np.random.Generator
) -> None:
    """Credits of before the span, with project owners, brokers and funds."""
    column = next(n for n, asset in enumerate(timeline.assets) if not asset.is_allowance)
    who = world.accounts.with_role("owner", "broker", "fund", "maker")
    who = who[[world.accounts.opened_on[account] <= timeline.opening_day for account in who.tolist()]]
    who = who[(rng.random(len(who)) < 0.5) | (world.accounts.role[who] == "maker")]
    if len(who):
        sizes = rng.lognormal(0.0, 0.7, len(who))
        holdings[who, column] = np.floor(calibration.OPENING_CREDITS * issued * sizes / sizes.sum())
