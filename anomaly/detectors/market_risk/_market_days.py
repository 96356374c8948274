"""Days of an instrument as the market-risk detectors read them.

Belongs here: reading `fct_market_days`, joining flagged days into episodes, and the row that an episode
becomes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from anomaly.core.detector import Figure, Inputs, Need, Rows, Search
from anomaly.core.stakes import Stake, Sum

MART = "fct_market_days"


_DAYS = ("date", "instrument_id")
# All that was traded on the days: it was exposed to what was found, and is not itself in doubt.
TRADED = Stake(
    "traded_days",
    Sum(MART, ("listed_volume_tco2e", "block_volume_tco2e"), _DAYS),
    money=Sum(MART, ("listed_value", "block_value"), _DAYS),
    is_exposure=True,
)


def days_need(*columns: str) -> Need:
    """Columns of the trading days."""
    return Need(
        MART,
        ("date", "instrument_id", *columns),
        source="market_days",
        period="date",
        subject="instrument_id",
        filled=columns,
    )


def episode_search(
    find: Callable[[Inputs[Any]], pl.DataFrame],
    columns: tuple[str, ...],
    measures: Mapping[str, Figure],
    extra: tuple[str, ...] = (),
    stake: Stake = TRADED,
) -> Search[Any]:
    """A search whose candidates are episodes of an instrument; the market is named beside the instrument."""
    return Search(
        name="default",
        subject_type="instrument",
        subjects=("instrument", "market_id"),
        needs=(days_need(*columns),),
        evidence=(Rows("market_days", ("date", "instrument_id")),),
        measures=measures,
        extra=("first", "last", "days", *extra),
        find=find,
        stake=stake,
    )


def instruments(inputs: Inputs[Any]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Each instrument's days in order, with `day` counting its trading days from 0."""
    rows = inputs.read(MART)
    for (instrument,), days in sorted(rows.sort("date").group_by("instrument_id", maintain_order=True)):
        yield str(instrument), days.with_row_index("day")


def episodes(flagged: pl.DataFrame, gap: float) -> list[pl.DataFrame]:
    """Flagged days joined where no more than `gap` trading days lie between neighbours."""
    if flagged.is_empty():
        return []
    number = ((pl.col("day").cast(pl.Int64).diff() > gap).fill_null(False)).cum_sum().alias("episode")
    return [part for _, part in flagged.with_columns(number).group_by("episode", maintain_order=True)]


def episode(inputs: Inputs[Any], days: pl.DataFrame, score: float, **values: Any) -> dict[str, Any]:
    """The row of an episode; `values` are its measures and what its title needs.

    `days` are the rows of the mart that show it, `date` and `instrument_id`, of one instrument or of several.
    """
    first, last = days["date"].min(), days["date"].max()
    return {
        "instrument": days["instrument_id"].unique().sort().to_list(),
        "market_id": inputs.market.id,
        "date": days["date"].to_list(),
        "instrument_id": days["instrument_id"].to_list(),
        "first_on": first,
        "last_on": last,
        "first": first,
        "last": last,
        "days": days["date"].n_unique(),
        "score": score,
        **values,
    }
