"""The real exchange's daily quotes, measured as the simulated market is.

The file has a line a trading day: date, listed prices, listed and block volume (t) and value (CNY).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from pipelines.simulator.realism.market import Measures, gini, return_measures

_WHOLE_YEAR = 200


def exchange_measures(daily_quotes: Path) -> Measures:
    """Measures by name and year; figures of volume only for whole years.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not daily_quotes.is_file():
        raise FileNotFoundError(f"{daily_quotes}: expected the exchange's daily quotes, found no file")
    days = pl.read_csv(daily_quotes, try_parse_dates=True).sort("date")
    days = days.with_columns(
        pl.col("listed_close").forward_fill(),
        pl.col("^(listed|block)_(volume_t|amount_cny)$").fill_null(0.0),
    )
    out: Measures = {}
    for (year,), own in days.group_by(pl.col("date").dt.year(), maintain_order=True):
        for name, value in _of_year(own).items():
            out.setdefault(name, {})[str(year)] = value
    return out


def _of_year(own: pl.DataFrame) -> dict[str, float]:
    figures = {
        **return_measures(np.diff(np.log(own["listed_close"].drop_nulls().to_numpy()))),
        "no_listed_trade_days": float((own["listed_volume_t"] == 0).sum()),
    }
    if own.height < _WHOLE_YEAR:
        return figures
    volume = (own["listed_volume_t"] + own["block_volume_t"]).to_numpy()
    value = float((own["listed_amount_cny"] + own["block_amount_cny"]).sum())
    last = (own["date"].dt.month() >= 10).to_numpy()
    discount = own.filter(pl.col("block_volume_t") > 0).select(
        100 * (1 - pl.col("block_amount_cny") / pl.col("block_volume_t") / pl.col("listed_close"))
    )
    return {
        **figures,
        "trading_days": float(own.height),
        "average_price": value / volume.sum(),
        "year_end_close": float(own["listed_close"][-1]),
        "fourth_quarter_share": volume[last].sum() / volume.sum(),
        "block_share": own["block_volume_t"].sum() / volume.sum(),
        "ten_largest_days": np.sort(volume)[-10:].sum() / volume.sum(),
        "daily_volume_gini": gini(volume),
        "block_discount_median": float(discount.to_series().median()),  # type: ignore[arg-type]
        "block_discount_p95": float(discount.to_series().quantile(0.95)),  # type: ignore[arg-type]
    }
