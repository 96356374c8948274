"""Measured carbon in months in which it is lower than the default, the default factor in the others [E-05].

For coal power plants the default is so high that measuring is always better; for coke, industrial coal and
gas it lies within the range of real fuels, so that choosing each month lowers the total.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.falsification import selection
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.emitting import SelectiveDefault

_KIND = "selective_default"
# Share of the months with more carbon than the default in which the default is stated.
_SHARE = {"faint": (0.50, 0.65), "plain": (0.72, 0.88), "blatant": (0.97, 1.0)}
_MONTHS = {"faint": (12, 18), "plain": (14, 22), "blatant": (18, 34)}
_OUTAGE_MONTHS = (2, 6)


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Each case at one industrial line or gas unit, for a year and more."""
    for severity in planner.severities(rng):
        unit, _ = selection.take_unit(
            planner, rng, _choosing(planner), before=("mass_balance_gap", "output_mismatch")
        )
        share = selection.drawn(rng, _SHARE, severity)
        length = selection.drawn_count(rng, _MONTHS, severity)
        months = selection.stretch(rng, selection.months_of(planner, unit), length)
        tag = planner.open_case(
            _KIND,
            severity,
            f"default carbon stated in {share:.0%} of the months in which it is below the true one, "
            f"within {len(months)} months",
            planner.unit_subjects(unit),
            planner.month_window(months[0], months[-1]),
        )
        planner.plan.emitters.selective_defaults.append(
            SelectiveDefault(unit, months[0], months[-1], share, tag)
        )


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """A laboratory falls out for some months, in turn at a line and at a coal plant, which it costs dear."""
    for turn in selection.lookalikes(planner):
        suitable = (
            selection.coal_power(planner)
            if turn % 2
            else _choosing(planner) & planner.world.fleet.measures_carbon
        )
        unit, _ = selection.take_unit(planner, rng, suitable)
        length = int(rng.integers(*_OUTAGE_MONTHS))
        months = selection.stretch(rng, selection.months_of(planner, unit), length)
        planner.plan.emitters.default_carbon[months, unit] = True
        planner.note_lookalike(
            _KIND,
            f"laboratory out for {len(months)} months in a row, default as the rule asks",
            planner.unit_subjects(unit),
            planner.month_window(months[0], months[-1]),
        )


def _choosing(planner: CasePlanner) -> np.ndarray:
    """Mask over units for which the default lies amid the carbon contents that really occur."""
    fleet = planner.world.fleet
    burns = ~fleet.is_power & np.isin(fleet.fuel, (*selection.COAL, "coke"))
    return np.asarray(selection.established(planner) & (burns | fleet.is_gas))


KIND = Kind(_KIND, arrange, resemble, "default carbon while a laboratory is out, whether it pays or not")
