"""What really happens at plants: chemistry of coal, physics of units, sizes of sectors."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from pipelines.simulator import calibration_plants as calibration
from pipelines.simulator import law
from pipelines.simulator.benchmark import unit_allocation
from pipelines.simulator.emitters.coal import RANKS, Coal, quality_of
from pipelines.simulator.emitters.fuel import default_carbon
from pipelines.simulator.emitters.truth import Truth, true_run
from pipelines.simulator.plan import EmitterPlan
from pipelines.simulator.scales import SCALES
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world import World, build_world
from tests.plants import honest

_PURE_CARBON = {"lignite": (60, 77), "coal": (74, 92), "anthracite": (90, 98)}  # [E-10]
_PURE_VOLATILE = {"lignite": (37, 60), "coal": (10, 37), "anthracite": (0, 10)}  # [E-17]


@pytest.fixture(scope="module")
def medium() -> tuple[World, Truth]:
    scale, streams = SCALES["medium"], Streams(3)
    timeline = Timeline.ending(scale.years)
    world = build_world(scale, timeline, streams)
    plan = EmitterPlan.empty(len(timeline.months), len(world.fleet))
    return world, true_run(world, timeline, plan, streams)


def test_coal_stays_within_what_its_rank_can_be(medium: tuple[World, Truth]) -> None:
    world, truth = medium
    quality = truth.quality
    pure = 100 - quality.ash - quality.moisture
    for rank, (low, high) in _PURE_CARBON.items():
        units = world.fleet.fuel == rank
        carbon = (quality.carbon_dry / pure * 100)[:, units]
        volatile = (quality.volatile / pure * 100)[:, units]
        per_heat = (quality.carbon / quality.ncv)[:, units]
        assert low < carbon.min() and carbon.max() < high
        assert _PURE_VOLATILE[rank][0] < volatile.min() and volatile.max() < _PURE_VOLATILE[rank][1]
        assert np.median(per_heat) == pytest.approx(calibration.CARBON_PER_HEAT[rank], rel=0.006)  # [E-11]
        assert per_heat == pytest.approx(
            np.full(per_heat.shape, calibration.CARBON_PER_HEAT[rank]), rel=0.045
        )


def test_more_ash_is_less_heat(medium: tuple[World, Truth]) -> None:
    world, truth = medium
    for rank in RANKS:
        units = world.fleet.fuel == rank
        ash, heat = truth.quality.ash[:, units].ravel(), truth.quality.ncv[:, units].ravel()
        assert np.corrcoef(ash, heat)[0, 1] < -0.5  # [E-12]


def test_analyses_obey_the_same_bounds_as_published() -> None:
    tests = honest()["lab_tests"]
    pure = 100 - tests["ash"] - tests["moisture"]
    received = tests["carbon"] / 100 * (100 - tests["total_moisture"]) / (100 - tests["moisture"])
    tests = tests.with_columns(
        (tests["carbon"] / pure * 100).alias("pure"), (received / tests["ncv"]).alias("per_heat")
    )
    for rank, (low, high) in _PURE_CARBON.items():
        of_rank = tests.filter(pl.col("fuel") == rank)
        if of_rank.is_empty():
            continue
        assert low < of_rank["pure"].min() and of_rank["pure"].max() < high
        factor = of_rank["per_heat"] / calibration.CARBON_PER_HEAT[rank]
        assert factor.min() > 0.94 and factor.max() < 1.06
    assert (tests["moisture"] < tests["total_moisture"]).all()


def test_gas_is_pipeline_gas(medium: tuple[World, Truth]) -> None:
    world, truth = medium
    gas = world.fleet.is_gas
    assert truth.quality.ncv[:, gas].min() > 285.0 and truth.quality.ncv[:, gas].max() < 398.4  # [E-13]
    assert truth.quality.carbon[:, gas].min() > 4.37 and truth.quality.carbon[:, gas].max() < 6.10


def test_qualities_drift_with_lots_and_a_few_companies_change_coal(medium: tuple[World, Truth]) -> None:
    world, truth = medium
    coal = world.fleet.is_coal
    ash = truth.quality.ash[:, coal]
    near = np.abs(np.diff(ash, axis=0)).mean()
    far = np.abs(ash[12:] - ash[:-12]).mean()
    assert 0.05 < near < far
    jump = np.abs(ash[-6:].mean(0) - ash[:6].mean(0)) > 5
    assert 0 < jump.mean() < 0.08


def test_no_unit_beats_physics(medium: tuple[World, Truth]) -> None:
    world, truth = medium
    fleet = world.fleet
    power = fleet.is_power
    electric = truth.monthly(truth.run.generation) * 3.6
    useful = electric + truth.monthly(truth.run.heat)
    energy = truth.monthly(truth.burn.energy)
    ran = energy > 0
    efficiency = np.divide(electric, energy, out=np.zeros_like(electric), where=ran)
    assert efficiency[:, power & fleet.is_coal].max() < calibration.MAX_CONDENSING_EFFICIENCY  # [E-14]
    assert np.divide(useful, energy, out=np.zeros_like(useful), where=ran)[:, power].max() < 1.0
    run = truth.run
    assert run.hours.min() >= 0 and run.hours.max() <= 24
    assert run.load.min() > 0 and run.load.max() < 1
    assert run.generation == pytest.approx(run.hours * run.load * fleet.capacity, abs=1e-3)  # [E-15]
    assert (run.generation[:, ~power] == 0).all()


def test_industry_burns_and_calcines_what_its_product_takes(medium: tuple[World, Truth]) -> None:
    world, truth = medium
    fleet = world.fleet
    made = truth.works.product.sum(0)
    bounds = {
        "clinker_line": (0.74, 0.90),
        "blast_furnace_route": (1.4, 2.0),
        "electric_arc_furnace": (0.05, 0.25),
        "aluminium_potline": (1.5, 2.1),
    }
    for name, (low, high) in bounds.items():
        units = fleet.unit_class == name
        intensity = truth.emissions.sum(0)[units] / made[units]
        assert low < intensity.min() and intensity.max() < high, name
        assert (made[units] / len(truth.days) * 365 < fleet.capacity[units] * 1000).all()
    clinker = truth.works.process_factor[fleet.unit_class == "clinker_line"]
    assert clinker.max() <= calibration.CLINKER_PROCESS  # [E-40, E-41]


def test_sectors_come_to_their_published_size(medium: tuple[World, Truth]) -> None:
    world, truth = medium
    year = truth.emissions[[day.year == 2024 for day in truth.days]].sum(0)
    entity = np.bincount(world.fleet.entity, year, len(world.entities))
    mean = {
        name: entity[world.entities.sector == name].mean()
        for name in ("power", "cement", "steel", "aluminium")
    }
    national = SCALES["national"]
    total = sum(mean[name] * getattr(national, name) for name in mean)
    assert mean["power"] * national.power == pytest.approx(5.244e9, rel=0.2)  # [J-05]
    assert total == pytest.approx(8.194e9, rel=0.2)  # [J-04]
    small = world.entities.is_small
    assert entity[small].max() < law.listing_threshold() < entity[~small].min()


def test_the_fleet_is_a_little_long(medium: tuple[World, Truth]) -> None:
    world, truth = medium
    fleet = world.fleet
    coal = fleet.is_power & fleet.is_coal
    per_heat = np.where(
        fleet.measures_carbon, truth.quality.carbon / truth.quality.ncv, default_carbon(fleet)
    )
    stated = truth.burn.energy * (per_heat * calibration.CARBON_TO_CO2 * calibration.OXIDATION)[truth.month]
    allowed = emitted = 0.0
    for year in world.timeline.compliance_years:
        inside = np.array([day.year == year for day in truth.days])
        output = (part[inside].sum(0) for part in (truth.run.generation, truth.run.heat, truth.run.hours))
        allowed += unit_allocation(fleet, year, *output)[coal].sum()
        emitted += stated[inside][:, coal].sum()
    assert allowed / emitted == pytest.approx(calibration.SURPLUS_RATIO, abs=0.004)


def test_chemistry_is_one_formula_for_all() -> None:
    coal = Coal(*(np.full((1, 2), value) for value in (0.5, 11.0, 3.0, 20.0, 0.8, 1.0)))
    quality = quality_of(coal, np.array(["coal", "anthracite"]))
    poorer = quality_of(
        Coal(coal.place, coal.total_moisture + 5, coal.moisture, coal.ash + 5, coal.sulphur, coal.per_heat),
        np.array(["coal", "anthracite"]),
    )
    assert (poorer.ncv < quality.ncv).all()
    assert (poorer.carbon < quality.carbon).all()
    assert poorer.carbon / poorer.ncv == pytest.approx(quality.carbon / quality.ncv, rel=0.02)
    assert (quality.carbon_dry[0, 1] > quality.carbon_dry[0, 0]) and (
        quality.volatile[0, 1] < quality.volatile[0, 0]
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_listing_threshold_lies_between_small_and_key_emitters(seed: int) -> None:
    scale, streams = SCALES["small"], Streams(seed)
    timeline = Timeline.ending(scale.years)
    world = build_world(scale, timeline, streams)
    truth = true_run(world, timeline, EmitterPlan.empty(len(timeline.months), len(world.fleet)), streams)
    for year in timeline.compliance_years:
        inside = [day.year == year for day in truth.days]
        entity = np.bincount(world.fleet.entity, truth.emissions[inside].sum(0), len(world.entities))
        small = world.entities.is_small
        assert entity[small].min() > 3_000
        assert entity[small].max() < law.listing_threshold() < entity[~small].min()  # [C-11]
