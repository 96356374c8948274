"""On an honest market reports, laboratories, meters and monitors agree within their stated errors."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from pipelines.simulator import calibration_plants as calibration
from pipelines.simulator import law
from pipelines.simulator.calibration_plants import METER_AGREEMENT, METER_ERRORS, MONITOR_AGREEMENT
from pipelines.simulator.emitters.filing import report_due
from pipelines.simulator.emitters.labs import LONGEST
from tests.plants import Plants, honest, run, tiny_world

_ZONE = "Asia/Shanghai"


@pytest.fixture(scope="module")
def plants() -> Plants:
    return honest()


@pytest.fixture(scope="module")
def latest(plants: Plants) -> pl.DataFrame:
    """The last revision of every monthly report."""
    reports = plants["activity_reports"].sort("revision")
    return reports.group_by("unit_id", "month", "fuel", maintain_order=True).last()


def _metered(plants: Plants) -> pl.DataFrame:
    month = pl.col("date").dt.truncate("1mo").alias("month")
    grouped = plants["meters_daily"].group_by("unit_id", month, "meter")
    return grouped.agg(pl.col("value").sum(), pl.col("value").null_count().alias("silent"))


@pytest.mark.parametrize(
    ("meter", "column"),
    [
        ("coal_feed", "fuel_consumption"),
        ("gas_flow", "fuel_consumption"),
        ("electricity_out", "electricity_generated"),
        ("electricity_in", "electricity_purchased"),
        ("heat_out", "heat_supplied"),
        ("product", "product_output"),
    ],
)
def test_meters_agree_with_reports(plants: Plants, latest: pl.DataFrame, meter: str, column: str) -> None:
    seen = _metered(plants).filter(pl.col("meter") == meter, pl.col("silent") == 0)
    fuel = pl.DataFrame({"unit_id": plants.world.fleet.id, "fuel": plants.world.fleet.fuel})
    both = latest.join(fuel, on=["unit_id", "fuel"]).join(seen, on=["unit_id", "month"])
    both = both.filter(pl.col(column) > 0)
    bias, noise = METER_ERRORS[meter]
    gap = (both["value"] / both[column] - 1).abs()
    assert both.height > 20
    assert gap.max() < min(METER_AGREEMENT, 1.4 * bias + 2 * noise + 4 * calibration.STOCK_ERROR)
    assert gap.max() > 0


def test_monitors_agree_with_reports(plants: Plants, latest: pl.DataFrame) -> None:
    hours = plants["cems_hourly"].with_columns(
        pl.col("ts").dt.convert_time_zone(_ZONE).dt.truncate("1mo").dt.date().alias("month")
    )
    seen = hours.filter(pl.col("co2_mass").is_not_null(), pl.col("gross_load") > 0)
    rate = seen.group_by("unit_id", "month").agg(
        (pl.col("co2_mass").sum() / pl.col("gross_load").sum()).alias("rate"), pl.len()
    )
    both = latest.filter(pl.col("carbon_basis") == "measured").join(rate, on=["unit_id", "month"])
    both = both.filter(pl.col("len") > 200)
    gap = both["rate"] * both["electricity_generated"] / both["reported_emissions"] - 1
    assert both.height > 40
    assert gap.abs().max() < MONITOR_AGREEMENT
    assert gap.abs().mean() < 0.015
    assert gap.std() > 0.003


def test_monitored_hours_add_up_to_the_truth(plants: Plants) -> None:
    hours = plants["cems_hourly"]
    truth = plants.truth
    inside = np.isin(
        truth.month, [truth.months.index(m) for m in plants.world.timeline.hourly_months(plants.world.scale)]
    )
    generation = truth.run.generation[inside].sum(0)
    seen = dict(hours.group_by("unit_id").agg(pl.col("gross_load").sum()).rows())
    for unit in np.flatnonzero(plants.world.fleet.is_power):
        lost = hours.filter(
            pl.col("unit_id") == plants.world.fleet.id[unit], pl.col("gross_load").is_null()
        ).height
        headroom = lost * plants.world.fleet.capacity[unit] + 10
        assert seen[plants.world.fleet.id[unit]] == pytest.approx(generation[unit], abs=headroom)
    assert (hours["operating"].drop_nulls().is_between(0, 1)).all()


def test_concentration_flow_and_oxygen_belong_together(plants: Plants) -> None:
    hours = plants["cems_hourly"].filter(pl.col("quality") == "valid", pl.col("operating") == 1)
    mass = hours["flow"] * hours["co2_concentration"] / 100 * calibration.CO2_DENSITY
    assert ((mass / hours["co2_mass"] - 1).abs() < 0.003).all()
    assert hours["o2"].min() > 2 and hours["o2"].max() < 17
    assert hours.group_by("unit_id").agg(pl.corr("o2", "co2_concentration").alias("r"))["r"].max() < -0.5
    spread = hours.group_by("unit_id").agg((pl.col("co2_mass").std() / pl.col("co2_mass").mean()).alias("cv"))
    assert spread["cv"].min() > calibration.MONITOR_NOISE * 0.9


def test_every_hour_of_every_power_unit_is_there_once(plants: Plants) -> None:
    hours = plants["cems_hourly"]
    months = plants.world.timeline.hourly_months(plants.world.scale)
    count = 24 * sum((plants.truth.month == plants.truth.months.index(month)).sum() for month in months)
    assert hours.height == count * int(plants.world.fleet.is_power.sum())
    assert hours.select("unit_id", "ts").n_unique() == hours.height
    counted = hours["quality"].value_counts(normalize=True)
    shares = dict(counted.rows())
    assert shares["valid"] > 0.97
    assert set(shares) <= {"valid", "calibration", "maintenance", "fault", "substituted", "missing"}


def test_reports_are_what_their_own_figures_give(plants: Plants) -> None:
    reports = plants["activity_reports"]
    burned = (
        pl.col("fuel_consumption")
        * pl.col("carbon_content")
        * pl.col("oxidation_factor")
        * calibration.CARBON_TO_CO2
    ).fill_null(0.0)
    expected = reports.select(burned + pl.col("process_emissions").fill_null(0.0)).to_series()
    assert (reports["reported_emissions"] - expected).abs().max() < 0.5
    coal = reports.filter(
        pl.col("fuel") == "coal", pl.col("carbon_basis") == "default", pl.col("fuel_consumption") > 0
    )
    factor = (coal["carbon_content"] / coal["ncv"]).round(5)
    assert set(factor.to_list()) <= {0.02618, 0.03085, 0.02858}


def test_reports_state_what_the_laboratory_found(plants: Plants, latest: pl.DataFrame) -> None:
    tests = plants["lab_tests"].with_columns(pl.col("sampled_on").dt.truncate("1mo").alias("month"))
    tests = tests.filter(pl.col("sampled_on") == pl.col("sampled_on").dt.month_end())
    both = latest.filter(pl.col("carbon_basis") == "measured").join(
        tests, on=["unit_id", "month", "fuel"], suffix="_lab"
    )
    received = both["carbon"] / 100 * (100 - both["total_moisture"]) / (100 - both["moisture"])  # [E-02]
    assert both.height > 500
    assert (both["ncv"] == both["ncv_lab"]).all()
    assert (both["carbon_content"] - received).abs().max() < 2e-5


def test_annual_reports_add_up_and_verifiers_find_slips() -> None:
    slips = 0
    for seed in (5, 6, 7):
        plants = run(seed=seed)
        reports, yearly = plants.reports, plants["emission_reports"]
        position = {code: n for n, code in enumerate(plants.world.entities.id)}
        for year in plants.world.timeline.compliance_years:
            for row in yearly.filter(pl.col("year") == year).iter_rows(named=True):
                total = reports.totals(year)[position[row["entity_id"]]]
                assert row["combustion"] + row["process"] == pytest.approx(row["total"], abs=0.02)
                assert row["verified_total"] is None or row["verified_total"] == pytest.approx(total)
                is_off = row["total"] != pytest.approx(total, abs=0.01)
                slips += is_off
                assert is_off == (row["conclusion"] in ("conforms_with_reservation", "does_not_conform"))
                assert row["revision"] == 1 or not is_off
    assert slips > 3


def test_what_reports_say_of_a_year_is_what_is_published(plants: Plants, latest: pl.DataFrame) -> None:
    year = plants.world.timeline.compliance_years[-1]
    inside = latest.filter(pl.col("month").dt.year() == year)
    summed = dict(inside.group_by("unit_id").agg(pl.col("reported_emissions").sum()).rows())
    made = dict(inside.group_by("unit_id").agg(pl.col("product_output").sum()).rows())
    totals = plants["unit_years"].filter(pl.col("year") == year)
    emissions, product = plants.reports.unit_emissions(year), plants.reports.product_of(year)
    for unit, code in enumerate(plants.world.fleet.id):
        assert summed[code] == pytest.approx(emissions[unit], abs=0.05)
        assert made[code] == pytest.approx(product[unit], abs=0.05)
    stated = dict(totals.select("unit_id", "co2_mass").rows())
    assert stated == pytest.approx(
        {code: emissions[n] for n, code in enumerate(plants.world.fleet.id)}, abs=0.01
    )
    verified = plants.reports.verified(year)
    key = ~plants.world.entities.is_small
    assert not np.isnan(verified[key]).any() and np.isnan(verified[~key]).all()
    assert verified[key] == pytest.approx(
        np.bincount(plants.world.fleet.entity, emissions, len(key))[key], abs=0.1
    )


def test_stated_emissions_are_near_the_true_ones(plants: Plants) -> None:
    year = plants.world.timeline.compliance_years[-1]
    truth = plants.truth.monthly(plants.truth.emissions)[plants.truth.years == year].sum(0)
    measured = plants.world.fleet.measures_carbon
    stated = plants.reports.unit_emissions(year)
    assert stated[measured] == pytest.approx(truth[measured], rel=0.006)
    power_coal = plants.world.fleet.is_power & plants.world.fleet.is_coal & ~measured
    if power_coal.any():
        assert (stated[power_coal] > truth[power_coal] * 1.05).all()


def test_laboratories_keep_order_and_time(plants: Plants) -> None:
    tests = plants["lab_tests"]
    steps = ["sampled_on", "received_on", "tested_on", "reported_on"]
    for earlier, later in pairwise(steps):
        assert (tests[earlier] <= tests[later]).all()
    days = (tests["reported_on"] - tests["sampled_on"]).dt.total_days()
    assert days.max() <= LONGEST + 1  # [E-07]
    assert tests["sample_id"].n_unique() == tests.height == tests["report_no"].n_unique()
    assert tests.sort("sample_id")["sampled_on"].is_sorted()
    assert tests["reported_on"].max() <= plants.world.timeline.as_of


def test_reports_are_filed_on_time_and_after_the_laboratory(plants: Plants) -> None:
    reports = plants["activity_reports"].filter(pl.col("revision") == 1)
    local = pl.col("submitted_at").dt.convert_time_zone(_ZONE)
    days = reports.select(
        (local.dt.date() - pl.col("month").dt.month_end()).dt.total_days().alias("days"),
        local.dt.hour().alias("hour"),
    )
    assert days["days"].max() <= law.filing_days()  # [C-04]
    assert days["hour"].is_between(8, 18).all()
    tests = plants["lab_tests"].with_columns(pl.col("sampled_on").dt.truncate("1mo").alias("month"))
    tests = tests.filter(pl.col("sampled_on") == pl.col("sampled_on").dt.month_end())
    both = reports.join(tests, on=["unit_id", "month"])
    assert (both["submitted_at"].dt.convert_time_zone(_ZONE).dt.date() >= both["reported_on"]).all()
    industry = plants.world.entities.sector != "power"
    codes = [code for code, other in zip(plants.world.entities.id, industry, strict=True) if other]
    assert reports.filter(pl.col("entity_id").is_in(codes))["month"].min() == date(2024, 1, 1)
    assert reports["month"].max() == plants.world.timeline.last_filed_month


def test_annual_calendar_is_kept(plants: Plants) -> None:
    sector = dict(zip(plants.world.entities.id, plants.world.entities.sector.tolist(), strict=True))
    for row in plants["emission_reports"].iter_rows(named=True):
        kind, year = sector[row["entity_id"]], row["year"]
        handed_in = row["submitted_at"].date()
        assert row["revision"] > 1 or handed_in <= report_due(kind, year)  # [C-05]
        if row["verified_at"] is None:
            assert row["conclusion"] == "not_verified" and row["verifier_id"] is None
            continue
        assert row["submitted_at"] < row["verified_at"]
        assert row["verified_at"].date() <= law.verification_due(year, kind)  # [C-06]


def test_other_rights_follow_the_fuel(plants: Plants) -> None:
    rights, truth, fleet = plants["other_rights"], plants.truth, plants.world.fleet
    year = plants.world.timeline.compliance_years[0]
    inside = truth.years == year
    energy = truth.monthly(truth.burn.energy)[inside].sum(0) / calibration.COAL_EQUIVALENT
    energy += truth.monthly(truth.works.electricity)[inside].sum(0) * calibration.ELECTRICITY_EQUIVALENT
    fuel = truth.monthly(truth.burn.fuel)[inside].sum(0)
    for entity, code in enumerate(plants.world.entities.id):
        stated = dict(
            rights.filter(pl.col("entity_id") == code, pl.col("year") == year)
            .select("kind", "reported")
            .rows()
        )
        units = fleet.entity == entity
        assert stated["energy_use"] == pytest.approx(energy[units].sum(), rel=1e-5)
        if fleet.is_coal[units].all():
            assert 0 < stated["so2"] < fuel[units].sum() * 2 * 0.02 * 0.06
    assert (rights["permitted"] >= rights["reported"]).all()
    assert rights.select("entity_id", "year", "kind").n_unique() == rights.height


def test_small_emitters_report_below_the_threshold(plants: Plants) -> None:
    small = [
        code
        for code, one in zip(plants.world.entities.id, plants.world.entities.is_small, strict=True)
        if one
    ]
    stated = plants["emission_reports"].filter(pl.col("entity_id").is_in(small))
    assert stated.height == len(small)
    assert stated["total"].max() < law.listing_threshold()
    assert plants["activity_reports"].filter(pl.col("entity_id").is_in(small)).height > 0


def test_the_same_seed_gives_the_same_figures_and_another_one_others(plants: Plants) -> None:
    again = run()
    for name, frames in plants.shelf.frames.items():
        assert pl.concat(frames).equals(again[name]), name
    tiny_world.cache_clear()
    assert not run(seed=6)["unit_years"].equals(plants["unit_years"])


def test_rows_grow_with_units_and_time_only(plants: Plants) -> None:
    fleet, days = plants.world.fleet, len(plants.truth.days)
    assert plants["meters_daily"].height <= 3 * len(fleet) * days
    months = len(plants.truth.months)
    assert plants["activity_reports"].height < 1.3 * len(fleet) * months
    assert plants["lab_tests"].height < 1.5 * fleet.is_analysed.sum() * months
