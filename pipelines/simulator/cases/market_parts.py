"""Who plays a part in the market: severity, how the players are related, and who is free at that time.

Accounts are chosen for half a year at a time, so that some do several things over the years but nobody
two at once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calibration_registry as registry_numbers
from pipelines.simulator.cases.market_days import windows
from pipelines.simulator.cases.planner import SEVERITIES, CasePlanner

RELATIONS = ("declared", "undeclared", "strangers")
TRADERS = ("fund", "broker", "individual")
_WORDS = {
    "declared": "of one controller",
    "undeclared": "of one group that is not declared as their controller",
    "strangers": "of no known relation",
}
FIRST_SURRENDERS = (11, 14)  # month and day until which nobody surrenders yet, own (before the rush to C-09)
_AFTER_BOOKING = 3
_SAMPLE = 120  # accounts among which the next stranger is sought
_EARLIEST = 15  # trading days into the span


@dataclass(frozen=True)
class Part:
    """One case to set: its place among its kind's, its severity and how the players are related."""

    number: int
    severity: str
    relation: str


@dataclass(frozen=True)
class Party:
    """Accounts that act together, and in words how they are related."""

    accounts: list[int]
    relation: str

    @property
    def words(self) -> str:
        """How they are related, for a case's description."""
        return _WORDS[self.relation]


def parts(planner: CasePlanner, rng: np.random.Generator) -> list[Part]:
    """Every case of a kind at this scale; severities and relations meet in all combinations."""
    relations = rng.permutation(len(RELATIONS))
    seen: Counter[str] = Counter()
    made = []
    for number, severity in enumerate(planner.severities(rng)):
        place = (SEVERITIES.index(severity) + seen[severity]) % len(RELATIONS)
        made.append(Part(number, severity, RELATIONS[int(relations[place])]))
        seen[severity] += 1
    return made


def scheduled(
    planner: CasePlanner, rng: np.random.Generator, drawn: list[Part], lengths: list[int]
) -> list[tuple[Part, list[date]]]:
    """Each part with its trading days; those of undeclared relatives at a time when emitters can sell."""
    days = planner.timeline.trading_days
    planned = []
    for part, window, length in zip(drawn, windows(planner, rng, lengths), lengths, strict=True):
        chosen = window
        if part.relation == "undeclared" and not emitters_may_sell(planner, window[0], window[-1]):
            spans = [days[n : n + length] for n in range(_EARLIEST, len(days) - length)]
            spans = [span for span in spans if emitters_may_sell(planner, span[0], span[-1])]
            chosen = spans[int(rng.integers(len(spans)))] if spans else window
        planned.append((part, chosen))
    return planned


def lookalike_count(planner: CasePlanner, rng: np.random.Generator) -> int:
    """How many look-alikes of a kind to set: about two thirds of its cases."""
    return round(planner.scale.cases_per_kind * 0.66) + int(rng.integers(0, 2))


def uniform(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """A number between the two."""
    return float(rng.uniform(*bounds))


def whole(rng: np.random.Generator, bounds: tuple[int, int]) -> int:
    """A whole number between the two, both included."""
    return int(rng.integers(bounds[0], bounds[1] + 1))


def can_sell_allocated(planner: CasePlanner, day: date) -> bool:
    """Whether power companies still hold what they were allocated for the main vintage on that day."""
    vintage = planner.timeline.assets[planner.main_asset(day)].vintage
    booked = registry_numbers.PRELIMINARY_BOOKED.get(vintage or 0)
    if booked is None:
        return False
    return booked + timedelta(days=_AFTER_BOOKING) <= day <= date(booked.year, *FIRST_SURRENDERS)


def emitters_may_sell(planner: CasePlanner, first: date, last: date) -> bool:
    """Whether emitters can be made sellers then: nobody surrenders within, nor has sold out since."""
    year = planner.timeline.years[0]
    before_any = last <= date(year, *FIRST_SURRENDERS)
    return before_any or (can_sell_allocated(planner, first) and can_sell_allocated(planner, last))


def pick_accounts(
    planner: CasePlanner, rng: np.random.Generator, day: date, among: Iterable[int], count: int
) -> list[int]:
    """Some of these accounts that are open by then and free in that half-year.

    Where too few are free, some that play another part in that half-year double.

    Raises:
        RuntimeError: fewer accounts are open by then than are wanted.
    """
    opened, closed = planner.world.accounts.opened_on, planner.world.accounts.closed_on
    able = [
        account
        for account in among
        if opened[account] + timedelta(days=2) <= day and (closed[account] or date.max) > day
    ]
    pool = f"market {day.year} {(day.month + 5) // 6}"
    free = planner.participants.free(pool, able)
    if len(free) >= count:
        return planner.participants.take(rng, pool, free, count)
    if len(able) < count:
        raise RuntimeError(f"{count} accounts wanted that are open on {day}, found {len(able)}")
    chosen = planner.participants.take(rng, pool, free, len(free)) if free else []
    double = [account for account in able if account not in chosen]
    return chosen + [int(one) for one in rng.choice(double, count - len(chosen), replace=False)]


def pick_party(
    planner: CasePlanner,
    rng: np.random.Generator,
    days: list[date],
    count: int,
    relation: str,
    emitters: bool | None = None,
) -> Party:
    """Accounts so related that act together on these days.

    Where no family of that relation has enough free members they are strangers. Emitters take part
    only while they can sell, unless `emitters` says so.
    """
    with_emitters = emitters_may_sell(planner, days[0], days[-1]) if emitters is None else emitters
    families = _families(planner, relation) if relation != "strangers" else []
    families = [families[n] for n in rng.permutation(len(families)).tolist()]
    for family in families:
        able = [
            account for account in family if with_emitters or planner.world.accounts.role[account] != "entity"
        ]
        able = [account for account in able if planner.world.accounts.opened_on[account] < days[0]]
        able = [account for account in able if planner.world.has_present_group(account, days[0])]
        pool = f"market {days[0].year} {(days[0].month + 5) // 6}"
        if len(free := planner.participants.free(pool, able)) >= count:
            chosen = _of_one_kind(planner, rng, free, count, relation)
            if chosen is not None:
                return Party(planner.participants.take(rng, pool, chosen, count), relation)
    return Party(strangers(planner, rng, days[0], count, with_emitters), "strangers")


def strangers(
    planner: CasePlanner, rng: np.random.Generator, day: date, count: int, with_emitters: bool
) -> list[int]:
    """Accounts of no group or controller in common: traders, and power companies where wanted."""
    among = planner.with_role(*TRADERS) + (planner.power if with_emitters else [])
    mixed = [among[n] for n in rng.permutation(len(among)).tolist()]
    chosen: list[int] = []
    ties: set[str | None] = set()
    while len(chosen) < count:
        near = mixed[: max(_SAMPLE, len(mixed) // 20)]
        able = [
            account for account in near if _tie(planner, account) not in ties or not _tie(planner, account)
        ]
        one = pick_accounts(planner, rng, day, able, 1)[0]
        chosen.append(one)
        ties.add(_tie(planner, one))
        mixed = [account for account in mixed if account != one]
        mixed = [mixed[n] for n in rng.permutation(len(mixed)).tolist()]
    return chosen


def long_standing(
    planner: CasePlanner, rng: np.random.Generator, days: list[date], count: int, relation: str
) -> Party:
    """A party that can have held something since the record opened: no emitters that surrender it before."""
    if relation == "undeclared" and days[-1].year == planner.timeline.years[0]:
        return pick_party(planner, rng, days, count, relation, emitters=True)
    opened, controller = planner.world.accounts.opened_on, planner.world.accounts.controller
    able = [
        a
        for a in planner.with_role("fund", "broker", "treasury", "individual")
        if opened[a] < planner.timeline.opening_day
    ]
    if relation == "declared":
        families: dict[str, list[int]] = {}
        for account in able:
            if (holder := controller[account]) is not None:
                families.setdefault(holder, []).append(account)
        large = [family for family in families.values() if len(family) >= min(count, 2)]
        if large:
            family = large[int(rng.integers(len(large)))]
            return Party(pick_accounts(planner, rng, days[0], family, min(count, len(family))), relation)
    single = [account for account in able if controller[account] is None]
    return Party(pick_accounts(planner, rng, days[0], single, count), "strangers")


def _tie(planner: CasePlanner, account: int) -> str | None:
    """Group or controller of an account, whatever is known of it to anybody."""
    entities = planner.world.entities
    if account < planner.world.key_emitters and int(entities.group[account]) >= 0:
        return f"group {int(entities.group[account])}"
    return planner.world.accounts.controller[account]


def _families(planner: CasePlanner, relation: str) -> list[list[int]]:
    """Accounts of one controller, or power companies of one group of which not all declare it."""
    accounts = planner.world.accounts
    if relation == "undeclared":
        return [family.tolist() for family in planner.world.sisters()]
    by_controller: dict[str, list[int]] = {}
    suitable = {*planner.power, *planner.with_role("treasury", "fund", "individual", "broker")}
    for account in sorted(suitable):
        controller = accounts.controller[account]
        if controller is not None:
            by_controller.setdefault(controller, []).append(account)
    return [family for family in by_controller.values() if len(family) >= 2]


def _of_one_kind(
    planner: CasePlanner, rng: np.random.Generator, family: list[int], count: int, relation: str
) -> list[int] | None:
    """So many of a family whose common controller is declared, or is not; None where that cannot be."""
    controller = planner.world.accounts.controller
    mixed = [family[n] for n in rng.permutation(len(family)).tolist()]
    if relation == "declared":
        return mixed[:count]
    declared = [account for account in mixed if controller[account] is not None]
    hidden = [account for account in mixed if controller[account] is None]
    if len(hidden) >= count:
        return hidden[:count]
    if not hidden or not declared:
        return None
    chosen = [*hidden, *declared[:1]]
    return chosen[:count] if len(chosen) >= count else None
