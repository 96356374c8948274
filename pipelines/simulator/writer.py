"""Writes a source directory: one file a table, rows in key or time order, and `market.yml`.

Frames are cut to the contract's columns and cast to its types here, so nothing else can slip out.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
import yaml

from pipelines.contract.tables import TABLES
from pipelines.simulator.calendar import AS_OF

FORMATS = ("parquet", "csv")
_ISO = "%Y-%m-%dT%H:%M:%S%.6f%:z"

MARKET = {
    "id": "cn",
    "name_zh": "模拟全国碳市场",
    "name_en": "Simulated national carbon market",
    "origin": "simulated",
    "currency": "CNY",
    "timezone": "Asia/Shanghai",
    "as_of": AS_OF.isoformat(),
    "rule_set": "cn",
    "trading_hours": {
        "listed": [["09:30", "11:30"], ["13:00", "15:00"]],
        "block": [["13:00", "15:00"]],
    },
    "price_limits_pct": {"listed": 10, "block": 30},
    "compliance": {
        "years": [2023, 2024],
        "report_due": "03-31",
        "surrender_due": "12-31",
        "monthly_filing_days": 40,
    },
}


def shaped(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame in the contract's columns, types and row order: by time where rows have one, then by key."""
    table = TABLES[name]
    missing = sorted(set(table.names) - set(frame.columns))
    if missing:
        raise ValueError(f"table {name}: expected the columns of the contract, found no {', '.join(missing)}")
    schema = table.polars_schema
    frame = frame.select(pl.col(column).cast(schema[column]) for column in table.names)
    order = ["ts"] if "ts" in table.names else []
    return frame.sort([*order, *(key for key in table.key if key not in order)])


def write_table(frame: pl.DataFrame, out: Path, name: str, file_format: str) -> Path:
    """Write one table and return its file."""
    path = out / f"{name}.{file_format}"
    if file_format == "parquet":
        frame.write_parquet(path, compression="zstd", compression_level=3)
    else:
        frame.write_csv(path, datetime_format=_ISO)
    return path


def write_market(out: Path) -> None:
    """Write the market's own settings."""
    text = yaml.safe_dump(MARKET, allow_unicode=True, sort_keys=False)
    (out / "market.yml").write_text(text, encoding="utf-8")
