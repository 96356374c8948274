"""A rule that holds from later on changes no figure of the warehouse that is dated before it."""

from __future__ import annotations

import duckdb
from polars.testing import assert_frame_equal

MARTS = ("fct_market_days", "fct_compliance_years", "fct_mass_balance_months", "fct_report_obligations")
RULES = {
    "rule_price_limits": "value * 2 as value",
    "rule_emission_defaults": "value * 2 as value",
    "rule_compliance_calendar": "years_after + 1 as years_after",
}


def amend(dbt, since: str) -> None:
    """Adds a row with another value from that day on for every row of the rules."""
    with duckdb.connect(str(dbt.warehouse)) as connection:
        for table, value in RULES.items():
            connection.execute(
                f"insert into {table} select * replace (date '{since}' as valid_from, "
                f"null as valid_to, date '2025-12-01' as known_from, 'in_force' as status, {value}) "
                f"from {table} where status <> 'draft'"
            )


def rebuilt(dbt) -> dict[str, object]:
    dbt("run", "--select", *(f"+{name}" for name in MARTS))
    return {name: dbt.table(name) for name in MARTS}


# Threads add figures in any order, which moves a sum by about 1e-13 of itself, a difference of sums by more.
# A rule that counts where it should not doubles a figure or moves a date.
RELATIVE = 1e-8


def changed(before, after) -> set[str]:
    """Marts that differ by more than the order in which figures were added."""
    found = set()
    for name, table in after.items():
        try:
            assert_frame_equal(before[name], table, rel_tol=RELATIVE, abs_tol=1e-6)
        except AssertionError:
            found.add(name)
    return found


def test_a_future_rule_changes_no_earlier_figure(sample, new_lake, new_dbt, tmp_path):
    dbt = new_dbt(new_lake(**sample))
    dbt("seed")
    before = rebuilt(dbt)
    later = dbt.copy(tmp_path / "later")
    amend(later, "2090-01-01")
    assert changed(before, rebuilt(later)) == set()
    # The same rows, valid from before the figures, do change them.
    earlier = dbt.copy(tmp_path / "earlier")
    amend(earlier, "2020-01-01")
    assert {"fct_mass_balance_months", "fct_report_obligations"} <= changed(before, rebuilt(earlier))
