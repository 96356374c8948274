"""Impossible laboratory dates: a step before the one that it requires, or more tests than fit into a day.

At a unit, a report's steps are out of order, or one bulk test is split into months [F-01, F-05]. At a
laboratory, the samples of many clients and months are all tested on one day [F-04].
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.emitting import LabDates

_FORMS = (
    "tested before received",
    "one bulk test split into months",
    "all tested in one day",
    "tested before sampled",
    "reported before tested",
)
_MONTHS = {"faint": (1, 2), "plain": (3, 6), "blatant": (8, 15)}
_BULK_MONTHS = {"faint": (2, 3), "plain": (4, 6), "blatant": (9, 14)}
_DAYS_OFF = {"faint": (1, 3), "plain": (2, 7), "blatant": (5, 20)}
# Tests of one day, in samples that the laboratory's clients send it in a month.
_TESTS_A_DAY = {"faint": (1.4, 2.0), "plain": (2.5, 4.0), "blatant": (5.0, 9.0)}
_LAWFUL_BATCH = (0.5, 0.8)
_SAME_LABORATORY = 0.5  # how many of the cases go through a laboratory that has one already
_BEFORE = ("cems_gap", "convenient_downtime", "digit_anomaly", "flat_series")


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """One case a unit or a laboratory."""
    for severity, form in selection.graded(planner, rng, _FORMS):
        if form == "all tested in one day":
            _overloaded(planner, rng, severity)
        else:
            _out_of_order(planner, rng, severity, form)


def _out_of_order(planner: CasePlanner, rng: np.random.Generator, severity: str, form: str) -> None:
    suitable = selection.coal_power(planner)
    clients = selection.clients_of_earlier(planner, suitable, ("lab_date_conflict",))
    if clients.any() and rng.random() < _SAME_LABORATORY:
        suitable = clients
    unit, again = selection.take_unit(planner, rng, suitable, before=_BEFORE)
    bulk = form.startswith("one bulk")
    length = selection.drawn_count(rng, _BULK_MONTHS if bulk else _MONTHS, severity)
    months = selection.stretch(rng, selection.reported_months(planner), length)
    text = f"{form}, {len(months)} samples" + (", at a company with another case" if again else "")
    tag = planner.open_case(
        "lab_date_conflict",
        severity,
        text,
        planner.unit_subjects(unit),
        planner.month_window(months[0], months[-1]),
    )
    selection.keep_sampled(planner, rng, unit, months)
    together = _month_end(planner, months[len(months) // 2]) + timedelta(days=int(rng.integers(3, 9)))
    for month in months:
        off = timedelta(days=selection.drawn_count(rng, _DAYS_OFF, severity))
        edit = (
            _bulk(planner, rng, unit, month, together, tag)
            if bulk
            else _shifted(planner, rng, form, unit, month, off, tag)
        )
        planner.plan.emitters.lab_dates.append(edit)


def _shifted(
    planner: CasePlanner, rng: np.random.Generator, form: str, unit: int, month: int, off: timedelta, tag: int
) -> LabDates:
    """One report with a step `off` before the one that it needs."""
    sampled = _month_end(planner, month)
    received = sampled + timedelta(days=int(rng.integers(1, 5)))
    tested = received + timedelta(days=int(rng.integers(2, 9)))
    reported = tested + timedelta(days=int(rng.integers(1, 7)))
    if form == "tested before received":
        received = sampled + off + timedelta(days=int(rng.integers(0, 3)))
        tested, reported = received - off, received + timedelta(days=int(rng.integers(1, 6)))
    elif form == "tested before sampled":
        tested = sampled - off
    else:
        tested = received + off + timedelta(days=int(rng.integers(1, 4)))
        reported = tested - off
    return LabDates(unit, month, sampled, received, tested, reported, tag)


def _bulk(
    planner: CasePlanner, rng: np.random.Generator, unit: int, month: int, together: date, tag: int
) -> LabDates:
    """One month's report, with the dates that were made up for it, of the test that was made for all."""
    sampled = _month_end(planner, month)
    received = sampled + timedelta(days=int(rng.integers(1, 5)))
    return LabDates(unit, month, sampled, received, together, received + timedelta(days=9), tag)


def _overloaded(planner: CasePlanner, rng: np.random.Generator, severity: str) -> None:
    world, plan = planner.world, planner.plan.emitters
    laboratory, clients = _busy_laboratory(planner, rng)
    wanted = round(selection.drawn(rng, _TESTS_A_DAY, severity) * len(clients))
    length = -(-wanted // len(clients))
    months = selection.stretch(rng, selection.reported_months(planner), length)
    places = [(unit, month) for month in reversed(months) for unit in clients][:wanted]
    day = _month_end(planner, months[-1]) + timedelta(days=int(rng.integers(4, 12)))
    tag = planner.open_case(
        "lab_date_conflict",
        severity,
        f"{len(places)} samples of {len(clients)} units from {len(months)} months all tested on one day",
        [world.laboratories[laboratory][0]],
        planner.month_window(months[0], months[-1]),
    )
    for unit, month in places:
        sampled = _month_end(planner, month)
        received = min(sampled + timedelta(days=int(rng.integers(1, 4))), day)
        reported = day + timedelta(days=int(rng.integers(1, 5)))
        plan.lab_dates.append(LabDates(unit, month, sampled, received, day, reported, tag))


def _busy_laboratory(planner: CasePlanner, rng: np.random.Generator) -> tuple[int, list[int]]:
    """A laboratory that has no such part yet, the busier the likelier, and its clients' units."""
    laboratory_of = planner.world.fleet.laboratory
    units = np.flatnonzero(selection.coal_power(planner))
    counts = np.bincount(laboratory_of[units], minlength=len(planner.world.laboratories))
    free = planner.participants.free("laboratory", np.flatnonzero(counts >= np.median(counts)).tolist())
    laboratory = planner.participants.take(rng, "laboratory", free, 1)[0]
    busy = {edit.unit for edit in planner.plan.emitters.lab_dates}
    clients = units[laboratory_of[units] == laboratory].tolist()
    return laboratory, [unit for unit in clients if unit not in busy]


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """A laboratory tests what came in over a holiday in one go: much for a day, but in order and in time."""
    for _ in selection.lookalikes(planner):
        laboratory, clients = _busy_laboratory(planner, rng)
        month = int(rng.choice(selection.reported_months(planner)))
        count = max(1, round(float(rng.uniform(*_LAWFUL_BATCH)) * len(clients)))
        day = _month_end(planner, month) + timedelta(days=int(rng.integers(5, 12)))
        for unit in rng.choice(clients, count, replace=False).tolist():
            sampled = _month_end(planner, month)
            received = sampled + timedelta(days=int(rng.integers(1, 5)))
            reported = day + timedelta(days=int(rng.integers(1, 6)))
            planner.plan.emitters.lab_dates.append(LabDates(unit, month, sampled, received, day, reported))
        planner.note_lookalike(
            "lab_date_conflict",
            f"{count} samples of one month tested on one day after a holiday, in order",
            [planner.world.laboratories[laboratory][0]],
            planner.month_window(month, month + 1),
        )


def _month_end(planner: CasePlanner, month: int) -> date:
    return calendar.next_month(planner.timeline.months[month]) - timedelta(days=1)


KIND = Kind(
    "lab_date_conflict", arrange, resemble, "a laboratory that lawfully tests a holiday's backlog at once"
)
