"""Chinese national allowance (CEA): the exchange's daily listed and block figures.

One row a trading day, for the composite of all vintages, which the exchange quoted until vintages had
listed quotes of their own. Defects of the source: no previous close and no price limits; days without a
listed or a block figure have nulls. Block days are published with opening, highest, lowest and
closing prices that copy the listed ones: such columns are not taken, since a block day's price is
its value divided by its volume.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.sources.intake import Intake
from pipelines.sources.reading import Reading
from pipelines.sources.tabular import fingerprint, read_csv_file

INSTRUMENT = "CEA"
MARKET = {
    "id": "cn",
    "name_zh": "全国碳排放权交易市场",
    "name_en": "China national emissions trading market",
    "currency": "CNY",
    "timezone": "Asia/Shanghai",
}
_COLUMNS = {
    "date": ("date",),
    "open": ("listed_open",),
    "high": ("listed_high",),
    "low": ("listed_low",),
    "close": ("listed_close",),
    "listed_volume": ("listed_volume_t",),
    "listed_value": ("listed_amount_cny",),
    "block_volume": ("block_volume_t",),
    "block_value": ("block_amount_cny",),
}


def read(path: Path) -> Reading:
    """Instruments and market days of one file of daily quotes."""
    source = read_csv_file(path, _COLUMNS)
    intake = Intake(source)
    intake.require("date")
    intake.date("date")
    intake.money("open", "high", "low", "close")
    intake.integer("listed_volume", "block_volume")
    intake.money("listed_value", "block_value", precision=20)
    intake.unique("date")
    days = intake.frame.select(*_COLUMNS, pl.lit(INSTRUMENT).alias("instrument_id"))
    return Reading(
        market=MARKET,
        inputs=[fingerprint(path)],
        tables={"instruments": instrument(INSTRUMENT, "CEA", lot=1), "market_days": days},
        intakes=[(intake, "market_days")],
        unused_columns={intake.name: source.unused} if source.unused else {},
        notes=source.notes,
    )


def instrument(name: str, unit_type: str, lot: int) -> pl.DataFrame:
    """One instrument of no vintage, quoted in hundredths."""
    frame = pl.DataFrame({"instrument_id": [name], "unit_type": [unit_type], "lot": [lot]})
    return frame.with_columns(pl.lit("0.01").cast(pl.Decimal(12, 4)).alias("tick"))
