"""Measured carbon where measuring pays, the default factor elsewhere, month by month [E-05].

For coal power plants the default is so high that measuring always pays; for coke, industrial coal and gas
it lies amid what coals and gases hold, so that who may choose each month gains.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.falsification import casting
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.stage import Stage
from pipelines.simulator.plan.emitting import SelectiveDefault

_KIND = "selective_default"
# Share of the months with more carbon than the default in which the default is stated.
_SHARE = {"faint": (0.50, 0.65), "plain": (0.72, 0.88), "blatant": (0.97, 1.0)}
_MONTHS = {"faint": (12, 18), "plain": (14, 22), "blatant": (18, 34)}
_OUTAGE_MONTHS = (2, 6)


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """Each case at one industrial line or gas unit, for a year and more."""
    for severity in stage.severities(rng):
        unit, _ = casting.take_unit(
            stage, rng, _choosing(stage), before=("mass_balance_gap", "output_mismatch")
        )
        share = casting.drawn(rng, _SHARE, severity)
        length = casting.drawn_count(rng, _MONTHS, severity)
        months = casting.stretch(rng, casting.months_of(stage, unit), length)
        tag = stage.open_case(
            _KIND,
            severity,
            f"default carbon stated in {share:.0%} of the months in which it is below the true one, "
            f"within {len(months)} months",
            stage.unit_subjects(unit),
            stage.month_window(months[0], months[-1]),
        )
        stage.plan.emitters.selective_defaults.append(
            SelectiveDefault(unit, months[0], months[-1], share, tag)
        )


def resemble(stage: Stage, rng: np.random.Generator) -> None:
    """A laboratory falls out for some months, in turn at a line and at a coal plant, which it costs dear."""
    for turn in casting.lookalikes(stage):
        suitable = (
            casting.coal_power(stage) if turn % 2 else _choosing(stage) & stage.world.fleet.measures_carbon
        )
        unit, _ = casting.take_unit(stage, rng, suitable)
        length = int(rng.integers(*_OUTAGE_MONTHS))
        months = casting.stretch(rng, casting.months_of(stage, unit), length)
        stage.plan.emitters.default_carbon[months, unit] = True
        stage.note_lookalike(
            _KIND,
            f"laboratory out for {len(months)} months in a row, default as the rule asks",
            stage.unit_subjects(unit),
            stage.month_window(months[0], months[-1]),
        )


def _choosing(stage: Stage) -> np.ndarray:
    """Mask over units for which the default lies amid the carbon contents that really occur."""
    fleet = stage.world.fleet
    burns = ~fleet.is_power & np.isin(fleet.fuel, (*casting.COAL, "coke"))
    return np.asarray(casting.established(stage) & (burns | fleet.is_gas))


KIND = Kind(_KIND, arrange, resemble, "default carbon while a laboratory is out, whether it pays or not")
