"""Emission identities of the clean market: reports, instruments, laboratories, allocation, surrender."""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from pipelines.simulator.identifiers import check_character

LOCAL_MONTH = pl.col("ts").dt.convert_time_zone("Asia/Shanghai").dt.date().dt.truncate("1mo").alias("month")


@pytest.fixture
def monthly(clean_market):
    return clean_market["activity_reports"]


def test_reported_emissions_are_fuel_times_carbon_times_oxidation(monthly):
    burned = pl.col("fuel_consumption") * pl.col("carbon_content") * pl.col("oxidation_factor") * 44 / 12
    gap = monthly.select(
        (pl.col("reported_emissions") - burned.fill_null(0) - pl.col("process_emissions").fill_null(0)).abs()
    ).to_series()
    assert gap.max() < 0.02


def test_annual_report_and_verification_are_the_sum_of_the_months(clean_market, monthly):
    sums = monthly.group_by("entity_id", pl.col("month").dt.year().cast(pl.Int64).alias("year")).agg(
        pl.col("reported_emissions").sum()
    )
    annual = clean_market["emission_reports"].join(sums, on=["entity_id", "year"], how="left")
    assert (annual["total"] - annual["reported_emissions"]).abs().max() < 0.01
    assert (annual["verified_total"] == annual["total"]).all()
    registry = clean_market["compliance"].join(annual, on=["entity_id", "year"])
    assert registry.height == clean_market["compliance"].height
    assert (registry["verified_emissions"] == registry["total"]).all()
    assert (registry["obligation"] == registry["verified_emissions"].ceil().cast(pl.Int64)).all()


def test_reports_come_in_time(clean_market, monthly):
    local = pl.col("submitted_at").dt.convert_time_zone("Asia/Shanghai").dt.date()
    days = monthly.select((local - pl.col("month").dt.month_end()).dt.total_days()).to_series()
    assert days.min() > 10
    assert days.max() == 40
    annual = clean_market["emission_reports"].with_columns(local.alias("day"))
    assert annual.select((pl.col("day") <= pl.date(pl.col("year") + 1, 3, 31)).all()).item()
    assert (annual["verified_at"] > annual["submitted_at"]).all()


def test_meters_agree_with_honest_reports(clean_market, monthly):
    pairs = {
        "coal_feed": ("fuel_consumption", 0.01),
        "gas_flow": ("fuel_consumption", 0.01),
        "electricity_out": ("electricity_generated", 0.002),
        "electricity_in": ("electricity_purchased", 0.004),
        "heat_out": ("heat_supplied", 0.015),
        "product": ("product_output", 0.01),
    }
    read = clean_market["meters_daily"].group_by(
        "unit_id", "meter", pl.col("date").dt.truncate("1mo").alias("month")
    )
    read = read.agg(pl.col("value").sum())
    for meter, (column, tolerance) in pairs.items():
        joined = read.filter(pl.col("meter") == meter).join(monthly, on=["unit_id", "month"])
        joined = joined.filter(pl.col(column) > 0)
        assert joined.height > 30
        assert (joined["value"] / joined[column] - 1).abs().max() < tolerance, meter


def test_cems_agree_with_honest_reports(clean_market, monthly):
    seen = clean_market["cems_hourly"].filter(pl.col("co2_mass").is_not_null())
    seen = seen.group_by("unit_id", LOCAL_MONTH).agg(
        pl.col("co2_mass").sum(), pl.col("operating").sum().alias("hours")
    )
    run = (
        clean_market["cems_hourly"]
        .group_by("unit_id", LOCAL_MONTH)
        .agg(pl.col("operating").sum().alias("all_hours"))
    )
    units = clean_market["units"].select("unit_id", "unit_class")
    joined = (
        seen.join(run, on=["unit_id", "month"])
        .join(monthly, on=["unit_id", "month"])
        .join(units, on="unit_id")
    )
    honest = (pl.col("carbon_basis") == "measured") | (pl.col("fuel") == "natural_gas")
    joined = joined.filter(honest & (pl.col("hours") > 48))
    ratio = joined["co2_mass"] * joined["all_hours"] / joined["hours"] / joined["reported_emissions"]
    assert joined.height > 400
    assert (ratio - 1).abs().max() < 0.03
    hours = clean_market["cems_hourly"].filter((pl.col("quality") == "valid") & (pl.col("operating") > 0.01))
    mass = hours["flow"] * hours["co2_concentration"] / 100 * 0.0019643 * hours["operating"]
    assert (mass / hours["co2_mass"] - 1).abs().max() < 0.02


def test_coal_analyses_obey_coal_chemistry(clean_market, monthly):
    tests = clean_market["lab_tests"].with_columns(pl.col("sampled_on").dt.truncate("1mo").alias("month"))
    dates = tests.select("sampled_on", "received_on", "tested_on", "reported_on")
    for earlier, later in pairwise(dates.columns):
        assert (dates[earlier] <= dates[later]).all()
    assert (dates["reported_on"] - dates["sampled_on"]).dt.total_days().max() <= 40
    combustible = 1 - (tests["moisture"] + tests["ash"]) / 100
    tests = tests.with_columns(
        (tests["carbon"] / combustible).alias("daf"), (tests["volatile"] / combustible).alias("vdaf")
    )
    carbon = tests["carbon"] / 100 * (100 - tests["total_moisture"]) / (100 - tests["moisture"])
    tests = tests.with_columns(carbon.alias("received"), (carbon / tests["ncv"] * 1000).alias("per_heat"))
    bounds = {"coal": (74, 92, 26.18), "lignite": (60, 77, 27.97), "anthracite": (90, 98, 27.49)}
    for fuel, (low, high, typical) in bounds.items():
        rank = tests.filter(pl.col("fuel") == fuel)
        assert rank.height > 30
        assert rank.select(pl.col("daf").is_between(low, high).all()).item(), fuel
        assert (rank["per_heat"] / typical - 1).abs().max() < 0.05
    assert tests.filter(pl.col("fuel") == "anthracite")["vdaf"].max() <= 10
    coal = tests.filter(pl.col("fuel") == "coal")
    assert coal.select(pl.corr("ash", "ncv")).item() < -0.5
    joined = tests.join(monthly, on=["unit_id", "month"])
    assert joined.height == tests.height
    assert (joined["received"] - joined["carbon_content"]).abs().max() < 1e-5
    assert (joined["ncv"] == joined["ncv_right"]).all()


def test_heat_balance_is_physical(clean_market, monthly):
    power = monthly.join(clean_market["units"], on="unit_id").filter(pl.col("capacity_unit") == "MW")
    power = power.with_columns((pl.col("fuel_consumption") * pl.col("ncv")).alias("energy")).filter(
        pl.col("energy") > 0
    )
    condensing = power.filter((pl.col("heat_supplied") == 0) & (pl.col("fuel") != "natural_gas"))
    assert (condensing["electricity_generated"] * 3.6 / condensing["energy"]).max() < 0.46
    assert ((power["electricity_generated"] * 3.6 + power["heat_supplied"]) / power["energy"]).max() < 1


def test_final_allocation_follows_the_published_method(clean_market, monthly):
    electricity = {
        ("coal_gt300", 2023): 0.7950, ("coal_gt300", 2024): 0.7910,
        ("coal_le300", 2023): 0.8090, ("coal_le300", 2024): 0.8049,
        ("coal_unconventional", 2023): 0.8285, ("coal_unconventional", 2024): 0.8244,
        ("gas_class_f", 2023): 0.3305, ("gas_class_f", 2024): 0.3288,
    }  # fmt: skip
    heat = {("coal", 2023): 0.1038, ("coal", 2024): 0.1033, ("gas", 2023): 0.0536, ("gas", 2024): 0.0533}
    supplied = monthly.group_by("unit_id", pl.col("month").dt.year().cast(pl.Int64).alias("year")).agg(
        pl.col("heat_supplied").sum()
    )
    totals: dict[tuple[str, int], float] = {}
    years = (
        clean_market["unit_years"]
        .join(clean_market["units"], on="unit_id")
        .join(supplied, on=["unit_id", "year"])
    )
    for row in years.iter_rows(named=True):
        kind = row["unit_class"].split("_")[0]
        load_factor = row["gross_load"] / (row["capacity"] * row["operating_hours"])
        factor = 1.015 ** (16 - 20 * load_factor)
        if load_factor >= 0.65 or row["unit_class"] not in ("coal_gt300", "coal_le300"):
            factor = 1.0
        amount = row["gross_load"] * electricity[row["unit_class"], row["year"]] * factor
        amount += row["heat_supplied"] * heat[kind, row["year"]]
        amount = max(amount, row["co2_mass"]) if kind == "gas" else amount
        key = row["entity_id"], row["year"]
        totals[key] = totals.get(key, 0.0) + amount
    verified = {
        row[:2]: row[2]
        for row in clean_market["compliance"].select("entity_id", "year", "verified_emissions").rows()
    }
    decided = clean_market["allocations"].filter(pl.col("stage") == "final")
    assert set(decided.select("entity_id", "year").rows()) == set(verified)
    for entity, year, method, quantity in decided.select("entity_id", "year", "method", "quantity").rows():
        emissions = verified[entity, year]
        expected = max(totals[entity, year], 0.8 * emissions) if method == "benchmark" else emissions
        assert quantity == pytest.approx(np.floor(expected + 1e-6), abs=1)
    early = clean_market["allocations"].filter((pl.col("stage") == "preliminary") & (pl.col("year") == 2024))
    for entity, quantity in early.select("entity_id", "quantity").rows():
        assert quantity == int(0.7 * verified[entity, 2023])


def test_what_is_allocated_is_what_is_booked(clean_market):
    accounts = clean_market["accounts"].select(
        pl.col("account_id").alias("to_account"), pl.col("holder_id").alias("entity_id")
    )
    booked = clean_market["transfers"].filter(pl.col("kind") == "allocation").join(accounts, on="to_account")
    booked = booked.group_by("entity_id", pl.col("vintage").alias("year")).agg(
        pl.col("quantity").sum().alias("booked")
    )
    final = clean_market["allocations"].filter(pl.col("stage") == "final")
    joined = final.join(booked, on=["entity_id", "year"], how="full", coalesce=True)
    assert (joined["quantity"] == joined["booked"]).all()


def test_everybody_surrenders_in_full_and_in_time(clean_market):
    registry = clean_market["compliance"]
    assert (registry["surrendered"] == registry["obligation"]).all()
    assert (registry["completed_on"] <= registry["due_on"]).all()
    assert set(registry["registry_status"]) == {"compliant"}
    accounts = clean_market["accounts"].select(
        pl.col("account_id").alias("from_account"), pl.col("holder_id").alias("entity_id")
    )
    given = clean_market["transfers"].filter(pl.col("kind") == "surrender").join(accounts, on="from_account")
    given = given.group_by("entity_id", (pl.col("ts").dt.year().cast(pl.Int64) - 1).alias("year")).agg(
        pl.col("quantity").sum(), pl.col("vintage").max(), pl.col("ts").max()
    )
    joined = registry.join(given, on=["entity_id", "year"], how="left")
    assert (joined["quantity"] == joined["surrendered"]).all()
    assert (joined["vintage"] <= joined["year"]).all()


def test_credit_codes_have_their_check_character(clean_market):
    codes = clean_market["entities"]["entity_id"].to_list()
    assert all(len(code) == 18 and code[-1] == check_character(code[:17]) for code in codes)
    assert clean_market["entities"]["entity_name"].str.starts_with("示例").all()
