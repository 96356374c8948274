"""The rules of law of one snapshot: the seeds that are published beside the marts.

Belongs here: which rows of a published rule table hold on a day (all ways to read rules:
`pipelines.core.rules`). Does not belong here: what a rule means.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from anomaly.core.marts import Marts

CALENDAR = "rule_compliance_calendar"


def in_force(marts: Marts, table: str, market_id: str, on: date, **keys: str) -> pl.DataFrame:
    """The row of a rule table that holds on a day for all its keys, or no row.

    The day is meant in the sense of the rows' `applies_by`. Drafts never hold; of rows that hold together the
    one that holds from the latest day counts, then the one known latest, as in the macro `rule_in_force`.
    No row where the snapshot does not have the table.
    """
    if not marts.has(table):
        return pl.DataFrame()
    rows = marts.frame(table).filter(
        (pl.col("market") == market_id)
        & (pl.col("status") != "draft")
        & (pl.col("valid_from") <= on)
        & (pl.col("valid_to").is_null() | (pl.col("valid_to") >= on)),
        *(pl.col(name) == value for name, value in keys.items()),
    )
    return rows.sort("valid_from", "known_from", descending=True).head(1).collect()


def surrender_due(marts: Marts, market_id: str, year: int) -> date | None:
    """The surrender deadline of a compliance year in a market; None where no rule is published."""
    rows = in_force(marts, CALENDAR, market_id, date(year, 1, 1), duty="surrender", sector="all")
    if rows.is_empty():
        return None
    rule = rows.row(0, named=True)
    return date.fromisoformat(f"{year + rule['years_after']}-{rule['month_day']}")
