"""output_mismatch: declared output against meters, own history, physical bounds and peers."""

from __future__ import annotations

import json
from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from anomaly.core.market import Market
from anomaly.core.run import detect

SUMMER = pl.col("month").is_between(date(2024, 5, 1), date(2024, 9, 1))
WINTER = pl.col("month").dt.month().is_in([11, 12, 1, 2, 3])
LAST_HALF_YEAR = pl.col("month") >= date(2025, 7, 1)


def output_months(units=3, count=24, heat=0.0):
    """Honest months of condensing or, with heat per MWh (GJ), cogeneration units."""
    rng = np.random.default_rng(7)
    rows = []
    for unit in range(units):
        for n in range(count):
            month = date(2024 + n // 12, n % 12 + 1, 1)
            electricity = 300_000 * (1 + rng.normal(0, 0.1))
            supplied = electricity * heat * (1.0 if month.month in (11, 12, 1, 2, 3) else 0.3)
            energy = (8.6 * electricity + 1.1 * supplied) * (1 + rng.normal(0, 0.008))
            quantity = energy / (21.0 * (1 + rng.normal(0, 0.005)))
            rows.append(
                {
                    "unit_id": f"U{unit}", "month": month, "entity_id": f"E{unit}",
                    "entity_name": f"Plant {unit}", "province_code": "110000", "sector": "power",
                    "unit_class": "coal_gt300", "revision": 1, "electricity_generated_mwh": electricity,
                    "heat_supplied_gj": supplied, "product_output_t": None,
                    "metered_electricity_at_most_mwh": electricity * (1 + rng.normal(0, 0.001)),
                    "metered_heat_at_most_gj": supplied * (1 + rng.normal(0, 0.003)),
                    "metered_product_at_most_t": None, "single_fuel": "coal",
                    "single_fuel_consumption": quantity, "fuel_energy_gj": energy,
                    "metered_fuel_at_most_t": quantity * (1 + rng.normal(0, 0.002)),
                    "electricity_purchased_mwh": None,
                }
            )  # fmt: skip
    empty = {"product_output_t": pl.Float64, "metered_product_at_most_t": pl.Float64}
    return pl.DataFrame(rows).cast({**empty, "electricity_purchased_mwh": pl.Float64})


def scaled(frame, where, **factors):
    """The frame with the named columns of unit U1 multiplied in some months."""
    at = (pl.col("unit_id") == "U1") & where
    return frame.with_columns(
        pl.when(at).then(pl.col(name) * factor).otherwise(pl.col(name)).alias(name)
        for name, factor in factors.items()
    )


@pytest.fixture
def found(marts, run):
    """The alerts about these months."""

    def _found(frame):
        frame.write_parquet(marts / "fct_output_months.parquet")
        return run("output_mismatch").sort("window_start")

    return _found


@pytest.mark.parametrize("heat", [0.0, 2.0])
def test_honest_months_stay_silent(found, heat):
    assert found(output_months(heat=heat)).is_empty()


@pytest.mark.parametrize(
    ("column", "heat", "where"),
    [("electricity_generated_mwh", 0.0, SUMMER), ("heat_supplied_gj", 2.0, WINTER & ~LAST_HALF_YEAR)],
)
def test_output_declared_above_its_meter_is_found(found, column, heat, where):
    alerts = found(scaled(output_months(heat=heat), where, **{column: 1.05}))
    assert set(map(tuple, alerts["subject_ids"])) == {("E1", "U1")}
    measures = json.loads(alerts["measures"][0])
    assert measures["excess"]["value"] == pytest.approx(0.05, abs=0.005)
    assert {entry["table"] for entry in json.loads(alerts["evidence"][0])} == {
        "activity_reports",
        "meters_daily",
    }


@pytest.fixture
def stakes(marts):
    """The alerts about these months with their stakes, where each month reported 1,000 t."""

    def _stakes(frame):
        frame.write_parquet(marts / "fct_output_months.parquet")
        reported = frame.select("unit_id", "month", reported_emissions_tco2=pl.lit(1_000.0))
        reported.write_parquet(marts / "fct_mass_balance_months.parquet")
        detection = detect(marts, market=Market(), snapshot_id="s", kinds=["output_mismatch"])
        return detection.alerts.join(detection.assessments, on="alert_id")

    return _stakes


def test_only_the_output_that_no_meter_counted_is_in_doubt(stakes):
    """Of 1,000 t declared at four times the metered output 750 t are in doubt, in each of five months."""
    alerts = stakes(scaled(output_months(), SUMMER, electricity_generated_mwh=4.0))
    (alert,) = [row for row in alerts.to_dicts() if "metered_output" in row["measures"]]
    assert alert["stake_tco2e"] == pytest.approx(5 * 750, rel=0.01)


def test_only_the_output_beyond_the_efficiency_bound_is_in_doubt(stakes):
    impossible = pl.col("month").is_in([date(2024, 6, 1), date(2024, 7, 1)])
    frame = scaled(output_months(), impossible, **dict.fromkeys(ALL_INPUTS, 0.5))
    (alert,) = [row for row in stakes(frame).to_dicts() if "electric_efficiency" in row["measures"]]
    efficiency = json.loads(alert["measures"])["electric_efficiency"]
    most = 2 * 1_000 * (1 - efficiency["threshold"] / efficiency["value"])
    assert 0.8 * most < alert["stake_tco2e"] <= most


def test_a_constant_ratio_to_the_meter_is_no_overstatement(found):
    frame = output_months()
    assert found(scaled(frame, pl.lit(True), metered_electricity_at_most_mwh=0.94)).is_empty()


def test_deviations_on_both_sides_are_no_overstatement(found):
    odd = pl.col("month").dt.month().is_in([6, 8])
    frame = scaled(output_months(), SUMMER & odd, metered_electricity_at_most_mwh=1.2)
    assert found(scaled(frame, SUMMER & ~odd, metered_electricity_at_most_mwh=0.8)).is_empty()


def test_one_month_alone_is_no_alert(found):
    one = pl.col("month") == date(2024, 6, 1)
    assert found(scaled(output_months(), one, metered_electricity_at_most_mwh=0.8)).is_empty()


@pytest.mark.parametrize(("heat", "excess"), [(0.0, 1.06), (2.0, 1.12)])
def test_all_inputs_per_output_below_the_usual_level_are_found(found, heat, excess):
    """The meter says the same as the report; fuel does not."""
    both = dict.fromkeys(("electricity_generated_mwh", "metered_electricity_at_most_mwh"), excess)
    alert = found(scaled(output_months(heat=heat), SUMMER, **both)).row(0, named=True)
    assert alert["subject_ids"] == ["E1", "U1"]
    assert (alert["window_start"], alert["window_end"]) == (
        datetime(2024, 4, 30, 16),
        datetime(2024, 9, 30, 16),
    )
    assert json.loads(alert["measures"])["inputs"]["value"] == 3


@pytest.mark.parametrize(
    "change",
    [
        {"fuel_energy_gj": 0.9},  # a lower heating value
        {"single_fuel_consumption": 0.9},  # a better coal
        {"fuel_energy_gj": 0.9, "single_fuel_consumption": 0.9},  # fuel understated; its meter is right
    ],
)
def test_a_drop_of_some_inputs_has_another_cause(found, change):
    assert found(scaled(output_months(), SUMMER, **change)).is_empty()


ALL_INPUTS = ("fuel_energy_gj", "single_fuel_consumption", "metered_fuel_at_most_t")


@pytest.mark.parametrize(("gain", "alerts"), [(0.95, 0), (0.88, 1)])
def test_a_lasting_gain_is_an_overhaul_up_to_what_one_can_give(found, gain, alerts):
    frame = scaled(output_months(), LAST_HALF_YEAR, **dict.fromkeys(ALL_INPUTS, gain))
    assert found(frame).height == alerts


def test_months_beyond_the_efficiency_bound_are_one_finding_a_run(found):
    impossible = pl.col("month").dt.month().is_in([5, 6, 7, 10]) & (pl.col("month") < date(2025, 1, 1))
    alerts = found(scaled(output_months(), impossible, **dict.fromkeys(ALL_INPUTS, 0.7)))
    measures = [json.loads(measures) for measures in alerts["measures"]]
    efficient = [one for one in measures if "electric_efficiency" in one]
    assert [one["months"]["value"] for one in efficient] == [3, 1]
    assert efficient[0]["electric_efficiency"]["value"] > 0.55


def test_metered_fuel_and_the_usual_heating_value_explain_an_efficiency(found):
    one = pl.col("month") == date(2024, 6, 1)
    assert found(scaled(output_months(), one, fuel_energy_gj=0.7)).is_empty()
    understated = {"fuel_energy_gj": 0.7, "single_fuel_consumption": 0.7}
    assert found(scaled(output_months(), one, **understated)).is_empty()


def unit_years(**changed):
    row = {
        "unit_id": "U1", "year": 2023, "entity_id": "E1", "entity_name": "Plant", "province_code": "US-PA",
        "unit_class": "coal_gt300", "fuel": "coal", "operating_hours": 6000.0, "heat_input_gj": 1e7,
        "gross_load_mwh": 1e6, "co2_mass_tco2": 9e5, "co2_tco2_per_gj": 0.09,
        "is_whole_year": True,
    }  # fmt: skip
    return pl.DataFrame([row | changed])


LOW = {"co2_mass_tco2": 6e5, "co2_tco2_per_gj": 0.06}
EFFICIENT = {"gross_load_mwh": 1.6e6}


@pytest.mark.parametrize(("changed", "measure"), [(LOW, "co2_per_gj"), (EFFICIENT, "electric_efficiency")])
def test_physical_bounds_of_a_year(marts, run, changed, measure):
    unit_years().write_parquet(marts / "fct_unit_years.parquet")
    assert run("output_mismatch").is_empty()
    unit_years(**changed).write_parquet(marts / "fct_unit_years.parquet")
    alert = run("output_mismatch").row(0, named=True)
    assert alert["subject_ids"] == ["E1", "U1"]
    assert measure in json.loads(alert["measures"])


@pytest.mark.parametrize("explained", [{"fuel": "coal+natural gas"}, {"gross_load_mwh": 0.0}])
def test_listed_gas_and_a_year_without_output_are_not_reported(marts, run, explained):
    unit_years(**LOW | explained).write_parquet(marts / "fct_unit_years.parquet")
    assert run("output_mismatch").is_empty()


def test_a_year_whose_months_are_reported_is_judged_by_its_months(marts, found):
    unit_years(**LOW | {"year": 2024}).write_parquet(marts / "fct_unit_years.parquet")
    assert found(output_months()).is_empty()


def test_a_year_that_is_not_over_or_not_covered_is_not_judged(marts, run):
    unit_years(**LOW, is_whole_year=False).write_parquet(marts / "fct_unit_years.parquet")
    assert run("output_mismatch").is_empty()
    unit_years(**LOW).write_parquet(marts / "fct_unit_years.parquet")
    assert run("output_mismatch").height == 1
