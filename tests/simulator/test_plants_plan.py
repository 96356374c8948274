"""Every field of the plan changes exactly what it should, tags that, and leaves everybody else alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.simulator import law
from pipelines.simulator.calibration_plants import CARBON_TO_CO2
from pipelines.simulator.emitters.labs import FIGURES
from pipelines.simulator.plan import EmitterPlan
from pipelines.simulator.plan.emitting import (
    CoalLot,
    CopiedMonth,
    EmissionTarget,
    HoursTarget,
    InventedDigits,
    LabDates,
    LabFigures,
    LoadCourse,
    MeterEdit,
    MeterStep,
    Outage,
    SelectiveDefault,
    SharedCoal,
)
from tests.plants import Plants, changed, coal_unit, honest, run, tiny_world, unit_where

MONTHS = range(14, 18)  # 2024-03 to 2024-06, when most units run
_FLEET = tiny_world().fleet
_ENTITIES = tiny_world().entities
COAL = coal_unit(tiny_world())
KILN = unit_where(_FLEET.unit_class == "clinker_line", 2)
SMALL = unit_where(_ENTITIES.is_small[_FLEET.entity])
TABLES = (
    "activity_reports",
    "emission_reports",
    "unit_years",
    "lab_tests",
    "meters_daily",
    "cems_hourly",
    "other_rights",
)


def _id(unit: int) -> str:
    return _FLEET.id[unit]


def _entity_id(unit: int) -> str:
    return _ENTITIES.id[int(_FLEET.entity[unit])]


def _reports(plants: Plants, unit: int, months: range = MONTHS) -> pl.DataFrame:
    days = [plants.truth.months[month] for month in months]
    rows = plants["activity_reports"].filter(pl.col("unit_id") == _id(unit), pl.col("month").is_in(days))
    return rows.filter(pl.col("revision") == 1).sort("month")


def _differences(plants: Plants) -> dict[str, pl.DataFrame]:
    found = {table: changed(honest(), plants, table) for table in TABLES}
    return {table: keys for table, keys in found.items() if keys.height}


def _owned(frame: pl.DataFrame, unit: int) -> bool:
    """Whether all of these keys are the unit's (or its entity's)."""
    if "unit_id" in frame.columns:
        return set(frame["unit_id"].to_list()) == {_id(unit)}
    return set(frame["entity_id"].to_list()) == {_entity_id(unit)}


def _tagged(plants: Plants, table: str, tag: int) -> set[tuple[str | int, ...]]:
    return {tuple(key) for key in plants.shelf.affected[tag][table]}


@pytest.mark.parametrize(
    ("name", "column", "unit"),
    [
        ("fuel", "fuel_consumption", COAL),
        ("carbon", "carbon_content", COAL),
        ("emission", "reported_emissions", COAL),
        ("output", "electricity_generated", COAL),
        (
            "heat",
            "heat_supplied",
            unit_where(_FLEET.is_power & (_FLEET.heat_per_mw > 0) & _FLEET.is_analysed),
        ),
        ("product", "product_output", KILN),
    ],
)
def test_report_factors_move_one_column_of_one_unit(name: str, column: str, unit: int) -> None:
    def arrange(plan: EmitterPlan) -> None:
        getattr(plan, name)[MONTHS, unit] = 0.9

    plants = run(arrange)
    before, after = _reports(honest(), unit), _reports(plants, unit)
    ratio = (after[column] / before[column]).drop_nans()
    assert ratio.to_list() == pytest.approx([0.9] * len(ratio), rel=1e-3)
    emitted = (after["reported_emissions"] / before["reported_emissions"]).to_numpy()
    if name in ("fuel", "carbon", "emission"):
        assert emitted == pytest.approx(0.9, rel=1e-3)
    elif name in ("output", "heat"):
        assert emitted == pytest.approx(1.0)
    differences = _differences(plants)
    assert set(differences) <= {"activity_reports", "emission_reports", "unit_years"}
    assert all(_owned(keys, unit) for keys in differences.values())
    assert differences["activity_reports"]["month"].unique().len() == len(MONTHS)


def test_stated_hours_show_in_the_year_only() -> None:
    def arrange(plan: EmitterPlan) -> None:
        plan.hours[MONTHS, COAL] = 0.8

    differences = _differences(run(arrange))
    assert set(differences) == {"unit_years"}
    assert differences["unit_years"].rows() == [(_id(COAL), 2024)]


@pytest.mark.parametrize(
    ("name", "meter", "unit"),
    [
        ("meter_fuel", "coal_feed", COAL),
        ("meter_output", "electricity_out", COAL),
        ("meter_product", "product", KILN),
    ],
)
def test_meter_factors_move_one_meter(name: str, meter: str, unit: int) -> None:
    def arrange(plan: EmitterPlan) -> None:
        getattr(plan, name)[MONTHS, unit] = 0.9

    plants = run(arrange)
    differences = _differences(plants)
    assert set(differences) == {"meters_daily"}
    keys = differences["meters_daily"]
    assert _owned(keys, unit) and set(keys["meter"].to_list()) == {meter}
    of = (pl.col("unit_id") == _id(unit)) & (pl.col("meter") == meter) & (pl.col("value") > 100)
    month = plants.truth.months[MONTHS[1]]
    inside = pl.col("date").dt.truncate("1mo") == month
    sums = [one["meters_daily"].filter(of & inside)["value"].sum() for one in (plants, honest())]
    assert sums[0] / sums[1] == pytest.approx(0.9, rel=1e-3)


def test_a_better_heat_rate_is_true_everywhere() -> None:
    def arrange(plan: EmitterPlan) -> None:
        plan.efficiency[MONTHS, COAL] = 0.95
        plan.efficiency[MONTHS, KILN] = 0.9

    plants = run(arrange)
    for unit, gain in ((COAL, 0.95), (KILN, 0.9)):
        before, after = _reports(honest(), unit), _reports(plants, unit)
        ratio = (after["fuel_consumption"] / before["fuel_consumption"]).to_list()
        assert min(ratio) >= gain - 1e-3 and max(ratio) < 1
        for column in ("electricity_generated", "product_output"):
            assert (after[column] == before[column]).fill_null(True).all()
    differences = _differences(plants)
    allowed = {_id(COAL), _id(KILN), _entity_id(COAL), _entity_id(KILN)}
    for keys in differences.values():
        assert (
            set(keys.to_series(keys.columns.index("unit_id") if "unit_id" in keys.columns else 0).to_list())
            <= allowed
        )
    assert "lab_tests" not in differences


def test_default_carbon_months_publish_no_analysis() -> None:
    def arrange(plan: EmitterPlan) -> None:
        plan.default_carbon[MONTHS, COAL] = True

    plants = run(arrange)
    rows = _reports(plants, COAL)
    assert set(rows["carbon_basis"].to_list()) == {"default"}
    assert (rows["carbon_content"] / rows["ncv"]).to_list() == pytest.approx(
        [law.default_carbon("all")] * rows.height, abs=1e-6
    )
    days = [plants.truth.months[month] for month in MONTHS]
    tests = plants["lab_tests"].filter(pl.col("unit_id") == _id(COAL))
    assert not tests.filter(pl.col("sampled_on").dt.truncate("1mo").is_in(days)).height
    assert all(_owned(keys, COAL) for keys in _differences(plants).values())


def test_lab_dates_are_stated_and_tagged() -> None:
    month = MONTHS[0]
    day = date(2024, 3, 12)

    def arrange(plan: EmitterPlan) -> None:
        plan.lab_dates.append(LabDates(COAL, month, tested_on=day, tag=7))

    plants = run(arrange)
    (key,) = _tagged(plants, "lab_tests", 7)
    row = plants["lab_tests"].filter(pl.col("sample_id") == key[0]).row(0, named=True)
    assert row["tested_on"] == day < row["sampled_on"]
    assert set(_differences(plants)) == {"lab_tests"}


def test_lab_figures_are_stated_copied_and_taken_over() -> None:
    edits = [
        LabFigures(COAL, 15, factors=(("hydrogen", 1.5), ("ash", 0.5)), in_report=False, tag=3),
        LabFigures(COAL, 16, source=(COAL, 14), tag=4),
        LabFigures(COAL, 17, factors=(("combustible", 0.9),), tag=5),
    ]
    plants = run(lambda plan: plan.lab_figures.extend(edits))

    def sample(which: Plants, month: int) -> dict[str, float]:
        tests = which["lab_tests"].filter(pl.col("unit_id") == _id(COAL))
        end = pl.col("sampled_on") == pl.lit(which.truth.months[month]).dt.month_end()
        return tests.filter(end).select(list(FIGURES)).row(0, named=True)

    assert sample(plants, 15)["hydrogen"] == pytest.approx(1.5 * sample(honest(), 15)["hydrogen"], abs=0.01)
    assert sample(plants, 15)["carbon"] == sample(honest(), 15)["carbon"]
    assert sample(plants, 16) == sample(honest(), 14)
    poorer, usual = sample(plants, 17), sample(honest(), 17)
    assert poorer["carbon"] == pytest.approx(0.9 * usual["carbon"], abs=0.01)
    rest = 100 - usual["ash"] - usual["moisture"]
    assert poorer["ash"] == pytest.approx(usual["ash"] + 0.1 * rest, abs=0.01)
    reports = dict(_reports(plants, COAL).select("month", "ncv").rows())
    months = plants.truth.months
    assert reports[months[15]] == sample(honest(), 15)["ncv"]
    assert reports[months[16]] == sample(honest(), 14)["ncv"]
    assert {len(_tagged(plants, "lab_tests", tag)) for tag in (3, 4, 5)} == {1}
    assert set(_differences(plants)) <= {"lab_tests", "activity_reports", "emission_reports", "unit_years"}
    assert all(_owned(keys, COAL) for keys in _differences(plants).values())


def test_copied_months_state_another_months_figures() -> None:
    columns = ("fuel_consumption", "ncv", "carbon_content")

    def arrange(plan: EmitterPlan) -> None:
        plan.copied_months.append(CopiedMonth(COAL, 16, COAL, 15, columns, tag=9))

    plants = run(arrange)
    rows = _reports(plants, COAL)
    for column in columns:
        assert rows[column][2] == rows[column][1]
    burned = rows["fuel_consumption"] * rows["carbon_content"] * rows["oxidation_factor"] * CARBON_TO_CO2
    assert rows["reported_emissions"].to_list() == pytest.approx(burned.to_list(), abs=0.01)
    assert _tagged(plants, "activity_reports", 9) == {(_id(COAL), "2024-05-01", str(_FLEET.fuel[COAL]), 1)}
    keys = _differences(plants)["activity_reports"]
    assert keys["month"].to_list() == [date(2024, 5, 1)]


@pytest.mark.parametrize("style", ["round", "human", "first"])
def test_invented_digits_stay_near_and_look_made_up(style: str) -> None:
    def arrange(plan: EmitterPlan) -> None:
        plan.invented_digits.append(
            InventedDigits(COAL, 12, 20, "meters_daily", "coal_feed", style, 1.0, tag=2)
        )

    plants = run(arrange)
    of = (pl.col("unit_id") == _id(COAL)) & (pl.col("meter") == "coal_feed") & (pl.col("value") > 500)
    inside = pl.col("date").is_between(date(2024, 1, 1), date(2024, 9, 30))
    both = (
        plants["meters_daily"]
        .filter(of & inside)
        .join(honest()["meters_daily"], on=["unit_id", "date", "meter"])
    )
    gap = (both["value"] / both["value_right"] - 1).abs()
    last = (both["value"] * 1000).round().cast(pl.Int64) % 10
    counted = dict(last.value_counts(normalize=True).rows())
    if style == "first":
        leading = both["value"].cast(pl.String).str.head(1).cast(pl.Int64)
        assert leading.n_unique() > 6
    else:
        assert gap.max() < 0.02
    if style == "round":
        assert set(counted) == {0} and both["value"].n_unique() < 0.8 * both.height
    if style == "human":
        assert counted.get(0, 0) < 0.06 and counted[3] + counted[7] > 0.28
    keys = _differences(plants)["meters_daily"]
    assert _owned(keys, COAL)
    assert len(_tagged(plants, "meters_daily", 2)) >= keys.height


def test_invented_report_figures_are_tagged_one_by_one() -> None:
    def arrange(plan: EmitterPlan) -> None:
        plan.invented_digits.append(
            InventedDigits(COAL, 12, 23, "activity_reports", "fuel_consumption", "human", 0.5, tag=2)
        )

    plants = run(arrange)
    tagged = {key[1] for key in _tagged(plants, "activity_reports", 2)}
    moved = {str(day) for day in _differences(plants)["activity_reports"]["month"].to_list()}
    assert 2 < len(tagged) < 11
    assert moved <= tagged


def test_truth_departures_are_seen_by_everybody_alike() -> None:
    def arrange(plan: EmitterPlan) -> None:
        plan.coal_lots.append(CoalLot(COAL, MONTHS[0], MONTHS[-1], ash=8.0))

    plants = run(arrange)
    before, after = _reports(honest(), COAL), _reports(plants, COAL)
    assert (after["ncv"] < before["ncv"]).all()
    assert (after["fuel_consumption"] > before["fuel_consumption"]).all()
    assert (after["carbon_content"] / after["ncv"]).to_list() == pytest.approx(
        (before["carbon_content"] / before["ncv"]).to_list(), rel=0.03
    )
    assert all(_owned(keys, COAL) for keys in _differences(plants).values())


def test_shared_coal_is_one_analysis_for_two_units() -> None:
    mates = np.flatnonzero(_FLEET.entity == _FLEET.entity[COAL])
    source = int(mates[mates != COAL][0])

    def arrange(plan: EmitterPlan) -> None:
        plan.shared_coal.append(SharedCoal(COAL, source, MONTHS[0], MONTHS[1], one_sample=True))
        plan.shared_coal.append(SharedCoal(COAL, source, MONTHS[2], MONTHS[3]))

    plants = run(arrange)
    one, other = (_reports(plants, unit)["ncv"].to_numpy() for unit in (COAL, source))
    assert (one[:2] == other[:2]).all()
    assert (one[2:] != other[2:]).all() and one[2:] == pytest.approx(other[2:], rel=0.03)


def test_load_courses_and_outages_are_really_run() -> None:
    first, last = date(2024, 2, 1), date(2024, 11, 30)

    def arrange(plan: EmitterPlan) -> None:
        plan.load_courses.append(LoadCourse(COAL, first, last, level=0.8, spread=0.01))
        plan.outages.append(Outage(COAL, date(2024, 5, 6), date(2024, 5, 12)))
        plan.standstill.add((COAL, 20))

    plants = run(arrange)
    days = np.array([first <= day <= last for day in plants.truth.days])
    hours, load = plants.truth.run.hours[days, COAL], plants.truth.run.load[days, COAL]
    assert load == pytest.approx(0.8, rel=0.04)
    assert (hours == 0).sum() == 7 + 30
    assert (hours == 24).sum() >= len(hours) - 7 - 30 - 2
    still = plants["activity_reports"].filter(
        pl.col("unit_id") == _id(COAL), pl.col("month") == date(2024, 9, 1)
    )
    assert still["fuel_consumption"][0] == 0 and still["reported_emissions"][0] == 0
    assert still["ncv"][0] is None
    assert all(_owned(keys, COAL) for keys in _differences(plants).values())


def test_meters_step_repeat_and_hold() -> None:
    first = date(2024, 4, 10)

    def arrange(plan: EmitterPlan) -> None:
        plan.load_courses.append(LoadCourse(COAL, date(2024, 3, 20), date(2024, 6, 30)))
        plan.load_courses.append(LoadCourse(other, date(2024, 3, 20), date(2024, 6, 30)))
        plan.meter_steps.append(MeterStep(COAL, "coal_feed", 20.0, 0, 30))
        plan.meter_edits.append(MeterEdit(COAL, "coal_feed", first, 9, "repeat", 3, tag=1))
        plan.meter_edits.append(MeterEdit(other, "coal_feed", first, 5, "hold", 0.0, tag=2))

    other = unit_where(_FLEET.is_power & _FLEET.is_analysed & (_FLEET.entity != _FLEET.entity[COAL]), 5)
    plants = run(arrange)

    def readings(unit: int) -> np.ndarray:
        of = (pl.col("unit_id") == _id(unit)) & (pl.col("meter") == "coal_feed")
        inside = pl.col("date").is_between(date(2024, 4, 7), date(2024, 4, 18))
        return plants["meters_daily"].filter(of & inside).sort("date")["value"].to_numpy()

    coarse = readings(COAL)
    assert (coarse % 20 == 0).all()
    assert (coarse[3:] == np.tile(coarse[:3], 3)).all()
    assert len(set(readings(other)[2:8].tolist())) == 1
    assert len(_tagged(plants, "meters_daily", 1)) == 9
    assert len(_tagged(plants, "meters_daily", 2)) == 5


def test_selective_default_hides_the_worst_months() -> None:
    unit = unit_where(_FLEET.unit_class == "clinker_line", 1)

    def arrange(plan: EmitterPlan) -> None:
        plan.selective_defaults.append(SelectiveDefault(unit, 12, 32, 1.0, tag=6))

    plants = run(arrange)
    span = slice(12, 33), unit
    excess = plants.truth.quality.carbon[span] / plants.truth.quality.ncv[span] / 0.02618
    assert (plants.reports.analyses.is_default[span] == (excess > 1)).all()
    assert 0.2 < (excess > 1).mean() < 0.8
    assert len({key[1] for key in _tagged(plants, "activity_reports", 6)}) >= 20
    assert all(_owned(keys, unit) for keys in _differences(plants).values())


def test_hours_target_brings_the_load_factor_under_the_edge() -> None:
    def arrange(plan: EmitterPlan) -> None:
        plan.load_courses.append(LoadCourse(COAL, date(2024, 1, 1), date(2024, 12, 31), level=0.67))
        plan.outages.append(Outage(COAL, date(2024, 4, 1), date(2024, 5, 15)))
        plan.hours_targets.append(HoursTarget(COAL, 2024, 0.645, tag=8))

    plants = run(arrange)
    row = (
        plants["unit_years"].filter(pl.col("unit_id") == _id(COAL), pl.col("year") == 2024).row(0, named=True)
    )
    factor = row["gross_load"] / (_FLEET.capacity[COAL] * row["operating_hours"])
    assert factor == pytest.approx(0.645, abs=1e-4)
    assert row["operating_hours"] <= 8784
    assert (
        row["operating_hours"]
        > plants.truth.run.hours[[d.year == 2024 for d in plants.truth.days], COAL].sum()
    )
    assert _tagged(plants, "unit_years", 8) == {(_id(COAL), 2024)}


def test_small_emitters_emit_and_state_what_the_plan_says() -> None:
    entity = int(_FLEET.entity[SMALL])

    def arrange(plan: EmitterPlan) -> None:
        plan.yearly_emissions[entity] = 40_000.0
        plan.emission_targets.append(EmissionTarget(entity, 2024, 25_900.0, tag=4))

    plants = run(arrange)
    assert plants.reports.true_emissions(2024)[entity] == pytest.approx(40_000, rel=0.01)
    stated = plants["emission_reports"].filter(pl.col("entity_id") == _ENTITIES.id[entity])
    assert stated["total"][0] == pytest.approx(25_900, abs=1)
    assert _tagged(plants, "emission_reports", 4) == {(_ENTITIES.id[entity], 2024, 1)}
    months = plants["activity_reports"].filter(
        pl.col("unit_id") == _id(SMALL), pl.col("month").dt.year() == 2024
    )
    final = months.sort("revision").group_by("month").last()
    assert final["reported_emissions"].sum() == pytest.approx(25_900, abs=1)
    assert all(_owned(keys, SMALL) for keys in _differences(plants).values())


def _late_month(plan: EmitterPlan) -> None:
    plan.month_filed_after[COAL, 15] = 52.5


def _missing_month(plan: EmitterPlan) -> None:
    plan.month_missing.add((COAL, 15))


def _revised_month(plan: EmitterPlan) -> None:
    plan.month_revised_after[COAL, 15] = 47.0


@pytest.mark.parametrize("arrange", [_late_month, _missing_month, _revised_month])
def test_monthly_filing_follows_the_plan(arrange: Callable[[EmitterPlan], None]) -> None:
    plants = run(arrange)
    rows = plants["activity_reports"].filter(
        pl.col("unit_id") == _id(COAL), pl.col("month") == date(2024, 4, 1)
    )
    differences = _differences(plants)
    assert set(differences) == {"activity_reports"}
    assert set(differences["activity_reports"].select("unit_id", "month").rows()) == {
        (_id(COAL), date(2024, 4, 1))
    }
    due = pl.Series([date(2024, 6, 10)])
    if arrange is _missing_month:
        assert rows.is_empty()
    elif arrange is _late_month:
        assert rows["submitted_at"].dt.date()[0] > due[0]
    else:
        assert rows["revision"].to_list() == [1, 2]
        assert rows["submitted_at"].dt.date()[0] <= due[0] < rows["submitted_at"].dt.date()[1]
        assert rows["fuel_consumption"][0] == pytest.approx(rows["fuel_consumption"][1], rel=2e-4)


def test_annual_filing_follows_the_plan() -> None:
    late, absent, revised = (int(entity) for entity in np.flatnonzero(_ENTITIES.sector == "power")[:3])

    def arrange(plan: EmitterPlan) -> None:
        plan.year_filed_on[late, 2024] = date(2025, 5, 20)
        plan.year_missing.add((absent, 2024))
        plan.year_revised_on[revised, 2024] = date(2025, 4, 8)

    plants = run(arrange)
    rows = plants["emission_reports"].filter(pl.col("year") == 2024)

    def of(entity: int) -> pl.DataFrame:
        return rows.filter(pl.col("entity_id") == _ENTITIES.id[entity]).sort("revision")

    assert of(late)["submitted_at"].dt.date()[0] == date(2025, 5, 20)
    assert of(absent).is_empty() and np.isnan(plants.reports.verified(2024)[absent])
    assert of(revised)["submitted_at"].dt.date().to_list()[1:] == [date(2025, 4, 8)]
    assert of(revised)["total"].n_unique() == 1
    affected = {_ENTITIES.id[one] for one in (late, absent, revised)}
    differences = _differences(plants)
    assert set(differences) <= {"emission_reports", "unit_years"}
    assert set(differences["emission_reports"]["entity_id"].to_list()) <= affected
    assert plants.reports.submitted_on(2024)[late] == date(2025, 5, 20)
    assert plants.reports.submitted_on(2024)[absent] is None
