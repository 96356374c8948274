"""What emitters report: activity data by month, emissions by year, laboratory tests."""

from expectations.suite import Figure, Frame, Suite, flag, ratio, where

_COAL = "fuel in ('coal', 'lignite', 'anthracite')"
_OIL = "fuel in ('fuel_oil', 'diesel')"
_CARBON_TO_CO2 = "44.0 / 12.0"
# Dry ash-free share of an air-dried sample, per cent.
_ORGANIC = "100 - moisture - ash"
# Carbon as received from carbon as air-dried, tC/t (E-02).
_CARBON_RECEIVED = "(carbon * (100 - total_moisture) / nullif(100 - moisture, 0) / 100)"
_COMPONENTS = "(combustion + coalesce(process, 0) + coalesce(waste, 0) + coalesce(purchased_energy, 0))"


def activity_reports(frame: Frame) -> Suite:
    """One row a unit, month, fuel and revision."""
    burnt = f"fuel_consumption * carbon_content * oxidation_factor * {_CARBON_TO_CO2}"
    implied = f"({burnt} + coalesce(process_emissions, 0))"
    month_number = "extract(day from month)"
    return frame.suite(
        "activity_reports",
        ["unit_id", "month", "fuel", "revision"],
        [
            Figure("fuel_consumption_t", "fuel_consumption", "fuel_consumption"),
            Figure("ncv_coal", "ncv", where(_COAL, "ncv")),
            Figure("ncv_coal_majority", "ncv", where(_COAL, "ncv")),
            Figure("ncv_oil", "ncv", where(_OIL, "ncv")),
            Figure("ncv_gas", "ncv", where("fuel = 'natural_gas'", "ncv")),
            Figure("carbon_coal", "carbon_content", where(_COAL, "carbon_content")),
            Figure("carbon_coal_majority", "carbon_content", where(_COAL, "carbon_content")),
            Figure("carbon_gas", "carbon_content", where("fuel = 'natural_gas'", "carbon_content")),
            ratio("carbon_per_heat_coal", "carbon_content", where(_COAL, "carbon_content"), "ncv"),
            Figure("oxidation", "oxidation_factor", "oxidation_factor"),
            Figure("reported", "reported_emissions", "reported_emissions"),
            ratio("reported_over_implied", "reported_emissions", "reported_emissions", implied),
            Figure("generated", "electricity_generated", "electricity_generated"),
            flag(
                "supplied_above_generated",
                "electricity_supplied",
                "electricity_supplied > electricity_generated",
            ),
            Figure("day_of_month", "month", month_number),
            flag("submitted_before_month", "submitted_at", "submitted_at < month"),
            frame.after_as_of("submitted_after_as_of", "submitted_at"),
        ],
    )


def emission_reports(frame: Frame) -> Suite:
    """One row an entity, year and revision."""
    return frame.suite(
        "emission_reports",
        ["entity_id", "year", "revision"],
        [
            Figure("total_reported", "total", "total"),
            Figure("total_majority", "total", "total"),
            ratio("components_over_total", "total", _COMPONENTS, "total"),
            ratio("verified_over_total", "verified_total", "verified_total", "total"),
            flag("verified_before_submitted", "verified_at", "verified_at < submitted_at"),
            Figure("year_of_scheme", "year", "year"),
            frame.after_as_of("submitted_after_as_of", "submitted_at"),
        ],
    )


def lab_tests(frame: Frame) -> Suite:
    """One row a fuel sample; carbon figures of the laboratory are on the air-dried basis."""
    free = f"100 * carbon / nullif({_ORGANIC}, 0)"
    volatile_free = f"100 * volatile / nullif({_ORGANIC}, 0)"
    per_heat = f"1000 * {_CARBON_RECEIVED} / nullif(ncv, 0)"
    return frame.suite(
        "lab_tests",
        ["sample_id"],
        [
            Figure("total_moisture_pct", "total_moisture", where(_COAL, "total_moisture")),
            Figure("moisture_pct", "moisture", where(_COAL, "moisture")),
            Figure("ash_pct", "ash", where(_COAL, "ash")),
            Figure("volatile_pct", "volatile", where(_COAL, "volatile")),
            Figure("sulphur_pct", "sulphur", where(_COAL, "sulphur")),
            Figure("hydrogen_pct", "hydrogen", where(_COAL, "hydrogen")),
            Figure("carbon_pct", "carbon", where(_COAL, "carbon")),
            Figure("carbon_majority", "carbon", where(_COAL, "carbon")),
            Figure("proximate_sum", "ash", where(_COAL, "moisture + ash + volatile")),
            Figure("carbon_daf_lignite", "carbon", where("fuel = 'lignite'", free)),
            Figure("carbon_daf_bituminous", "carbon", where("fuel = 'coal'", free)),
            Figure("carbon_daf_anthracite", "carbon", where("fuel = 'anthracite'", free)),
            Figure("carbon_per_heat_lignite", "carbon", where("fuel = 'lignite'", per_heat)),
            Figure("carbon_per_heat_bituminous", "carbon", where("fuel = 'coal'", per_heat)),
            Figure("carbon_per_heat_anthracite", "carbon", where("fuel = 'anthracite'", per_heat)),
            Figure("volatile_daf_anthracite", "volatile", where("fuel = 'anthracite'", volatile_free)),
            flag("total_moisture_below_moisture", "total_moisture", "total_moisture < moisture"),
            Figure("ncv_coal", "ncv", where(_COAL, "ncv")),
            Figure("ncv_majority", "ncv", where(_COAL, "ncv")),
            frame.after_as_of("sampled_after_as_of", "sampled_on"),
        ],
    )


SUITES = (activity_reports, emission_reports, lab_tests)
