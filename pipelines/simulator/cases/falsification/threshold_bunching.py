"""Figures stated just below a limit from which an advantage follows.

`hours`: operating hours are stated longer than they were, so that the load factor of the year falls just
under 65 %, where the peak-shaving factor begins [D-05]; days on which a unit did not run make it possible.
`emissions`: a small emitter over the listing threshold of 26,000 t states a little less.
"""

from __future__ import annotations

import calendar
from datetime import date, timedelta

import numpy as np

from pipelines.simulator import law
from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.emitting import EmissionTarget, HoursTarget, LoadCourse, Outage

_KIND = "threshold_bunching"
_FORMS = ("hours", "emissions", "hours")
_LISTED_FROM = 26_000.0  # t a year, listing threshold
_SMALL_SINCE = 2024  # first year that small emitters report
_CONVENTIONAL = ("coal_gt300", "coal_le300")
# By how much the true figure is above the stated one, how near to the limit that one is, and for how long.
_STRETCH = {"faint": (0.012, 0.03), "plain": (0.045, 0.08), "blatant": (0.12, 0.22)}
_OVER = {"faint": (0.03, 0.08), "plain": (0.15, 0.30), "blatant": (0.6, 1.5)}
_METHOD_OF = 2024  # the year whose allocation method the case exploits, own
_NEAR = {"faint": (0.004, 0.015), "plain": (0.002, 0.008), "blatant": (0.0005, 0.004)}
# Days that a unit really rests in the year, in one go, and of its short stops.
_REST_DAYS = {"faint": (18, 40), "plain": (35, 60), "blatant": (70, 120)}
_SHORT_STOP = (1, 8)


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Each case at all units of a coal plant, or at a small emitter, in one compliance year or all."""
    for severity, form in selection.graded(planner, rng, _FORMS):
        years = [
            year for year in planner.timeline.compliance_years if form == "hours" or year >= _SMALL_SINCE
        ]
        if severity != "blatant":
            years = [int(rng.choice(years))]
        if form == "hours":
            _stretched_hours(planner, rng, severity, years)
        else:
            _under_the_list(planner, rng, severity, years)


def _stretched_hours(planner: CasePlanner, rng: np.random.Generator, severity: str, years: list[int]) -> None:
    plan, fleet = planner.plan.emitters, planner.world.fleet
    unit, _ = selection.take_unit(planner, rng, _conventional(planner))
    units = [unit]
    if severity != "faint":
        mates = planner.units_of(int(fleet.entity[unit]))
        units += [mate for mate in mates if mate != unit and _conventional(planner)[mate]]
    above = selection.drawn(rng, _STRETCH, severity)
    tag = planner.open_case(
        _KIND,
        severity,
        f"operating hours of {_units(len(units))} stretched by about {above:.1%} to just under 65 % of load",
        [planner.world.entities.id[int(fleet.entity[unit])], *(fleet.id[one] for one in units)],
        _years_window(planner, years),
        {"unit_years": [[fleet.id[one], year] for one in units for year in years]},
    )
    edge = law.allocation("peak_shaving_below", _METHOD_OF)
    for one in units:
        for year in years:
            near = edge * (1 - selection.drawn(rng, _NEAR, severity))
            level = near * (1 + above * float(rng.uniform(0.9, 1.1)))
            _run_at(planner, rng, one, year, level, _REST_DAYS[severity])
            plan.hours_targets.append(HoursTarget(one, year, near, tag))


def _under_the_list(planner: CasePlanner, rng: np.random.Generator, severity: str, years: list[int]) -> None:
    entity = _small_emitter(planner, rng)
    over = selection.drawn(rng, _OVER, severity)
    code = planner.world.entities.id[entity]
    planner.plan.emitters.yearly_emissions[entity] = _LISTED_FROM * (1 + over)
    tag = planner.open_case(
        _KIND,
        severity,
        f"true emissions {over:.0%} over the listing threshold, reported just under it",
        [code],
        _years_window(planner, years),
        {"emission_reports": [[code, year, 1] for year in years]},
    )
    # The years around are stated alike, or the threshold would be passed in them for all to see.
    for year in {month.year for month in planner.timeline.months}:
        near = _LISTED_FROM * (1 - selection.drawn(rng, _NEAR, severity))
        target = EmissionTarget(entity, year, near, tag if year in years else 0)
        planner.plan.emitters.emission_targets.append(target)


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """In turn plants that really run just under 65 %, and small emitters really under the threshold."""
    for turn in selection.lookalikes(planner):
        year = int(rng.choice(planner.timeline.compliance_years))
        if turn % 3 == 1:
            entity = _small_emitter(planner, rng)
            true = _LISTED_FROM * float(rng.uniform(0.93, 0.985))
            planner.plan.emitters.yearly_emissions[entity] = true
            text, subjects = f"really emits {true:,.0f} t a year", [planner.world.entities.id[entity]]
        else:
            unit, _ = selection.take_unit(planner, rng, _conventional(planner))
            level = float(rng.uniform(0.60, 0.645))
            _run_at(planner, rng, unit, year, level, _REST_DAYS["faint"])
            text, subjects = f"really runs at about {level:.1%} of capacity", planner.unit_subjects(unit)
        planner.note_lookalike(_KIND, text, subjects, _years_window(planner, [year]))


def _run_at(
    planner: CasePlanner, rng: np.random.Generator, unit: int, year: int, level: float, rest: tuple[int, int]
) -> None:
    """Let a unit truly run at that load factor in a year, with a long rest and some short stops."""
    plan = planner.plan.emitters
    first, days = date(year, 1, 1), 366 if calendar.isleap(year) else 365
    plan.load_courses.append(LoadCourse(unit, first, date(year, 12, 31), level))
    lengths = [int(rng.integers(*rest)), *rng.integers(*_SHORT_STOP, int(rng.integers(2, 5))).tolist()]
    for length in lengths:
        start = first + timedelta(days=int(rng.integers(0, days - length)))
        plan.outages.append(Outage(unit, start, start + timedelta(days=length - 1)))


def _conventional(planner: CasePlanner) -> np.ndarray:
    return np.asarray(selection.coal_power(planner) & np.isin(planner.world.fleet.unit_class, _CONVENTIONAL))


def _small_emitter(planner: CasePlanner, rng: np.random.Generator) -> int:
    """A small emitter that has no part at its plant nor in compliance: its true emissions are set here."""
    small = np.flatnonzero(planner.world.entities.is_small).tolist()
    entity = planner.participants.take(rng, "plant", planner.participants.free("compliance", small), 1)[0]
    planner.participants.take(rng, "compliance", [entity], 1)
    return entity


def _units(count: int) -> str:
    return "1 unit" if count == 1 else f"{count} units"


def _years_window(planner: CasePlanner, years: list[int]) -> tuple[int, int]:
    return planner.year_window(min(years))[0], planner.year_window(max(years))[1]


KIND = Kind(_KIND, arrange, resemble, "plants and small emitters that really stay a little under the limit")
