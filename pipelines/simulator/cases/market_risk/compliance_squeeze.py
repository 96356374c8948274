"""Squeezes: companies with a surplus withhold it together while others still have to buy for the deadline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import is_outstanding, traded, usual_volume
from pipelines.simulator.cases.market_parts import lookalike_count, parts, pick_accounts, uniform, whole
from pipelines.simulator.cases.market_risk.episode import day_keys, instrument_of
from pipelines.simulator.cases.market_stock import allocated
from pipelines.simulator.cases.planner import CasePlanner


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Members, trading days before the deadline, and the surplus that is held back together, in days
    of usual December trading.
    """

    members: tuple[int, int]
    days: tuple[int, int]
    surplus: tuple[float, float]


_SHAPES = {
    "faint": _Shape((3, 4), (12, 18), (1.5, 3.0)),
    "plain": _Shape((4, 6), (20, 30), (5.0, 8.0)),
    "blatant": _Shape((6, 9), (35, 46), (12.0, 20.0)),
}


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Groups of large companies before every deadline in turn."""
    years = planner.timeline.years
    first = int(rng.integers(len(years)))
    for part in parts(planner, rng):
        shape = _SHAPES[part.severity]
        year = years[(part.number + first) % len(years)]
        days = [day for day in planner.timeline.trading_days if day <= date(year, 12, 31)][
            -whole(rng, shape.days) :
        ]
        members = _members(planner, rng, days, whole(rng, shape.members), part.relation)
        asset = planner.main_asset(days[0])
        surplus = uniform(rng, shape.surplus) * usual_volume(planner, date(year, 12, 2), asset)
        _endow(planner, rng, members, surplus)
        planner.plan.trading.withhold(members, days)
        text = f"{len(members)} companies hold back a surplus for {len(days)} days before the deadline"
        affected = day_keys(planner, asset, days)
        ids = planner.world.entities.id
        affected["compliance"] = [[ids[entity], year - 1] for entity in members]
        subjects = [*planner.account_ids(members), instrument_of(planner, asset)]
        window = planner.day_window(days[0], days[-1])
        planner.open_case("compliance_squeeze", part.severity, text, subjects, window, affected)


def _members(
    planner: CasePlanner, rng: np.random.Generator, days: list[date], count: int, relation: str
) -> list[int]:
    """Large power companies: of one group where they are relatives and it has so many, else of any."""
    sellers = {deal.seller for deal in planner.plan.trading.deals if days[0] <= deal.day <= days[-1]}
    if relation != "strangers":
        families = [
            [
                one
                for one in family.tolist()
                if one not in sellers and planner.world.has_present_group(one, days[0])
            ]
            for family in planner.world.sisters()
        ]
        families = [
            family for family in families if len(planner.participants.free("squeeze", family)) >= count
        ]
        if families:
            family = families[int(rng.integers(len(families)))]
            return planner.participants.take(rng, "squeeze", family, count)
    size = allocated(planner)
    large = sorted(planner.power, key=lambda entity: -int(size[entity]))[
        : max(len(planner.power) // 2, count)
    ]
    free = [one for one in planner.participants.free("squeeze", large) if one not in sellers]
    chosen = pick_accounts(planner, rng, days[0], free if len(free) >= count else planner.power, count)
    unused = [entity for entity in chosen if planner.participants.is_free("squeeze", entity)]
    planner.participants.take(rng, "squeeze", unused, len(unused))
    return chosen


def _endow(planner: CasePlanner, rng: np.random.Generator, members: list[int], surplus: float) -> None:
    """Give the members their surplus from years before, which they have kept."""
    older = [
        column
        for column, asset in enumerate(planner.timeline.assets)
        if asset.is_allowance and asset.instrument_id and is_outstanding(planner, column)
    ]
    shares = rng.dirichlet(np.full(len(members), 4.0))
    for member, share in zip(members, shares.tolist(), strict=True):
        key = member, int(rng.choice(older))
        planner.plan.registry.opening[key] = planner.plan.registry.opening.get(key, 0) + int(surplus * share)


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Cautious companies that sell nothing all year and keep what they have for the years to come."""
    for number in range(lookalike_count(planner, rng)):
        year = planner.timeline.years[number % len(planner.timeline.years)]
        days = [day for day in planner.timeline.trading_days if day.year == year]
        members = pick_accounts(planner, rng, days[0], planner.power, whole(rng, (2, 4)))
        planner.plan.trading.withhold(members, days)
        asset = planner.main_asset(days[-30])
        assert asset in traded(planner, days[-30])  # noqa: S101 - the newest vintage trades by then
        text = "cautious companies that sell nothing all year"
        subjects = [*planner.account_ids(members), instrument_of(planner, asset)]
        window = planner.day_window(days[0], days[-1])
        planner.note_lookalike("compliance_squeeze", text, subjects, window)


KIND = Kind("compliance_squeeze", arrange, resemble, "cautious companies that sell nothing all year")
