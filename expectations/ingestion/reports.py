"""What emitters report: activity data by month, emissions by year, laboratory tests."""

from expectations.suite import Frame, Suite, at_least, between, ratio, where

_COAL = "fuel in ('coal', 'lignite', 'anthracite')"
_OIL = "fuel in ('fuel_oil', 'diesel')"
_GAS = "fuel = 'natural_gas'"
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
    return frame.suite(
        "activity_reports",
        ["unit_id", "month", "fuel", "revision"],
        [
            between("fuel_consumption_t", "fuel_consumption"),
            between("ncv_coal", about="ncv"),
            between("ncv_coal_majority", "ncv_coal", about="ncv"),
            between("ncv_oil", about="ncv"),
            between("ncv_gas", about="ncv"),
            between("carbon_coal", about="carbon_content"),
            between("carbon_coal_majority", "carbon_coal", about="carbon_content"),
            between("carbon_gas", about="carbon_content"),
            between("carbon_per_heat_coal", about="carbon_content"),
            between("oxidation", "oxidation_factor"),
            between("reported", "reported_emissions"),
            between("reported_over_implied", about="reported_emissions"),
            between("generated", "electricity_generated"),
            at_least("supplied_above_generated", "electricity_generated", "electricity_supplied"),
            between("day_of_month", about="month"),
            at_least("submitted_before_month", "submitted_at", "month"),
            frame.not_after_as_of("submitted_after_as_of", "submitted_at"),
        ],
        derived={
            "ncv_coal": where(_COAL, "ncv"),
            "ncv_oil": where(_OIL, "ncv"),
            "ncv_gas": where(_GAS, "ncv"),
            "carbon_coal": where(_COAL, "carbon_content"),
            "carbon_gas": where(_GAS, "carbon_content"),
            "carbon_per_heat_coal": ratio(where(_COAL, "carbon_content"), "ncv"),
            "reported_over_implied": ratio("reported_emissions", implied),
            "day_of_month": "extract(day from month)",
        },
    )


def emission_reports(frame: Frame) -> Suite:
    """One row an entity, year and revision."""
    return frame.suite(
        "emission_reports",
        ["entity_id", "year", "revision"],
        [
            between("total_reported", "total"),
            between("total_majority", "total"),
            between("components_over_total", about="total"),
            between("verified_over_total", about="verified_total"),
            at_least("verified_before_submitted", "verified_at", "submitted_at"),
            between("year_of_scheme", "year"),
            frame.not_after_as_of("submitted_after_as_of", "submitted_at"),
        ],
        derived={
            "components_over_total": ratio(_COMPONENTS, "total"),
            "verified_over_total": ratio("verified_total", "total"),
        },
    )


def lab_tests(frame: Frame) -> Suite:
    """One row a fuel sample; carbon figures of the laboratory are on the air-dried basis."""
    coals = {
        "lignite": "fuel = 'lignite'",
        "bituminous": "fuel = 'coal'",
        "anthracite": "fuel = 'anthracite'",
    }
    free = f"100 * carbon / nullif({_ORGANIC}, 0)"
    volatile_free = f"100 * volatile / nullif({_ORGANIC}, 0)"
    per_heat = f"1000 * {_CARBON_RECEIVED} / nullif(ncv, 0)"
    measured = ("total_moisture", "moisture", "ash", "volatile", "sulphur", "hydrogen", "carbon")
    return frame.suite(
        "lab_tests",
        ["sample_id"],
        [
            *(between(f"{name}_pct", f"coal_{name}", about=name) for name in measured),
            between("carbon_majority", "coal_carbon", about="carbon"),
            between("proximate_sum", about="ash"),
            *(between(f"carbon_daf_{name}", about="carbon") for name in coals),
            *(between(f"carbon_per_heat_{name}", about="carbon") for name in coals),
            between("volatile_daf_anthracite", about="volatile"),
            at_least("total_moisture_below_moisture", "total_moisture", "moisture"),
            between("ncv_coal", about="ncv"),
            between("ncv_majority", "ncv_coal", about="ncv"),
            frame.not_after_as_of("sampled_after_as_of", "sampled_on"),
        ],
        derived={
            **{f"coal_{name}": where(_COAL, name) for name in measured},
            "proximate_sum": where(_COAL, "moisture + ash + volatile"),
            **{f"carbon_daf_{name}": where(of, free) for name, of in coals.items()},
            **{f"carbon_per_heat_{name}": where(of, per_heat) for name, of in coals.items()},
            "volatile_daf_anthracite": where(coals["anthracite"], volatile_free),
            "ncv_coal": where(_COAL, "ncv"),
        },
    )


SUITES = (activity_reports, emission_reports, lab_tests)
