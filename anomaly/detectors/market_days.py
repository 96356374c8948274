"""Days of an instrument as the market-risk detectors read them.

Belongs here: reading `fct_market_days`, joining flagged days into episodes, and the finding they become.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import polars as pl

from anomaly.detectors.base import Context, ids
from anomaly.findings import Evidence, Finding, Measure


def instruments(context: Context, *columns: str) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each instrument's days in order, with `day` counting its trading days from 0."""
    rows = context.marts.read("fct_market_days", "date", "instrument_id", *columns)
    for (instrument,), days in sorted(rows.sort("date").group_by("instrument_id", maintain_order=True)):
        yield str(instrument), days.with_row_index("day")


def episodes(flagged: pl.DataFrame, gap: float) -> list[pl.DataFrame]:
    """Flagged days joined where no more than `gap` trading days lie between neighbours."""
    if flagged.is_empty():
        return []
    number = ((pl.col("day").cast(pl.Int64).diff() > gap).fill_null(False)).cum_sum().alias("episode")
    return [part for _, part in flagged.with_columns(number).group_by("episode", maintain_order=True)]


def episode_finding(
    context: Context,
    kind: str,
    instrument: str,
    days: pl.DataFrame,
    score: float,
    measures: dict[str, Measure],
    title_values: dict[str, Any],
    variant: str = "default",
) -> Finding:
    """One finding for an episode of an instrument; the market is named beside the instrument."""
    first, last = _ends(days)
    start, end = context.market.days(first, last)
    return Finding(
        kind=kind,
        subject_type="instrument",
        subject_ids=ids(instrument, context.market.id),
        window_start=start,
        window_end=end,
        score=score,
        measures=measures,
        evidence=(
            Evidence(
                "market_days", ("date", "instrument_id"), tuple((day, instrument) for day in days["date"])
            ),
        ),
        variant=variant,
        title_values={"instrument": instrument, "first": first, "last": last, "days": days.height}
        | title_values,
    )


def _ends(days: pl.DataFrame) -> tuple[date, date]:
    return days["date"].min(), days["date"].max()  # type: ignore[return-value]
