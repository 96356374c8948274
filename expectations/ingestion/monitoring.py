"""What meters say: hourly stack monitoring, energy meters, annual unit totals."""

from expectations.policy import sample
from expectations.suite import Frame, Suite, between, none_of, ratio, where

_VALID = "quality = 'valid'"
# Mass of CO2 in a normal cubic metre (0 °C, 101.325 kPa), tonnes.
_CO2_PER_NM3 = "0.00196"


def cems_hourly(frame: Frame) -> Suite:
    """One row a unit and hour; physical bounds apply to hours that count as valid."""
    stack_mass = f"(flow * co2_concentration / 100 * {_CO2_PER_NM3} * coalesce(operating, 1))"
    return frame.suite(
        "cems_hourly",
        ["unit_id", "ts"],
        [
            between("co2_concentration_pct", about="co2_concentration"),
            between("o2_pct", about="o2"),
            between("dry_gas_above_air", "dry_gas_pct", about="o2"),
            between("operating_share", "operating"),
            between("co2_mass_t", "co2_mass"),
            between("flow_nm3", "flow"),
            between("heat_gj", "heat_input"),
            between("load_mwh", "gross_load"),
            between("co2_per_heat", about="co2_mass"),
            between("co2_per_heat_majority", "co2_per_heat", about="co2_mass"),
            between("mass_over_flow", about="co2_mass"),
            none_of("not_measured", "quality", ["fault", "substituted", "missing"]),
            frame.not_after_as_of("ts_after_as_of", "ts"),
        ],
        derived={
            "co2_concentration_pct": where(_VALID, "co2_concentration"),
            "o2_pct": where(_VALID, "o2"),
            "dry_gas_pct": where(_VALID, "co2_concentration + o2"),
            "co2_per_heat": where(f"{_VALID} and heat_input > 1", "co2_mass / heat_input"),
            "mass_over_flow": ratio(where(_VALID, "co2_mass"), stack_mass),
        },
    )


def unit_years(frame: Frame) -> Suite:
    """One row a unit and year; a quotient of a nearly idle unit says nothing."""
    emits = f"heat_input >= {sample('heat_for_a_quotient_gj')} and co2_mass > 0"
    coal = "lower(fuel) in ('coal', 'lignite', 'anthracite')"
    gas = "lower(fuel) in ('gas', 'natural_gas', 'natural gas', 'pipeline natural gas')"
    return frame.suite(
        "unit_years",
        ["unit_id", "year"],
        [
            between("hours", "operating_hours"),
            between("heat", "heat_input"),
            between("load_mwh", "gross_load"),
            between("co2", "co2_mass"),
            between("co2_per_heat", about="co2_mass"),
            between("co2_per_heat_coal", about="co2_mass"),
            between("co2_per_heat_coal_majority", "co2_per_heat_coal", about="co2_mass"),
            between("co2_per_heat_gas", about="co2_mass"),
            between("co2_per_heat_gas_majority", "co2_per_heat_gas", about="co2_mass"),
            between("emits_without_hours", "hours_of_emitters", about="operating_hours"),
            between("year_of_scheme", "year"),
        ],
        derived={
            "co2_per_heat": where(emits, "co2_mass / heat_input"),
            "co2_per_heat_coal": where(f"{emits} and {coal}", "co2_mass / heat_input"),
            "co2_per_heat_gas": where(f"{emits} and {gas}", "co2_mass / heat_input"),
            "hours_of_emitters": where("co2_mass > 0", "operating_hours"),
        },
    )


def meters_daily(frame: Frame) -> Suite:
    """One row a unit, day and meter."""
    return frame.suite(
        "meters_daily",
        ["unit_id", "date", "meter"],
        [
            between("reading", "value"),
            between("coal_feed", about="value"),
            between("gas_flow", about="value"),
            between("electricity", about="value"),
            between("heat_out", about="value"),
            between("product", about="value"),
            frame.not_after_as_of("date_after_as_of", "date"),
        ],
        derived={
            "coal_feed": where("meter = 'coal_feed'", "value"),
            "gas_flow": where("meter = 'gas_flow'", "value"),
            "heat_out": where("meter = 'heat_out'", "value"),
            "product": where("meter = 'product'", "value"),
            "electricity": where("meter in ('electricity_out', 'electricity_in')", "value"),
        },
    )


SUITES = (cems_hourly, unit_years, meters_daily)
