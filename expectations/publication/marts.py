"""What dbt made: the figures a reader sees first, and whether rows were lost on the way."""

from expectations.policy import sample
from expectations.suite import Frame, Suite, between, mean, none_of, ratio, total, where

# Marts with one row for each kept row of a source table.
_ONE_TO_ONE = {
    "accounts": "dim_accounts",
    "entities": "dim_entities",
    "lab_tests": "fct_lab_tests",
    "market_days": "fct_market_days",
    "trades": "fct_trades",
    "transfers": "fct_transfers",
    "units": "dim_units",
}


def content(frame: Frame) -> Suite:
    """One row a mart of the candidate; records of the run do not count."""
    return frame.suite(
        "content",
        ["table_name"],
        [total("rows_in_all", "row_count")],
        table="gate_tables",
        rows=(
            "select * from gate_tables "
            "where table_name not in ('fct_row_accounting', 'fct_quarantine', 'fct_quality_results', "
            "'fct_deliveries', 'fct_identifier_faults', 'fct_completeness', 'fct_row_counts', "
            "'fct_detector_runs', 'fct_detection_coverage')"
        ),
    )


def mart_rows(frame: Frame) -> Suite:
    """One row a source table with a mart of the same grain: rows in the mart over rows kept."""
    pairs = " union all ".join(
        f"select '{source}' as source_table, '{mart}' as mart" for source, mart in _ONE_TO_ONE.items()
    )
    return frame.suite(
        "mart_rows",
        ["source_table", "mart"],
        [
            between("mart_over_kept", about="rows_kept"),
            between("mart_over_kept_majority", "mart_over_kept", about="rows_kept"),
        ],
        table="fct_row_accounting",
        rows=(
            "select p.source_table, p.mart, 1.0 * t.row_count / a.rows_kept as mart_over_kept "
            f"from ({pairs}) as p "
            "inner join fct_row_accounting as a on a.table_name = p.source_table and a.rows_kept > 0 "
            "inner join gate_tables as t on t.table_name = p.mart"
        ),
        also=("gate_tables",),
    )


def registry_agreement(frame: Frame) -> Suite:
    """One row a compliance year: does the computed status agree with the registry's, where it gave one?"""
    enough = sample("verdicts_for_a_share")
    agreed = "case when agrees_with_registry then 1.0 when not agrees_with_registry then 0.0 end"
    return frame.suite(
        "registry_agreement",
        ["entity_id", "year"],
        [
            mean("agreed_share", about="agrees_with_registry"),
            mean("agreed_majority", "agreed_share", about="agrees_with_registry"),
            mean("not_reported_share", about="verdict"),
        ],
        derived={
            "agreed_share": where(f"count(agrees_with_registry) over () >= {enough}", agreed),
            "not_reported_share": where(
                f"count(*) over () >= {enough}",
                "case when verdict = 'not_reported' then 1.0 else 0.0 end",
            ),
        },
        table="fct_compliance_years",
    )


def fct_market_days(frame: Frame) -> Suite:
    """One row a day and instrument."""
    return frame.suite(
        "fct_market_days",
        ["date", "instrument_id"],
        [
            between("daily_return", "log_return"),
            between("daily_return_majority", "log_return"),
            between("block_gap", "block_discount"),
        ],
    )


def fct_unit_years(frame: Frame) -> Suite:
    """One row a unit and year; generation over capacity times hours cannot be above full load for long."""
    enough = f"heat_input_gj >= {sample('heat_for_a_quotient_gj')}"
    return frame.suite(
        "fct_unit_years",
        ["unit_id", "year"],
        [
            between("load", "load_factor"),
            between("load_majority", "load_factor"),
            between("heat_rate", about="heat_rate_gj_per_mwh"),
        ],
        derived={"heat_rate": where(enough, "heat_rate_gj_per_mwh")},
    )


def heat_balance(frame: Frame) -> Suite:
    """One row a unit and month that burns fuel and makes electricity: no more out than in (E-14)."""
    out = "(coalesce(electricity_generated_mwh, 0) * 3.6 + coalesce(heat_supplied_gj, 0))"
    coal = "unit_class in ('coal_gt300', 'coal_le300', 'coal_unconventional')"
    condensing = f"{coal} and coalesce(heat_supplied_gj, 0) = 0 and electricity_generated_mwh > 0"
    return frame.suite(
        "heat_balance",
        ["unit_id", "month"],
        [
            between("energy_out_over_in", about="fuel_energy_gj"),
            between("energy_out_over_in_majority", "energy_out_over_in", about="fuel_energy_gj"),
            between("condensing_efficiency", about="fuel_energy_gj"),
            between("reported_over_fuel", about="reported_emissions_tco2"),
        ],
        derived={
            "energy_out_over_in": ratio(out, "fuel_energy_gj"),
            "condensing_efficiency": ratio(where(condensing, out), "fuel_energy_gj"),
            "reported_over_fuel": ratio("reported_emissions_tco2", "fuel_emissions_tco2"),
        },
        table="fct_mass_balance_months",
        rows=(
            "select m.*, u.unit_class from fct_mass_balance_months as m "
            "left join dim_units as u on u.unit_id = m.unit_id"
        ),
        also=("dim_units",),
    )


def reading_faults(frame: Frame) -> Suite:
    """One row a fault of readings; each is named, since its instrument has to be looked at."""
    return frame.suite(
        "reading_faults",
        ["source_table", "unit_id", "period_start", "quantity"],
        [
            none_of("impossible_value", "fault", ["impossible_value"]),
            none_of("unit_of_measure", "fault", ["unit_of_measure"]),
        ],
        table="fct_reading_faults",
    )


def price_faults(frame: Frame) -> Suite:
    """One row a fault of prices or quantities; the ingestion gate has looked at the bounds."""
    return frame.suite(
        "price_faults",
        ["source_table", "date", "instrument_id", "quantity"],
        [
            none_of("unit_of_measure", "fault", ["unit_of_measure"]),
            none_of("placeholder_quantity", "fault_of_quantity", ["placeholder"]),
        ],
        derived={"fault_of_quantity": where("quantity = 'quantity'", "fault")},
        table="fct_price_faults",
    )


def identifier_faults(frame: Frame) -> Suite:
    """One row a group of ids that are likely one, or an id that cannot be right or is no emitter's."""
    faults = (
        "likely_equal",
        "credit_code_check",
        "credit_code_character",
        "city_outside_province",
        "registered_elsewhere",
        "sum_of_others",
    )
    return frame.suite(
        "identifier_faults",
        ["table_name", "column_name", "normal_form"],
        [none_of(fault, "fault", [fault]) for fault in faults],
        table="fct_identifier_faults",
    )


SUITES = (
    content,
    mart_rows,
    registry_agreement,
    fct_market_days,
    fct_unit_years,
    heat_balance,
    reading_faults,
    price_faults,
    identifier_faults,
)
