"""Who takes part in falsification, for how long and how strongly: steps that its modules share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calendar, law
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.emitting import LoadCourse

Range = tuple[float, float]
Graded = Mapping[str, Range]

COAL = ("coal", "lignite", "anthracite")
RELATIONS = ("declared", "undeclared", "laboratory", "strangers")
_TWICE = 0.3
_WARM_UP_DAYS = 7


def graded(planner: CasePlanner, rng: np.random.Generator, forms: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A severity and a form for every case of a kind; every form comes about equally often."""
    severities = planner.severities(rng)
    order = rng.permutation(len(forms))
    for number, severity in enumerate(severities):
        yield severity, forms[int(order[number % len(forms)])]


def drawn(rng: np.random.Generator, ranges: Graded, severity: str) -> float:
    """A strength from the range of that severity."""
    return float(rng.uniform(*ranges[severity]))


def drawn_count(rng: np.random.Generator, ranges: Graded, severity: str) -> int:
    """A whole number from the range of that severity, both ends included."""
    low, high = ranges[severity]
    return int(rng.integers(int(low), int(high) + 1))


def lookalikes(planner: CasePlanner) -> range:
    """One turn for every look-alike of a kind at this scale."""
    return range(max(2, round(planner.scale.cases_per_kind * 2 / 3)))


def reported_months(planner: CasePlanner, industry: bool = False) -> list[int]:
    """Month numbers whose monthly reports are due within the span."""
    last = planner.timeline.last_filed_month
    return [
        number
        for number, month in enumerate(planner.timeline.months)
        if month <= last and (not industry or month.year >= law.industry_since())
    ]


def months_of(planner: CasePlanner, unit: int) -> list[int]:
    """Month numbers in which a unit reports."""
    return reported_months(planner, industry=not bool(planner.world.fleet.is_power[unit]))


def hourly_months(planner: CasePlanner) -> list[int]:
    """Month numbers in which stack monitors are published, the last of the span among them."""
    return [planner.month_number(month) for month in planner.timeline.hourly_months(planner.scale)]


def compared_months(planner: CasePlanner) -> list[int]:
    """Month numbers in which both stack monitors and monthly reports are published."""
    reported = set(reported_months(planner))
    return [month for month in hourly_months(planner) if month in reported]


def stretch(rng: np.random.Generator, months: Sequence[int], length: int) -> list[int]:
    """Consecutive months out of these, `length` of them or all if there are fewer."""
    length = min(max(length, 1), len(months))
    start = int(rng.integers(0, len(months) - length + 1))
    return list(months[start : start + length])


def established(planner: CasePlanner) -> np.ndarray:
    """Mask over units: of key emitters that are listed all along, and in service throughout."""
    world = planner.world
    first = planner.timeline.months[0]
    entities = world.entities
    stops = zip(entities.is_small, entities.exited_on, entities.stopped_on, strict=True)
    lasting = np.array([not small and exited is None and stopped is None for small, exited, stopped in stops])
    service = zip(world.fleet.commissioned_on, world.fleet.retired_on, strict=True)
    in_service = np.array([(start is None or start < first) and end is None for start, end in service])
    return np.asarray(lasting[world.fleet.entity] & in_service)


def coal_power(planner: CasePlanner) -> np.ndarray:
    """Mask over units: established power units whose coal is analysed."""
    fleet = planner.world.fleet
    return np.asarray(established(planner) & fleet.is_power & fleet.is_analysed & np.isin(fleet.fuel, COAL))


def take_unit(
    planner: CasePlanner, rng: np.random.Generator, suitable: np.ndarray, before: Sequence[str] = ()
) -> tuple[int, bool]:
    """A unit for a part, and whether its entity plays another one already.

    Now and then it is a second unit of somebody who has a case of one of the kinds `before`, since who
    cheats in one way cheats in others; it is a unit that has no part of its own.
    """
    if before and rng.random() < _TWICE:
        units = _second_units(planner, suitable, before)
        if units:
            return int(rng.choice(units)), True
    return planner.take_unit(rng, suitable), False


def _second_units(planner: CasePlanner, suitable: np.ndarray, kinds: Sequence[str]) -> list[int]:
    fleet, entities = planner.world.fleet, planner.world.entities
    involved = {subject for case in (*planner.cases, *planner.lookalikes) for subject in case.subject_ids}
    known = {subject for case in planner.cases if case.kind in kinds for subject in case.subject_ids}
    return [
        unit
        for unit in np.flatnonzero(suitable).tolist()
        if entities.id[int(fleet.entity[unit])] in known and fleet.id[unit] not in involved
    ]


def clients_of_earlier(planner: CasePlanner, suitable: np.ndarray, kinds: Sequence[str]) -> np.ndarray:
    """Mask over units: suitable ones of free entities whose laboratory serves a case of these kinds."""
    fleet = planner.world.fleet
    known = {subject for case in planner.cases if case.kind in kinds for subject in case.subject_ids}
    served = [int(fleet.laboratory[unit]) for unit, name in enumerate(fleet.id) if name in known]
    return np.asarray(free(planner, suitable) & np.isin(fleet.laboratory, served))


def free(planner: CasePlanner, suitable: np.ndarray) -> np.ndarray:
    """Mask over units: suitable ones of entities that have no part at their plants yet."""
    entities = planner.participants.free("plant", range(len(planner.world.entities)))
    return np.asarray(suitable & np.isin(planner.world.fleet.entity, entities))


def take_partners(
    planner: CasePlanner, rng: np.random.Generator, suitable: np.ndarray, relation: str
) -> tuple[list[int], str]:
    """Units of two free entities that burn the same fuel and are related as said, and how they are related.

    `declared`: of one group that both accounts name as their controller; `undeclared`: of one group that
    they do not name; `laboratory`: of no common group, but clients of one laboratory; `strangers`:
    neither. Where nobody is left who is so related, the next relation is tried. The second unit is the
    one nearest in size.

    Raises:
        RuntimeError: no two suitable entities are free.
    """
    fleet = planner.world.fleet
    units = rng.permutation(np.flatnonzero(free(planner, suitable)))
    start = RELATIONS.index(relation)
    for wanted in (*RELATIONS[start:], *RELATIONS[:start]):
        for first in units.tolist():
            alike = units[
                (fleet.fuel[units] == fleet.fuel[first]) & (relations(planner, first, units) == wanted)
            ]
            if len(alike):
                second = alike[np.argmin(np.abs(np.log(fleet.capacity[alike] / fleet.capacity[first])))]
                planner.participants.take(
                    rng, "plant", [int(fleet.entity[first]), int(fleet.entity[second])], 2
                )
                return [first, int(second)], wanted
    raise RuntimeError("suitable units of two free entities wanted, found none; use a larger scale")


def relations(planner: CasePlanner, first: int, others: np.ndarray) -> np.ndarray:
    """How the entity of a unit is related to those of others; empty for units of its own entity."""
    fleet, entities, accounts = planner.world.fleet, planner.world.entities, planner.world.accounts
    one, other = int(fleet.entity[first]), fleet.entity[others]
    kin = (entities.group[one] >= 0) & (entities.group[other] == entities.group[one])
    named = np.array([controller or "" for controller in accounts.controller], dtype=object)
    said = (named[one] != "") & (named[other] == named[one])
    near = fleet.laboratory[others] == fleet.laboratory[first]
    found = np.select([kin & said, kin, near], RELATIONS[:3], default=RELATIONS[3])
    return np.where(other == one, "", found)


def report_keys(planner: CasePlanner, unit: int, months: Sequence[int]) -> list[list[str | int]]:
    """Keys of a unit's monthly reports."""
    fleet = planner.world.fleet
    return [
        [fleet.id[unit], planner.timeline.months[month].isoformat(), str(fleet.fuel[unit]), 1]
        for month in months
    ]


def month_days(planner: CasePlanner, month: int) -> int:
    """How many days a month has."""
    first = planner.timeline.months[month]
    return (calendar.next_month(first) - first).days


@dataclass(frozen=True)
class Hours:
    """Monitored hours in a row, from a Shanghai hour of the day `first` on."""

    first: date
    first_hour: int
    count: int

    @property
    def last(self) -> date:
        """The day that the last hour lies in."""
        return self.first + timedelta(days=(self.first_hour + self.count - 1) // 24)

    @property
    def window(self) -> tuple[int, int]:
        """Half-open window of these hours."""
        start = calendar.local(self.first, self.first_hour * 3600.0)
        return start, start + self.count * 3600 * calendar.MICROSECONDS


def monitored_hours(
    planner: CasePlanner, rng: np.random.Generator, count: int, first_hours: tuple[int, int] = (0, 24)
) -> Hours:
    """So many hours in a row while stack monitors are published, at most all but the first week.

    They begin at an hour in the half-open range `first_hours` and run on over midnights and month ends.
    """
    months = hourly_months(planner)
    origin = planner.timeline.months[months[0]]
    days = sum(month_days(planner, month) for month in months)
    count = min(count, (days - _WARM_UP_DAYS - 1) * 24)
    latest = days - _WARM_UP_DAYS - 1 - count // 24
    first = origin + timedelta(days=_WARM_UP_DAYS + int(rng.integers(0, latest + 1)))
    return Hours(first, int(rng.integers(*first_hours)), count)


def keep_running(planner: CasePlanner, unit: int, first: date, last: date) -> None:
    """Outages of a unit fall on other days than these."""
    planner.plan.emitters.load_courses.append(LoadCourse(unit, first, last))


def keep_sampled(planner: CasePlanner, rng: np.random.Generator, unit: int, months: Sequence[int]) -> None:
    """A unit runs for some days at least in each of these months, so that there is coal to analyse."""
    for month in months:
        first = planner.timeline.months[month] + timedelta(days=int(rng.integers(0, 20)))
        keep_running(planner, unit, first, first + timedelta(days=int(rng.integers(3, 8))))
