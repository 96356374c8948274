"""The figures that monthly reports state: the truth as an honest plant measures it, and the departures.

Everything is months by units. Falsifications are applied in this order: measured figures first, then annual
targets, then copies and invented digits; emissions are computed from what is stated in the end.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulator import calibration_plants as calibration
from pipelines.simulator.emitters.digits import invented
from pipelines.simulator.emitters.labs import Analyses
from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.plan.emitting import EmitterPlan, InventedDigits
from pipelines.simulator.seeds import Streams
from pipelines.simulator.world import World

_OWN_USE = (0.045, 0.075)
# Columns of `activity_reports` with the decimals that are printed.
DECIMALS = {
    "fuel_consumption": 2,
    "ncv": 3,
    "carbon_content": 5,
    "electricity_generated": 3,
    "electricity_supplied": 3,
    "heat_supplied": 2,
    "electricity_purchased": 3,
    "product_output": 2,
    "process_emissions": 2,
    "reported_emissions": 2,
}
_PROCESS_BY_PRODUCT = ("clinker_line", "aluminium_potline")  # rules E-40, E-42


@dataclass
class Stated:
    """Figures of the monthly reports by column, and what is not in them.

    `hours` are operating hours, `injected_fuel` and `injected_emissions` the second fuel of blast furnaces
    (t, tCO2), `combustion` that of all fuels; `hours_tag` is by unit and year.
    """

    columns: dict[str, np.ndarray]
    hours: np.ndarray
    combustion: np.ndarray
    injected_fuel: np.ndarray
    injected_emissions: np.ndarray
    tag: np.ndarray
    hours_tag: dict[tuple[int, int], int]

    @property
    def main_emissions(self) -> np.ndarray:
        """What the row of the main fuel states: everything but the second fuel's emissions."""
        return self.columns["reported_emissions"]

    @property
    def emissions(self) -> np.ndarray:
        """Stated emissions of every month and unit, all rows together."""
        return np.round(self.main_emissions + self.injected_emissions, 2)


def stated_figures(
    world: World, truth: Truth, plan: EmitterPlan, analyses: Analyses, streams: Streams
) -> Stated:
    """What every unit states in every month."""
    stated = _as_measured(world, truth, plan, analyses, streams)
    _meet_hours(world, truth, plan, stated)
    _meet_emissions(world, truth, plan, stated)
    _round(stated)
    _copy(plan, stated, streams)
    rng = streams.of("emitters", "reports", "digits")
    edits = [edit for edit in plan.invented_digits if edit.table == "activity_reports"]
    for edit in edits:
        if edit.column != "reported_emissions":
            _invent(stated, edit.column, edit, rng)
    _compute_emissions(truth, plan, stated)
    for edit in edits:
        if edit.column == "reported_emissions":
            _invent(stated, edit.column, edit, rng)
    return stated


def _as_measured(
    world: World, truth: Truth, plan: EmitterPlan, analyses: Analyses, streams: Streams
) -> Stated:
    rng = streams.of("emitters", "reports")
    fleet = world.fleet
    shape = plan.fuel.shape
    own_use = rng.uniform(*_OWN_USE, len(fleet))
    reading = rng.normal(1, calibration.STOCK_ERROR, shape)
    generation = truth.monthly(truth.run.generation) * plan.output
    made = truth.monthly(truth.works.product)
    by_product = np.isin(fleet.unit_class, _PROCESS_BY_PRODUCT)
    injected = truth.monthly(truth.burn.energy) * truth.works.injected / calibration.INJECTED_HEAT
    columns = {
        "fuel_consumption": truth.monthly(truth.burn.fuel) * reading * plan.fuel,
        "ncv": analyses.ncv,
        "carbon_content": analyses.carbon * plan.carbon,
        "electricity_generated": generation,
        "electricity_supplied": generation * (1 - own_use * rng.normal(1, 0.02, shape)),
        "heat_supplied": truth.monthly(truth.run.heat) * plan.heat,
        "electricity_purchased": truth.monthly(truth.works.electricity),
        "product_output": made * plan.product,
        "process_emissions": truth.monthly(truth.works.process) * np.where(by_product, plan.product, 1.0),
    }
    most = np.bincount(truth.month)[:, None] * 24.0
    return Stated(
        columns=columns,
        hours=np.minimum(truth.monthly(truth.hours) * plan.hours, most),
        combustion=np.zeros(shape),
        injected_fuel=injected * reading * plan.fuel,
        injected_emissions=np.zeros(shape),
        tag=analyses.default_tag.copy(),
        hours_tag={},
    )


def _meet_hours(world: World, truth: Truth, plan: EmitterPlan, stated: Stated) -> None:
    """Stretch operating hours until the year's load factor is what the plan says."""
    most = np.bincount(truth.month) * 24.0
    for target in plan.hours_targets:
        months = np.flatnonzero(truth.years == target.year)
        hours = stated.hours[months, target.unit]
        generation = float(stated.columns["electricity_generated"][months, target.unit].sum())
        wanted = generation / (float(world.fleet.capacity[target.unit]) * target.load_factor)
        ratio = max(1.0, wanted / max(float(hours.sum()), 1.0))
        stretched = np.minimum(hours * ratio, most[months])
        _hand_on(stretched, most[months], wanted)
        stated.hours[months, target.unit] = stretched
        stated.hours_tag[target.unit, target.year] = target.tag


def _hand_on(stretched: np.ndarray, most: np.ndarray, wanted: float) -> None:
    """What full months cannot take goes to the others, months of standstill among them."""
    missing = min(wanted, float(most.sum())) - float(stretched.sum())
    headroom = most - stretched
    if missing > 0 and headroom.sum() > 0:
        stretched += headroom * min(1.0, missing / float(headroom.sum()))


def _meet_emissions(world: World, truth: Truth, plan: EmitterPlan, stated: Stated) -> None:
    """Cut fuel and product of a year until the entity's total is what the plan says."""
    for target in plan.emission_targets:
        units = np.flatnonzero(world.fleet.entity == target.entity)
        at = np.ix_(truth.years == target.year, units)
        columns = stated.columns
        burned = columns["fuel_consumption"][at] * np.nan_to_num(columns["carbon_content"][at])
        total = float((burned * truth.oxidation[units]).sum()) * calibration.CARBON_TO_CO2
        total += float(columns["process_emissions"][at].sum())
        injected = stated.injected_fuel[at] * _injected_factor()
        total += float(injected.sum())
        ratio = min(1.0, target.total / max(total, 1.0))
        for name in ("fuel_consumption", "product_output", "process_emissions"):
            columns[name][at] *= ratio
        stated.injected_fuel[at] *= ratio


def _injected_factor() -> float:
    """Emissions per t of injected coal, as reports compute them with the sector's default."""
    per_tonne = calibration.INJECTED_HEAT * calibration.CARBON_PER_HEAT["coal"] * calibration.CARBON_TO_CO2
    return per_tonne * calibration.OXIDATION


def _round(stated: Stated) -> None:
    for name, values in stated.columns.items():
        stated.columns[name] = np.round(values, DECIMALS[name])
    stated.injected_fuel = np.round(stated.injected_fuel, 2)
    stated.hours = np.round(stated.hours, 2)


def _copy(plan: EmitterPlan, stated: Stated, streams: Streams) -> None:
    rng = streams.of("emitters", "reports", "copies")
    for edit in plan.copied_months:
        for name in edit.columns:
            if name == "reported_emissions":
                continue
            values = stated.columns[name]
            copied = values[edit.source_month, edit.source_unit] * (1 + edit.jitter * rng.normal())
            values[edit.month, edit.unit] = np.round(copied, DECIMALS[name])
        stated.tag[edit.month, edit.unit] = edit.tag


def _invent(stated: Stated, name: str, edit: InventedDigits, rng: np.random.Generator) -> None:
    span = slice(edit.first_month, edit.last_month + 1), edit.unit
    values, chosen = invented(stated.columns[name][span], edit, DECIMALS[name], rng)
    stated.columns[name][span] = values
    stated.tag[span] = np.where(chosen, edit.tag, stated.tag[span])


def _compute_emissions(truth: Truth, plan: EmitterPlan, stated: Stated) -> None:
    columns = stated.columns
    burned = columns["fuel_consumption"] * np.nan_to_num(columns["carbon_content"]) * truth.oxidation
    main = burned * calibration.CARBON_TO_CO2 * plan.emission
    process = columns["process_emissions"] * plan.emission
    stated.injected_emissions = np.round(stated.injected_fuel * _injected_factor() * plan.emission, 2)
    columns["reported_emissions"] = np.round(main + process, 2)
    stated.combustion = np.round(main, 2) + stated.injected_emissions
