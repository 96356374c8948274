"""EU allowance (EUA): daily quotes of the December future.

One row a trading day, for the December contract that was current. The settlement price is taken as
the close. Volume is published in lots; one lot is 1,000 allowances (contract specification of the
exchange). Defects of the source: volume is missing before 2010 and on many days after, open, high and
low are missing on days without a trade, and a contract's roll to the next year is not marked, so the
price may step there.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from pipelines.sources.cea import instrument
from pipelines.sources.intake import Intake
from pipelines.sources.reading import Reading
from pipelines.sources.tabular import fingerprint, read_csv_file

INSTRUMENT = "EUA-DEC"
LOT = 1000
MARKET = {
    "id": "eu",
    "name_zh": "欧盟排放交易体系",
    "name_en": "EU Emissions Trading System",
    "currency": "EUR",
    "timezone": "Europe/Brussels",
}
_COLUMNS = {
    "date": ("date",),
    "open": ("open",),
    "high": ("high",),
    "low": ("low",),
    "close": ("settle",),
    "lots": ("volume",),
}


def read(path: Path) -> Reading:
    """Instruments and market days of one file of daily quotes."""
    source = read_csv_file(path, _COLUMNS)
    intake = Intake(source)
    intake.require("date")
    intake.date("date")
    intake.money("open", "high", "low", "close")
    intake.integer("lots")
    intake.unique("date")
    days = intake.frame.select(
        "date",
        "open",
        "high",
        "low",
        "close",
        (pl.col("lots") * LOT).alias("listed_volume"),
        pl.lit(INSTRUMENT).alias("instrument_id"),
    )
    return Reading(
        market=MARKET,
        inputs=[fingerprint(path)],
        tables={"instruments": instrument(INSTRUMENT, "EUA", lot=LOT), "market_days": days},
        intakes=[(intake, "market_days")],
        unused_columns={intake.name: source.unused} if source.unused else {},
        notes=[*source.notes, f"volume: lots of {LOT:,} allowances, written as tonnes"],
    )
