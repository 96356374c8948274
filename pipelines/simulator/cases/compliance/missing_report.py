"""Reports that never come: single months of a unit, several, or the annual report.

Look-alike: a unit that does not run for a month and files a report of zeros for it.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.compliance.duties import emitters, filing_months, take, take_year
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner

_MONTHS = {"faint": (1, 1), "plain": (2, 4), "blatant": (6, 10)}
_ANNUAL_SHARE = 0.5  # of the blatant cases


def _arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    # What a plant case left in a report that is missing could never be found, so those plants are spared.
    for severity in planner.severities(rng):
        entity = take(planner, rng, emitters(planner), ("plant",))
        planner.participants.take(rng, "plant", [entity], 1)
        if severity == "blatant" and rng.random() < _ANNUAL_SHARE:
            _missing_year(planner, rng, severity, entity)
        else:
            _missing_months(planner, rng, severity, entity)


def _missing_year(planner: CasePlanner, rng: np.random.Generator, severity: str, entity: int) -> None:
    year = take_year(planner, rng, entity)
    planner.plan.emitters.year_missing.add((entity, year))
    code = planner.world.entities.id[entity]
    planner.open_case(
        KIND.name,
        severity,
        f"no annual report of {year}",
        [code],
        planner.year_window(year),
        {"entities": [[code]], "compliance": [[code, year]]},
    )


def _missing_months(planner: CasePlanner, rng: np.random.Generator, severity: str, entity: int) -> None:
    unit = int(rng.choice(planner.units_of(entity)))
    low, high = _MONTHS[severity]
    possible = filing_months(planner, unit)
    count = min(int(rng.integers(low, high + 1)), len(possible))
    first = int(rng.integers(0, len(possible) - count + 1))
    months = possible[first : first + count]
    planner.plan.emitters.month_missing.update((unit, month) for month in months)
    planner.open_case(
        KIND.name,
        severity,
        f"no monthly report of {count} months",
        planner.unit_subjects(unit),
        planner.month_window(months[0], months[-1]),
        {"units": [[planner.world.fleet.id[unit]]]},
    )


def _resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    for _ in range(planner.scale.cases_per_kind):
        entity = take(planner, rng, emitters(planner), ("plant",))
        planner.participants.take(rng, "plant", [entity], 1)
        unit = int(rng.choice(planner.units_of(entity)))
        month = int(rng.choice(filing_months(planner, unit)))
        planner.plan.emitters.standstill.add((unit, month))
        planner.note_lookalike(
            KIND.name,
            "a month at standstill, reported with zeros",
            planner.unit_subjects(unit),
            planner.month_window(month, month),
        )


KIND = Kind("missing_report", _arrange, _resemble, "a month at standstill, for which zeros are reported")
