"""Three marts in plain pandas: what the warehouse is measured against.

Balances, price days with their limits, recomputed months (`pandas_monitoring`): a running sum, a join with
dated rules, and an aggregation of the largest tables. Rows, keys and figures are those of the dbt project's
marts; nothing is checked, kept or published.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines.bench.pandas_monitoring import mass_balance_months
from pipelines.bench.pandas_source import Source, month_text, ratio, write


def holdings(source: Source, moves: pd.DataFrame) -> pd.DataFrame:
    """One row an account, unit type, vintage and day with a movement, with the running balance."""
    keys = ["account_id", "unit_type", "vintage", "date"]
    legs = moves[["unit_type", "quantity"]].assign(
        vintage=moves["vintage"].fillna(0).astype("int64"), date=source.local_day(moves["ts"])
    )
    inflow = legs.assign(account_id=moves["to_account"], inflow_tco2e=moves["quantity"], outflow_tco2e=0)
    outflow = legs.assign(account_id=moves["from_account"], inflow_tco2e=0, outflow_tco2e=moves["quantity"])
    days = pd.concat([inflow, outflow]).groupby(keys)[["inflow_tco2e", "outflow_tco2e"]].sum()
    change = days["inflow_tco2e"] - days["outflow_tco2e"]
    days["balance_tco2e"] = change.groupby(level=keys[:3]).cumsum()
    days = days.reset_index()
    return days.assign(period=month_text(days["date"]))


def _limits(source: Source, days: pd.DataFrame, mode: str) -> pd.DataFrame:
    """Price limits by rule, rounded half up to a cent, and the rule; aligned with `days`."""
    rules = source.rules("rule_price_limits").query("mode == @mode")
    found = days[["unit_type", "date"]].drop_duplicates().merge(rules, on="unit_type")
    found = found[found["date"].ge(found["valid_from"]) & ~found["date"].gt(found["valid_to"])]
    found = days[["unit_type", "date"]].merge(found, on=["unit_type", "date"], how="left")
    # Whole cents and whole basis points keep the product exact: 84.465 must become 84.47.
    cents = (days["previous_close"] * 100).round()
    points = (found["value"] * 10_000).round()
    return pd.DataFrame(
        {
            "down": (cents * (10_000 - points) + 5_000) // 10_000 / 100,
            "up": (cents * (10_000 + points) + 5_000) // 10_000 / 100,
            "rule_id": found["rule_id"],
        }
    )


def market_days(source: Source) -> pd.DataFrame:
    """One row a day and instrument: prices, the limits that held, volumes and returns."""
    instruments = source.read("instruments", "instrument_id", "unit_type", "vintage")
    days = source.read("market_days").merge(instruments, on="instrument_id", how="left")
    days = days.sort_values(["instrument_id", "date"], ignore_index=True)
    known = days.groupby("instrument_id")["close"].ffill()
    before = known.groupby(days["instrument_id"]).shift()
    days["previous_close"] = days["previous_close"].fillna(before)
    listed, block = _limits(source, days, "listed"), _limits(source, days, "block")
    stated = days["limit_down"].notna() | days["limit_up"].notna()
    ruled = ~stated & listed["down"].notna()
    days["limit_down"] = days["limit_down"].where(stated, listed["down"])
    days["limit_up"] = days["limit_up"].where(stated, listed["up"])
    days["limit_basis"] = pd.Series("source", index=days.index).where(stated).mask(ruled, "rule")
    days["limit_rule_id"] = listed["rule_id"].where(ruled)
    days["block_limit_down"], days["block_limit_up"] = block["down"], block["up"]
    days["period"] = month_text(days["date"])
    days["listed_average_price"] = ratio(days["listed_value"], days["listed_volume"].astype("float64"))
    days["block_average_price"] = ratio(days["block_value"], days["block_volume"].astype("float64"))
    days["block_discount"] = 1 - ratio(days["block_average_price"], days["previous_close"])
    close, previous = days["close"], days["previous_close"]
    days["log_return"] = np.log(close.where(close > 0) / previous.where(previous > 0))
    days["is_volume_usable"] = _usable_volumes(source, days)
    days["is_limit_up"] = close >= days["limit_up"]
    days["is_limit_down"] = close <= days["limit_down"]
    return days.rename(columns={"listed_volume": "listed_volume_tco2e", "block_volume": "block_volume_tco2e"})


def _usable_volumes(source: Source, days: pd.DataFrame) -> pd.Series:
    """Whether both volumes of a day lie in the range of a day's volume, or are absent."""
    ranges = source.rules("reading_ranges")
    of_day = (ranges["source_table"] == "trading") & (ranges["quantity"] == "volume")
    (day,) = ranges[of_day & (ranges["applies_to"] == "day")].to_dict("records")
    volumes = days[["listed_volume", "block_volume"]]
    return (volumes.isna() | ((volumes >= day["minimum"]) & (volumes <= day["maximum"]))).all(axis=1)


def build(folder: Path, out: Path) -> None:
    """Compute the three marts of a source directory and write each to `out` as one Parquet file."""
    source = Source.open(folder)
    out.mkdir(parents=True, exist_ok=True)

    entities = source.read("entities")
    owners = entities[["entity_id", "entity_name", "sector", "province_code"]]
    units = source.read("units").merge(owners, on="entity_id", how="left")
    marts = {
        "fct_holdings": holdings(source, source.read("transfers")),
        "fct_market_days": market_days(source),
        "fct_mass_balance_months": mass_balance_months(source, entities, units),
    }
    for name, frame in marts.items():
        write(frame, out / f"{name}.parquet")


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
