"""What dbt made: the figures a reader sees first, and whether rows were lost on the way."""

from expectations.policy import sample
from expectations.suite import Figure, Frame, Suite, ratio, where

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
    """One row: all rows of the candidate's marts together, run records not counted."""
    return frame.suite(
        "content",
        ["tables"],
        [Figure("rows_in_all", None, "row_sum")],
        table="gate_tables",
        rows=(
            "select count(*) as tables, sum(row_count) as row_sum from gate_tables "
            "where table_name not in ('fct_row_accounting', 'fct_quarantine', 'fct_quality_results')"
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
            Figure("mart_over_kept", "rows_kept", "share"),
            Figure("mart_over_kept_majority", "rows_kept", "share"),
        ],
        table="fct_row_accounting",
        rows=(
            "select p.source_table, p.mart, 1.0 * t.row_count / a.rows_kept as share "
            f"from ({pairs}) as p "
            "inner join fct_row_accounting as a on a.table_name = p.source_table and a.rows_kept > 0 "
            "inner join gate_tables as t on t.table_name = p.mart"
        ),
        also=("gate_tables",),
    )


def registry_agreement(frame: Frame) -> Suite:
    """One row: how often our verdict on a compliance year is the registry's, where it gave one."""
    enough = sample("verdicts_for_a_share")
    share = where(f"compared >= {enough}", "1.0 * agreed / compared")
    return frame.suite(
        "registry_agreement",
        ["verdicts"],
        [
            Figure("agreed_share", "agrees_with_registry", share),
            Figure("agreed_majority", "agrees_with_registry", share),
            Figure(
                "not_reported_share",
                "verdict",
                where(f"verdicts >= {enough}", "1.0 * not_reported / verdicts"),
            ),
        ],
        table="fct_compliance_years",
        rows=(
            "select count(*) as verdicts, count(agrees_with_registry) as compared, "
            "sum(case when agrees_with_registry then 1 else 0 end) as agreed, "
            "sum(case when verdict = 'not_reported' then 1 else 0 end) as not_reported "
            "from fct_compliance_years"
        ),
    )


def fct_market_days(frame: Frame) -> Suite:
    """One row a day and instrument."""
    return frame.suite(
        "fct_market_days",
        ["date", "instrument_id"],
        [
            Figure("daily_return", "log_return", "log_return"),
            Figure("daily_return_majority", "log_return", "log_return"),
            Figure("block_gap", "block_discount", "block_discount"),
        ],
    )


def fct_unit_years(frame: Frame) -> Suite:
    """One row a unit and year; generation over capacity times hours cannot be above full load for long."""
    enough = f"heat_input_gj >= {sample('heat_for_a_quotient_gj')}"
    return frame.suite(
        "fct_unit_years",
        ["unit_id", "year"],
        [
            Figure("load", "load_factor", "load_factor"),
            Figure("load_majority", "load_factor", "load_factor"),
            Figure("heat_rate", "heat_rate_gj_per_mwh", where(enough, "heat_rate_gj_per_mwh")),
        ],
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
            ratio("energy_out_over_in", "fuel_energy_gj", out, "fuel_energy_gj"),
            ratio("energy_out_over_in_majority", "fuel_energy_gj", out, "fuel_energy_gj"),
            ratio("condensing_efficiency", "fuel_energy_gj", where(condensing, out), "fuel_energy_gj"),
            ratio(
                "reported_over_fuel",
                "reported_emissions_tco2",
                "reported_emissions_tco2",
                "fuel_emissions_tco2",
            ),
        ],
        table="fct_mass_balance_months",
        rows=(
            "select m.*, u.unit_class from fct_mass_balance_months as m "
            "left join dim_units as u on u.unit_id = m.unit_id"
        ),
        also=("dim_units",),
    )


SUITES = (content, mart_rows, registry_agreement, fct_market_days, fct_unit_years, heat_balance)
