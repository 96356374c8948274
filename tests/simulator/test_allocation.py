"""Allocation equals the rule, recomputed from the published tables alone."""

import numpy as np
import polars as pl
import pytest

from pipelines.simulator.benchmark import peak_shaving_factor

# tCO2/MWh and tCO2/GJ, rules D-01 to D-04, written out here so that a wrong number there shows.
ELECTRICITY = {
    "coal_gt300": {2023: 0.7950, 2024: 0.7910},
    "coal_le300": {2023: 0.8090, 2024: 0.8049},
    "coal_unconventional": {2023: 0.8285, 2024: 0.8244},
    "gas_class_f": {2023: 0.3305, 2024: 0.3288},
    "gas_other": {2023: 0.3305, 2024: 0.3288},
}
HEAT = {"coal": {2023: 0.1038, 2024: 0.1033}, "gas": {2023: 0.0536, 2024: 0.0533}}


def _latest(frame, keys):
    return frame.sort("revision").group_by(keys, maintain_order=True).last()


def _by_rule(written):
    """What the method gives every entity and year, from reports, unit totals and directories."""
    monthly = _latest(written["activity_reports"], ["unit_id", "month", "fuel"])
    annual = monthly.group_by("entity_id", "unit_id", year=pl.col("month").dt.year().cast(pl.Int64)).agg(
        generation=pl.col("electricity_generated").sum(),
        heat=pl.col("heat_supplied").sum(),
        emissions=pl.col("reported_emissions").sum().round(2),
    )
    hours = written["unit_years"].select("unit_id", "year", "operating_hours")
    units = written["units"].select("unit_id", "unit_class", "capacity", "capacity_unit")
    power = annual.join(hours, on=["unit_id", "year"], how="left").join(units, on="unit_id")
    power = power.filter(pl.col("capacity_unit") == "MW", pl.col("year").is_in([2023, 2024]))
    verified = _latest(written["emission_reports"], ["entity_id", "year"]).select(
        "entity_id", "year", "verified_total"
    )
    rows = []
    for row in power.iter_rows(named=True):
        kind, year = row["unit_class"], row["year"]
        is_gas = kind.startswith("gas")
        amount = row["generation"] * ELECTRICITY[kind][year]
        if kind in {"coal_gt300", "coal_le300"} and row["operating_hours"]:
            load = row["generation"] / (row["capacity"] * row["operating_hours"])
            amount *= 1.015 ** (16 - 20 * load) if load < 0.65 else 1.0
        amount += row["heat"] * HEAT["gas" if is_gas else "coal"][year]
        rows.append((row["entity_id"], year, max(amount, row["emissions"]) if is_gas else amount))
    schema = {"entity_id": pl.String, "year": pl.Int64, "amount": pl.Float64}
    by_entity = (
        pl.DataFrame(rows, schema=schema, orient="row")
        .group_by("entity_id", "year")
        .agg(pl.col("amount").sum())
    )
    by_entity = by_entity.join(verified, on=["entity_id", "year"])
    topped = by_entity.with_columns(amount=pl.max_horizontal("amount", pl.col("verified_total") * 0.8))
    sectors = written["entities"].select("entity_id", "sector")
    industry = verified.filter(pl.col("year") == 2024).join(sectors, on="entity_id")
    industry = industry.filter(pl.col("sector").is_in(["cement", "steel", "aluminium"]))
    both = pl.concat(
        [
            topped.select("entity_id", "year", "amount"),
            industry.select("entity_id", "year", amount="verified_total"),
        ]
    )
    return both.with_columns(pl.col("amount") + 1e-6)


def _decided(written):
    final = written["allocations"].filter(pl.col("stage") != "preliminary")
    return final.group_by("entity_id", "year").agg(pl.col("quantity").sum())


def test_allocation_equals_the_rule(clean_market):
    joined = _decided(clean_market).join(_by_rule(clean_market), on=["entity_id", "year"], how="left")
    assert joined["amount"].null_count() == 0
    off = joined.with_columns(off=(pl.col("amount").floor() - pl.col("quantity")).abs())
    # An adjustment is a share of whole tonnes: its two parts may differ from the rule by a tonne.
    assert off["off"].max() <= 1
    assert (off["off"] == 0).mean() > 0.97


def test_everybody_covered_and_verified_is_allocated(clean_market):
    owed = clean_market["compliance"].drop_nulls("verified_emissions").select("entity_id", "year")
    assert owed.join(_decided(clean_market), on=["entity_id", "year"], how="anti").is_empty()


def test_allocation_errors_are_the_labelled_ones(market):
    joined = _decided(market).join(_by_rule(market), on=["entity_id", "year"], how="left")
    wrong = joined.filter((pl.col("amount").floor() - pl.col("quantity")).abs() > 2)
    subjects = market.labels.select("kind", "subject_ids").explode("subject_ids")
    labelled = subjects.filter(pl.col("kind") == "allocation_error")["subject_ids"]
    # Who leaves months out cannot be recomputed from the monthly reports.
    unknown = subjects.filter(pl.col("kind") == "missing_report")["subject_ids"]
    assert set(wrong["entity_id"]) <= {*labelled, *unknown}
    assert wrong.height >= len(set(labelled)) - 1


def test_preliminary_is_seventy_percent_of_the_last_verified(clean_market):
    prior = clean_market["allocations"].filter(pl.col("stage") == "preliminary", pl.col("year") == 2024)
    verified = _latest(clean_market["emission_reports"], ["entity_id", "year"]).filter(pl.col("year") == 2023)
    joined = prior.join(verified, on="entity_id")
    assert joined.height == prior.height > 0
    assert (joined["quantity"] == (joined["verified_total"] * 0.7 + 1e-6).floor()).all()


def test_industry_gets_no_preliminary_allocation_and_nothing_before_2024(clean_market):
    sectors = clean_market["entities"].select("entity_id", "sector")
    industry = clean_market["allocations"].join(sectors, on="entity_id").filter(pl.col("sector") != "power")
    assert set(industry["year"]) == {2024}
    assert set(industry["stage"]) <= {"final", "adjustment"}
    assert set(industry["method"]) <= {"historical_intensity", "adjustment"}


def test_who_is_not_listed_gets_nothing(market):
    unlisted = market["entities"].filter(pl.col("listed_on").is_null())
    assert unlisted.height > 0
    assert market["allocations"].join(unlisted, on="entity_id", how="semi").is_empty()
    assert market["compliance"].join(unlisted, on="entity_id", how="semi").is_empty()


def test_documents_are_decided_before_they_are_booked(clean_market):
    first = clean_market["transfers"].filter(pl.col("kind") == "allocation").group_by(
        account="to_account", year="vintage"
    ).agg(booked=pl.col("ts").min().dt.date())  # fmt: skip
    accounts = clean_market["accounts"].select(account="account_id", entity_id="holder_id")
    decided = clean_market["allocations"].group_by("entity_id", "year").agg(pl.col("decided_on").min())
    joined = decided.join(accounts, on="entity_id").join(first, on=["account", "year"])
    assert (joined["booked"] > joined["decided_on"]).all()


@pytest.mark.parametrize(
    ("load", "factor"), [(0.65, 1.0), (0.80, 1.0), (0.6499999, 1.0456784), (0.4, 1.015**8)]
)
def test_peak_shaving_jumps_at_its_edge(load, factor):
    assert peak_shaving_factor(np.array([load]), 2024)[0] == pytest.approx(factor, rel=1e-4)
