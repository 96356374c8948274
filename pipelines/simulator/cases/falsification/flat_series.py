"""Monitors whose values do not follow the load: a blocked sampler, a held signal [F-11, F-16]."""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.emitting import LoadCourse, MonitorEdit

# Relative noise that is left, and for how many hours.
_NOISE = {"faint": (0.012, 0.022), "plain": (0.004, 0.010), "blatant": (0.0, 0.002)}
_HOURS = {"faint": (30, 72), "plain": (80, 240), "blatant": (300, 1_000)}
_NIGHT = (1, 5)  # held from low load on, since what is held then is little
_BASE_LOAD_DAYS = (20, 60)


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Each case at one power unit that runs throughout; most begin at night, some last over a month end."""
    for severity in planner.severities(rng):
        unit, _ = selection.take_unit(planner, rng, _varying(planner), before=("convenient_downtime",))
        noise = selection.drawn(rng, _NOISE, severity)
        hours = selection.monitored_hours(
            planner,
            rng,
            selection.drawn_count(rng, _HOURS, severity),
            _NIGHT if rng.random() < 0.7 else (0, 24),
        )
        tag = planner.open_case(
            "flat_series",
            severity,
            f"mass, concentration and flow held within {noise:.1%} for {hours.count} hours",
            planner.unit_subjects(unit),
            hours.window,
        )
        selection.keep_running(planner, unit, hours.first - timedelta(days=2), hours.last + timedelta(days=2))
        edit = MonitorEdit(unit, hours.first, hours.first_hour, hours.count, "hold", noise, tag)
        planner.plan.emitters.monitor_edits.append(edit)


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Base load: the unit itself hardly varies, and so does what its monitor sees."""
    for _ in selection.lookalikes(planner):
        unit, _ = selection.take_unit(planner, rng, _varying(planner))
        days = int(rng.integers(*_BASE_LOAD_DAYS))
        hours = selection.monitored_hours(planner, rng, days * 24, (0, 1))
        level, spread = float(rng.uniform(0.78, 0.95)), float(rng.uniform(0.002, 0.008))
        planner.plan.emitters.load_courses.append(LoadCourse(unit, hours.first, hours.last, level, spread))
        planner.note_lookalike(
            "flat_series",
            f"base load at {level:.0%} of capacity for {days} days",
            planner.unit_subjects(unit),
            hours.window,
        )


def _varying(planner: CasePlanner) -> np.ndarray:
    return np.asarray(selection.established(planner) & planner.world.fleet.is_power)


KIND = Kind("flat_series", arrange, resemble, "a unit on steady base load, whose monitor varies as little")
