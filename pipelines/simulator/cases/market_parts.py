"""Who plays a part in the market: severity, how the players are related, and who is free at that time.

Accounts are cast for half a year at a time, so that some do several things over the years but nobody
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
from pipelines.simulator.cases.stage import SEVERITIES, Stage

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


def parts(stage: Stage, rng: np.random.Generator) -> list[Part]:
    """Every case of a kind at this scale; severities and relations meet in all combinations."""
    relations = rng.permutation(len(RELATIONS))
    seen: Counter[str] = Counter()
    made = []
    for number, severity in enumerate(stage.severities(rng)):
        place = (SEVERITIES.index(severity) + seen[severity]) % len(RELATIONS)
        made.append(Part(number, severity, RELATIONS[int(relations[place])]))
        seen[severity] += 1
    return made


def scheduled(
    stage: Stage, rng: np.random.Generator, drawn: list[Part], lengths: list[int]
) -> list[tuple[Part, list[date]]]:
    """Each part with its trading days; those of undeclared relatives at a time when emitters can sell."""
    days = stage.timeline.trading_days
    planned = []
    for part, window, length in zip(drawn, windows(stage, rng, lengths), lengths, strict=True):
        chosen = window
        if part.relation == "undeclared" and not emitters_may_sell(stage, window[0], window[-1]):
            spans = [days[n : n + length] for n in range(_EARLIEST, len(days) - length)]
            spans = [span for span in spans if emitters_may_sell(stage, span[0], span[-1])]
            chosen = spans[int(rng.integers(len(spans)))] if spans else window
        planned.append((part, chosen))
    return planned


def lookalike_count(stage: Stage, rng: np.random.Generator) -> int:
    """How many look-alikes of a kind to set: about two thirds of its cases."""
    return round(stage.scale.cases_per_kind * 0.66) + int(rng.integers(0, 2))


def uniform(rng: np.random.Generator, bounds: tuple[float, float]) -> float:
    """A number between the two."""
    return float(rng.uniform(*bounds))


def whole(rng: np.random.Generator, bounds: tuple[int, int]) -> int:
    """A whole number between the two, both included."""
    return int(rng.integers(bounds[0], bounds[1] + 1))


def can_sell_allocated(stage: Stage, day: date) -> bool:
    """Whether power companies still hold what they were allocated for the main vintage on that day."""
    vintage = stage.timeline.assets[stage.main_asset(day)].vintage
    booked = registry_numbers.PRELIMINARY_BOOKED.get(vintage or 0)
    if booked is None:
        return False
    return booked + timedelta(days=_AFTER_BOOKING) <= day <= date(booked.year, *FIRST_SURRENDERS)


def emitters_may_sell(stage: Stage, first: date, last: date) -> bool:
    """Whether emitters can be made sellers then: nobody surrenders within, nor has sold out since."""
    year = stage.timeline.years[0]
    before_any = last <= date(year, *FIRST_SURRENDERS)
    return before_any or (can_sell_allocated(stage, first) and can_sell_allocated(stage, last))


def cast(stage: Stage, rng: np.random.Generator, day: date, among: Iterable[int], count: int) -> list[int]:
    """Some of these accounts that are open by then and free in that half-year.

    Where too few are free, some that play another part in that half-year double.

    Raises:
        RuntimeError: fewer accounts are open by then than are wanted.
    """
    opened, closed = stage.world.accounts.opened_on, stage.world.accounts.closed_on
    able = [
        account
        for account in among
        if opened[account] + timedelta(days=2) <= day and (closed[account] or date.max) > day
    ]
    pool = f"market {day.year} {(day.month + 5) // 6}"
    free = stage.cast.free(pool, able)
    if len(free) >= count:
        return stage.cast.take(rng, pool, free, count)
    if len(able) < count:
        raise RuntimeError(f"{count} accounts wanted that are open on {day}, found {len(able)}")
    chosen = stage.cast.take(rng, pool, free, len(free)) if free else []
    double = [account for account in able if account not in chosen]
    return chosen + [int(one) for one in rng.choice(double, count - len(chosen), replace=False)]


def cast_party(
    stage: Stage,
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
    with_emitters = emitters_may_sell(stage, days[0], days[-1]) if emitters is None else emitters
    families = _families(stage, relation) if relation != "strangers" else []
    families = [families[n] for n in rng.permutation(len(families)).tolist()]
    for family in families:
        able = [
            account for account in family if with_emitters or stage.world.accounts.role[account] != "entity"
        ]
        able = [account for account in able if stage.world.accounts.opened_on[account] < days[0]]
        pool = f"market {days[0].year} {(days[0].month + 5) // 6}"
        if len(free := stage.cast.free(pool, able)) >= count:
            chosen = _of_one_kind(stage, rng, free, count, relation)
            if chosen is not None:
                return Party(stage.cast.take(rng, pool, chosen, count), relation)
    return Party(strangers(stage, rng, days[0], count, with_emitters), "strangers")


def strangers(
    stage: Stage, rng: np.random.Generator, day: date, count: int, with_emitters: bool
) -> list[int]:
    """Accounts of no group or controller in common: traders, and power companies where wanted."""
    among = stage.with_role(*TRADERS) + (stage.power if with_emitters else [])
    mixed = [among[n] for n in rng.permutation(len(among)).tolist()]
    chosen: list[int] = []
    ties: set[str | None] = set()
    while len(chosen) < count:
        near = mixed[: max(_SAMPLE, len(mixed) // 20)]
        able = [account for account in near if _tie(stage, account) not in ties or not _tie(stage, account)]
        one = cast(stage, rng, day, able, 1)[0]
        chosen.append(one)
        ties.add(_tie(stage, one))
        mixed = [account for account in mixed if account != one]
        mixed = [mixed[n] for n in rng.permutation(len(mixed)).tolist()]
    return chosen


def long_standing(
    stage: Stage, rng: np.random.Generator, days: list[date], count: int, relation: str
) -> Party:
    """A party that can have held something since the record opened: no emitters that surrender it before."""
    if relation == "undeclared" and days[-1].year == stage.timeline.years[0]:
        return cast_party(stage, rng, days, count, relation, emitters=True)
    opened, controller = stage.world.accounts.opened_on, stage.world.accounts.controller
    able = [
        a
        for a in stage.with_role("fund", "broker", "treasury", "individual")
        if opened[a] < stage.timeline.opening_day
    ]
    if relation == "declared":
        families: dict[str, list[int]] = {}
        for account in able:
            if (holder := controller[account]) is not None:
                families.setdefault(holder, []).append(account)
        large = [family for family in families.values() if len(family) >= min(count, 2)]
        if large:
            family = large[int(rng.integers(len(large)))]
            return Party(cast(stage, rng, days[0], family, min(count, len(family))), relation)
    single = [account for account in able if controller[account] is None]
    return Party(cast(stage, rng, days[0], single, count), "strangers")


def _tie(stage: Stage, account: int) -> str | None:
    """Group or controller of an account, whatever is known of it to anybody."""
    entities = stage.world.entities
    if account < stage.world.key_emitters and int(entities.group[account]) >= 0:
        return f"group {int(entities.group[account])}"
    return stage.world.accounts.controller[account]


def _families(stage: Stage, relation: str) -> list[list[int]]:
    """Accounts of one controller, or power companies of one group of which not all declare it."""
    accounts = stage.world.accounts
    if relation == "undeclared":
        return [family.tolist() for family in stage.world.sisters()]
    by_controller: dict[str, list[int]] = {}
    suitable = {*stage.power, *stage.with_role("treasury", "fund", "individual", "broker")}
    for account in sorted(suitable):
        controller = accounts.controller[account]
        if controller is not None:
            by_controller.setdefault(controller, []).append(account)
    return [family for family in by_controller.values() if len(family) >= 2]


def _of_one_kind(
    stage: Stage, rng: np.random.Generator, family: list[int], count: int, relation: str
) -> list[int] | None:
    """So many of a family whose common controller is declared, or is not; None where that cannot be."""
    controller = stage.world.accounts.controller
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
