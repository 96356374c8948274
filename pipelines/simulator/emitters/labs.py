"""The laboratories: results of the monthly composite samples, and what the reports state.

The composite of a month is closed on the month's last day, travels, is analysed and reported, within
the 40 days of rule E-07. An analysis differs from the truth by sampling and repeatability. A plan may make
a report state other figures or dates; the coal stays as it was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulator import calibration_plants as calibration
from pipelines.simulator.emitters.coal import Coal, Quality, as_received, quality_of
from pipelines.simulator.emitters.fuel import default_carbon
from pipelines.simulator.emitters.truth import Truth
from pipelines.simulator.plan.emitting import EmitterPlan, LabFigures
from pipelines.simulator.seeds import Streams
from pipelines.simulator.world import World

LONGEST = 36  # days from the end of the month to the report of an honest laboratory
_SLOW_SHARE = 0.04
# Columns of `lab_tests` with the decimals that laboratories print.
FIGURES = {
    "total_moisture": 1,
    "moisture": 2,
    "ash": 2,
    "volatile": 2,
    "sulphur": 2,
    "hydrogen": 2,
    "carbon": 2,
    "ncv": 3,
}
_COMBUSTIBLE = ("carbon", "hydrogen", "volatile", "ncv")


@dataclass(frozen=True)
class Analyses:
    """Analyses by month and unit.

    `stated` are the columns of `lab_tests`; `ncv` and `carbon` (as received) what the unit's own report
    takes from them, also for gas and coke. `is_default` marks months that state the default carbon and
    `has_sample` those with a published analysis; `received`, `tested`, `reported` are days after the month's
    end.
    """

    stated: dict[str, np.ndarray]
    ncv: np.ndarray
    carbon: np.ndarray
    is_default: np.ndarray
    has_sample: np.ndarray
    received: np.ndarray
    tested: np.ndarray
    reported: np.ndarray
    tag: np.ndarray
    default_tag: np.ndarray


def analyse(world: World, truth: Truth, plan: EmitterPlan, streams: Streams) -> Analyses:
    """What laboratories find and state, for all units and months."""
    fleet = world.fleet
    found = printed(_measured(truth.quality, truth.coal, fleet.fuel, streams.of("emitters", "labs")))
    for shared in plan.shared_coal:
        if shared.one_sample:
            span = slice(shared.first_month, shared.last_month + 1)
            for values in found.values():
                values[span, shared.unit] = values[span, shared.source]
    stated = {name: values.copy() for name, values in found.items()}
    in_report = {name: values.copy() for name, values in found.items()}
    tag = np.zeros(truth.quality.ncv.shape, dtype=np.int64)
    rng = streams.of("emitters", "labs", "stated")
    for edit in plan.lab_figures:
        _state(stated, edit, rng)
        tag[edit.month, edit.unit] = edit.tag
        if edit.in_report:
            for name in FIGURES:
                in_report[name][edit.month, edit.unit] = stated[name][edit.month, edit.unit]
    is_default, default_tag = _defaults(world, truth, plan)
    ncv, carbon = _for_reports(world, truth, in_report, streams.of("emitters", "labs", "other"))
    due = np.array([month <= world.timeline.last_filed_month for month in truth.months])[:, None]
    received, tested, reported = _steps(world, tag.shape, streams.of("emitters", "labs", "days"))
    return Analyses(
        stated=stated,
        ncv=ncv,
        carbon=np.where(is_default, np.round(ncv * default_carbon(fleet), 5), carbon),
        is_default=is_default,
        has_sample=due & fleet.is_coal & ~is_default & (truth.monthly(truth.hours) > 0),
        received=received,
        tested=tested,
        reported=reported,
        tag=tag,
        default_tag=default_tag,
    )


def sampled(coal: Coal, rng: np.random.Generator, spread: float = 1.0) -> Coal:
    """What gets into a sample: the coal, but for the luck of sampling (`spread` times the usual)."""
    errors = {name: spread * error for name, error in calibration.ANALYSIS_ERRORS.items()}
    shape = coal.ash.shape

    def near(values: np.ndarray, error: float) -> np.ndarray:
        return np.asarray(values + error * rng.normal(0, 1, shape).clip(-3, 3))

    total = near(coal.total_moisture, errors["total_moisture"])
    return Coal(
        place=near(coal.place, errors["place"]).clip(0, 1),
        total_moisture=total,
        moisture=np.minimum(near(coal.moisture, errors["moisture"]).clip(0.3), total - 0.5),
        ash=near(coal.ash, errors["ash"]).clip(2.5),
        sulphur=coal.sulphur * near(np.ones(shape), errors["sulphur"]),
        per_heat=coal.per_heat,
    )


def _measured(truth: Quality, coal: Coal, ranks: np.ndarray, rng: np.random.Generator) -> Quality:
    return measured(quality_of(sampled(coal, rng), ranks), rng)


def measured(quality: Quality, rng: np.random.Generator) -> Quality:
    """What the laboratory's instruments read in a sample."""
    errors = calibration.ANALYSIS_ERRORS

    def read(values: np.ndarray, error: float) -> np.ndarray:
        return np.asarray(values * (1 + error * rng.normal(0, 1, values.shape).clip(-3, 3)))

    return Quality(
        total_moisture=quality.total_moisture,
        moisture=quality.moisture,
        ash=quality.ash,
        volatile=read(quality.volatile, errors["volatile"]),
        sulphur=quality.sulphur,
        hydrogen=read(quality.hydrogen, errors["hydrogen"]),
        carbon_dry=read(quality.carbon_dry, errors["carbon"]),
        ncv=read(quality.ncv, errors["ncv"]),
        carbon=quality.carbon,
    )


def printed(quality: Quality) -> dict[str, np.ndarray]:
    """The figures as a laboratory prints them, by column of `lab_tests`."""
    columns = {name: getattr(quality, "carbon_dry" if name == "carbon" else name) for name in FIGURES}
    return {name: np.round(values, FIGURES[name]) for name, values in columns.items()}


def _state(stated: dict[str, np.ndarray], edit: LabFigures, rng: np.random.Generator) -> None:
    """Let one report state what the plan says."""
    at = edit.month, edit.unit
    if edit.source is not None:
        unit, month = edit.source
        for name in FIGURES:
            stated[name][at] = stated[name][month, unit] * (1 + edit.jitter * rng.normal())
    for name, factor in edit.factors:
        if name == "combustible":
            stated["ash"][at] += (1 - factor) * (100 - stated["ash"][at] - stated["moisture"][at])
        for column in _COMBUSTIBLE if name == "combustible" else (name,):
            stated[column][at] *= factor
    for name, decimals in FIGURES.items():
        stated[name][at] = np.round(stated[name][at], decimals)


def _defaults(world: World, truth: Truth, plan: EmitterPlan) -> tuple[np.ndarray, np.ndarray]:
    """Which months state the default carbon, and the tags of those who choose month by month."""
    fleet, quality = world.fleet, truth.quality
    is_default = np.broadcast_to(~fleet.measures_carbon, plan.default_carbon.shape) | plan.default_carbon
    tag = np.zeros(is_default.shape, dtype=np.int64)
    per_heat = default_carbon(fleet)
    for choice in plan.selective_defaults:
        span = slice(choice.first_month, choice.last_month + 1), choice.unit
        excess = (quality.carbon[span] / quality.ncv[span]) / per_heat[choice.unit] - 1
        worse = np.flatnonzero(excess > 0)
        chosen = worse[np.argsort(-excess[worse], kind="stable")][: round(choice.share * len(worse))]
        months = np.zeros(len(excess), dtype=bool)
        months[chosen] = True
        is_default[span] = months
        tag[span] = choice.tag
    return is_default, tag


def _for_reports(
    world: World, truth: Truth, analysed: dict[str, np.ndarray], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Heat and carbon as received that a report takes over: from the coal analysis, else its own meters."""
    fleet, quality = world.fleet, truth.quality
    at_hand = as_received(analysed["carbon"], analysed["moisture"], analysed["total_moisture"]) / 100
    shape = quality.ncv.shape
    heat = np.round(quality.ncv * rng.normal(1, 0.0012, shape), 3)
    carbon = np.round(quality.carbon * rng.normal(1, 0.0018, shape), 5)
    return np.where(fleet.is_coal, analysed["ncv"], heat), np.where(
        fleet.is_coal, np.round(at_hand, 5), carbon
    )


def _steps(
    world: World, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Days from the month's end to receipt, test and report, by the habits of each unit's laboratory."""
    usual = np.array([laboratory.days for laboratory in world.laboratories])[world.fleet.laboratory]
    received = rng.integers(1, 5, shape)
    tested = received + 1 + np.floor(rng.random(shape) * usual * 0.8).astype(int)
    slow = np.where(rng.random(shape) < _SLOW_SHARE, rng.integers(8, 19, shape), 0)
    reported = tested + 1 + np.floor(rng.random(shape) * usual * 0.6).astype(int) + slow
    return received, tested, np.maximum(np.minimum(reported, LONGEST), tested)
