"""What no instrument can measure proves nothing about emissions, and is named as a fault of readings."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

MARTS = ("fct_mass_balance_months", "fct_reading_faults", "fct_lab_tests", "dim_units")
UNITS = 32
MONTH = date(2025, 3, 1)
HOUR_T, REPORTED = 100.0, 74_400.0
ACCOUNTS = [{"account_id": "A0", "holder_id": "E0", "holder_type": "compliance"}]
TRADES = pl.DataFrame(
    schema=dict.fromkeys(
        ("trade_id", "ts", "instrument_id", "mode", "price", "quantity", "buy_account_id", "sell_account_id"),
        pl.String,
    )
)


def hours(unit: int, count: int = 744, **changed: object) -> pl.DataFrame:
    """Hours of March in Shanghai, with columns changed."""
    start = datetime(2025, 2, 28, 16, tzinfo=UTC)
    frame = pl.DataFrame(
        {
            "unit_id": [f"U{unit}"] * count,
            "ts": [(start + timedelta(hours=n)).strftime("%Y-%m-%dT%H:%M:%SZ") for n in range(count)],
            # a scatter of a few per cent that no unit shares with another
            "co2_mass": [HOUR_T * (1 + 0.02 * ((7 * n + 3 * unit) % 11 - 5) / 5) for n in range(count)],
            "operating": [1.0] * count,
            "quality": ["valid"] * count,
        }
    )
    return frame.with_columns(**{name: pl.lit(value) for name, value in changed.items()})


def report(unit: int, reported: float = REPORTED, **changed: object) -> dict[str, object]:
    row = {
        "entity_id": f"E{unit}", "unit_id": f"U{unit}", "month": MONTH, "fuel": "coal",
        "fuel_consumption": None, "ncv": None, "carbon_content": None, "oxidation_factor": None,
        "reported_emissions": reported * (1 + 0.01 * ((unit % 7) - 3) / 3),
        "submitted_at": "2025-04-10T00:00:00Z", "revision": 1,
    }  # fmt: skip
    return row | changed


@pytest.fixture
def market(write_source, supervised):
    """A market of 32 alike coal units in March 2025, some of them given otherwise."""

    def make(monitored: dict[int, pl.DataFrame], reported: dict[int, dict[str, object]]):
        source = write_source(
            entities=[
                {"entity_id": f"E{n}", "entity_name": f"Plant {n}", "sector": "power",
                 "province_code": "110000", "status": "listed"}
                for n in range(UNITS)
            ],
            units=[
                {"unit_id": f"U{n}", "entity_id": f"E{n}", "unit_class": "coal_gt300", "capacity": 300,
                 "capacity_unit": "MW"}
                for n in range(UNITS)
            ],
            cems_hourly=pl.concat([monitored.get(n, hours(n)) for n in range(UNITS)], how="diagonal_relaxed"),
            activity_reports=[reported.get(n, report(n)) for n in range(UNITS)],
            accounts=ACCOUNTS,
            trades=TRADES,
        )  # fmt: skip
        return supervised(source, date(2025, 6, 30), *MARTS)

    return make


def faults(market) -> set[tuple[str, str, float | None]]:
    rows = market.mart("fct_reading_faults").select("unit_id", "quantity", "unit_factor").rows()
    return set(rows)


def test_impossible_hours_accuse_no_plant_and_name_the_monitor(practice, supervised):
    market = supervised(practice / "17-cems-impossible-hours/source", date(2025, 6, 30), *MARTS)
    assert market.alerts("mass_balance_gap").is_empty()
    assert faults(market) == {("U1", "co2_mass", None), ("U2", "co2_mass", 1000.0), ("U3", "co2_mass", None)}


def test_sentinels_minutes_and_few_hours_beside_real_gaps(market):
    """9999 and -1 as CO2, minutes as operating time, ten hours of a month, and an idle month.

    Ten hours prove nothing where the rest is absent, and all where the unit stood still otherwise.
    """
    place = pl.int_range(pl.len())
    idle = {name: pl.when(place < 100).then(name).otherwise(0.0) for name in ("operating", "co2_mass")}
    found = market(
        {
            1: hours(1).with_columns(co2_mass=pl.when(place % 50 == 0).then(9999.0).otherwise("co2_mass")),
            2: hours(2).with_columns(co2_mass=pl.when(place < 40).then(-1.0).otherwise("co2_mass")),
            3: hours(3, operating=60.0),
            5: hours(5, 10),
            6: hours(6).with_columns(**idle),
        },
        {4: report(4, 0.7 * REPORTED), 5: report(5, 500.0), 6: report(6, 5_000.0)},
    )
    accused = found.alerts("mass_balance_gap")["subject_ids"].list.join(" ").sort().to_list()
    assert accused == ["E4 U4", "E6 U6"]
    assert {unit for unit, _, _ in faults(found)} == {"U1", "U2", "U3"}
    month = found.mart("fct_mass_balance_months").filter(unit_id="U1").row(0, named=True)
    assert (month["cems_valid_hours"], month["cems_hours"]) == (729, 744)


def test_reports_in_another_unit_of_measure_are_no_false_output(market):
    """A report in ten thousand tonnes, fuel in kilograms, heating values in kcal/kg, carbon in percent."""
    fuel = {"fuel_consumption": 40_000.0, "carbon_content": 0.51, "oxidation_factor": 0.99}
    found = market(
        {},
        {
            1: report(1, REPORTED / 1e4, **fuel),
            2: report(2, **fuel | {"fuel_consumption": 40_000_000.0}),
            3: report(3, **fuel | {"carbon_content": None, "ncv": 5200.0}),
            4: report(4, **fuel | {"carbon_content": 51.0}),
            5: report(5, **fuel),
        },
    )
    assert found.alerts("mass_balance_gap").is_empty()
    assert faults(found) == {
        ("U1", "fuel_emissions", 1e4), ("U1", "cems_emissions", 1e4), ("U2", "fuel_emissions", 1e3),
        ("U3", "ncv", 238.8), ("U4", "carbon_content", 100.0),
    }  # fmt: skip
    fuels = found.mart("fct_mass_balance_months").sort("unit_id").filter(pl.col("fuel_consumption_t") > 0)
    assert dict(fuels.select("unit_id", pl.col("fuel_emissions_tco2").is_not_null()).rows()) == {
        "U1": False, "U2": False, "U3": False, "U4": False, "U5": True,
    }  # fmt: skip


def test_an_hour_belongs_to_the_month_of_the_plants_own_clock(practice, supervised):
    market = supervised(practice / "18-cems-time-zones/source", date(2024, 6, 30), *MARTS)
    assert market.alerts("mass_balance_gap").is_empty()
    months = market.mart("fct_mass_balance_months").filter(unit_id="UW").sort("month")
    assert months["cems_emissions_tco2"].round(0).to_list() == months["reported_emissions_tco2"].to_list()


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        ("2025-03-01T00:30:00+05:30", 330),
        ("2025-03-01 00:30-0330", -210),
        ("2025-03-01T00:30:00.25-08", -480),
        ("2025-03-01T00:30:00Z", None),
    ],
)
def test_the_offset_is_kept_as_it_was_written(written, minutes, tmp_path):
    from tests.dbt.conftest import receive

    source = tmp_path / "source"
    source.mkdir()
    for name, text in (
        ("entities", "entity_id,entity_name,sector,province_code,status\nE0,P,power,IN,listed\n"),
        ("accounts", "account_id,holder_id,holder_type\n"),
        ("trades", ",".join(TRADES.columns) + "\n"),
        ("units", "unit_id,entity_id,unit_class,capacity,capacity_unit\nU0,E0,coal_gt300,300,MW\n"),
    ):
        (source / f"{name}.csv").write_text(text)
    with gzip.open(source / "cems_hourly.csv.gz", "wt") as file:
        file.write(f"unit_id,ts,co2_mass,operating,quality\nU0,{written},1,1,valid\n")
    kept = receive(source, tmp_path).kept("cems_hourly")
    assert kept["utc_offset_minutes"].to_list() == [minutes]
