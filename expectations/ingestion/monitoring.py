"""What meters say: hourly stack monitoring, energy meters, annual unit totals."""

from expectations.policy import sample
from expectations.suite import Figure, Frame, Suite, flag, ratio, where

_VALID = "quality = 'valid'"
# Mass of CO2 in a normal cubic metre (0 °C, 101.325 kPa), tonnes.
_CO2_PER_NM3 = "0.00196"


def cems_hourly(frame: Frame) -> Suite:
    """One row a unit and hour; physical bounds hold for hours that count as valid."""
    stack_mass = f"(flow * co2_concentration / 100 * {_CO2_PER_NM3} * coalesce(operating, 1))"
    per_heat = where(f"{_VALID} and heat_input > 1", "co2_mass / heat_input")
    return frame.suite(
        "cems_hourly",
        ["unit_id", "ts"],
        [
            Figure("co2_concentration_pct", "co2_concentration", where(_VALID, "co2_concentration")),
            Figure("o2_pct", "o2", where(_VALID, "o2")),
            flag("dry_gas_above_air", "o2", f"{_VALID} and co2_concentration + o2 > 21.5"),
            Figure("operating_share", "operating", "operating"),
            Figure("co2_mass_t", "co2_mass", "co2_mass"),
            Figure("flow_nm3", "flow", "flow"),
            Figure("load_mwh", "gross_load", "gross_load"),
            Figure("co2_per_heat", "co2_mass", per_heat),
            Figure("co2_per_heat_majority", "co2_mass", per_heat),
            ratio("mass_over_flow", "co2_mass", where(_VALID, "co2_mass"), stack_mass),
            flag("not_measured", "quality", "quality in ('fault', 'substituted', 'missing')"),
            frame.after_as_of("ts_after_as_of", "ts"),
        ],
    )


def unit_years(frame: Frame) -> Suite:
    """One row a unit and year; a quotient of a nearly idle unit says nothing."""
    enough = f"heat_input >= {sample('heat_for_a_quotient_gj')}"

    def per_heat(name: str, fuels: str) -> Figure:
        kind = f"{enough} and co2_mass > 0 and {fuels}"
        return Figure(name, "co2_mass", where(kind, "co2_mass / heat_input"))

    coal = "lower(fuel) in ('coal', 'lignite', 'anthracite')"
    gas = "lower(fuel) in ('gas', 'natural_gas', 'natural gas', 'pipeline natural gas')"
    return frame.suite(
        "unit_years",
        ["unit_id", "year"],
        [
            Figure("hours", "operating_hours", "operating_hours"),
            Figure("heat", "heat_input", "heat_input"),
            Figure("load_mwh", "gross_load", "gross_load"),
            Figure("co2", "co2_mass", "co2_mass"),
            per_heat("co2_per_heat", "1 = 1"),
            per_heat("co2_per_heat_coal", coal),
            per_heat("co2_per_heat_coal_majority", coal),
            per_heat("co2_per_heat_gas", gas),
            per_heat("co2_per_heat_gas_majority", gas),
            flag("emits_without_hours", "operating_hours", "co2_mass > 0 and operating_hours = 0"),
            Figure("year_of_scheme", "year", "year"),
        ],
    )


def meters_daily(frame: Frame) -> Suite:
    """One row a unit, day and meter."""
    return frame.suite(
        "meters_daily",
        ["unit_id", "date", "meter"],
        [
            Figure("reading", "value", "value"),
            Figure("coal_feed", "value", where("meter = 'coal_feed'", "value")),
            Figure("gas_flow", "value", where("meter = 'gas_flow'", "value")),
            Figure("electricity", "value", where("meter in ('electricity_out', 'electricity_in')", "value")),
            frame.after_as_of("date_after_as_of", "date"),
        ],
    )


SUITES = (cems_hourly, unit_years, meters_daily)
