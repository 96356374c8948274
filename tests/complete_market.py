"""A market of two provinces over two years, small enough to be read in a moment, for completeness tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl

from pipelines.contract.tables import TABLES

AS_OF = date(2025, 1, 15)
PROVINCES = ("110000", "330000", "370000")
MONTHS = [date(2023 + n // 12, n % 12 + 1, 1) for n in range(24)]
DAYS = [date(2023, 1, 1) + timedelta(days=n) for n in range(731)]

Frames = dict[str, pl.DataFrame]


def _frame(table: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    contract = TABLES[table]
    return pl.DataFrame(rows, schema=contract.polars_schema, orient="row")


def market() -> Frames:
    """Source tables by name; every table is complete up to the end of 2024."""
    entities = [(f"E{n}", PROVINCES[n % 3]) for n in range(12)]
    units = [(f"U{n}", f"E{n}") for n in range(12)]
    trading = [day for day in DAYS if day.weekday() < 5]
    year_rows = [(entity, year) for entity, _ in entities for year in (2021, 2022, 2023)]

    def noon(day: date) -> datetime:
        return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)

    return {
        "entities": _frame(
            "entities",
            [
                {
                    "entity_id": entity,
                    "entity_name": entity,
                    "sector": "power",
                    "province_code": province,
                    "status": "listed",
                    "listed_on": date(2020, 1, 1),
                }
                for entity, province in entities
            ],
        ),
        "accounts": _frame(
            "accounts",
            [{"account_id": f"A{e}", "holder_id": e, "holder_type": "compliance"} for e, _ in entities],
        ),
        "units": _frame(
            "units",
            [
                {
                    "unit_id": unit,
                    "entity_id": entity,
                    "unit_class": "coal_gt300",
                    "capacity": 600.0,
                    "capacity_unit": "MW",
                }
                for unit, entity in units
            ],
        ),
        "meters_daily": _frame(
            "meters_daily",
            [
                {"unit_id": unit, "date": day, "meter": "coal_feed", "value": 900.0}
                for unit, _ in units
                for day in DAYS
            ],
        ),
        "cems_hourly": _frame(
            "cems_hourly",
            [
                {
                    "unit_id": unit,
                    "ts": datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=hour),
                    "co2_mass": 90.0,
                    "flow": 1e6,
                    "quality": "valid",
                }
                for unit, _ in units
                for hour in range(366 * 24)
            ],
        ),
        "activity_reports": _frame(
            "activity_reports",
            [
                {
                    "entity_id": entity,
                    "unit_id": unit,
                    "month": month,
                    "fuel": "coal",
                    "fuel_consumption": 27_000.0,
                    "ncv": 21.0,
                    "submitted_at": noon(month + timedelta(days=40)),
                    "revision": 1,
                }
                for unit, entity in units
                for month in MONTHS
            ],
        ),
        "emission_reports": _frame(
            "emission_reports",
            [
                {"entity_id": entity, "year": year, "revision": 1, "total": 1e6, "verified_total": 1e6}
                for entity, year in year_rows
            ],
        ),
        "compliance": _frame(
            "compliance",
            [
                {"entity_id": entity, "year": year, "obligation": 1000, "surrendered": 1000}
                for entity, year in year_rows
            ],
        ),
        "market_days": _frame(
            "market_days",
            [
                {"date": day, "instrument_id": "CEA24", "close": Decimal("90.00"), "listed_volume": 100}
                for day in trading
            ],
        ),
        "trades": _frame(
            "trades",
            [
                {
                    "trade_id": f"T{day:%Y%m%d}",
                    "ts": noon(day),
                    "instrument_id": "CEA24",
                    "mode": "listed",
                    "price": Decimal("90.00"),
                    "quantity": 100,
                    "buy_account_id": "AE1",
                    "sell_account_id": "AE2",
                }
                for day in trading
            ],
        ),
        "transfers": _frame(
            "transfers",
            [
                {
                    "transfer_id": f"X{day:%Y%m%d}",
                    "ts": noon(day),
                    "from_account": "AE2",
                    "to_account": "AE1",
                    "unit_type": "CEA",
                    "quantity": 100,
                    "kind": "trade_settlement",
                    "trade_id": f"T{day:%Y%m%d}",
                }
                for day in trading
            ],
        ),
    }


def write(frames: Frames, source: Path) -> None:
    """The frames as a source directory, one Parquet file a table."""
    source.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.write_parquet(source / f"{name}.parquet")


Change = Callable[[Frames], None]


def _moment(table: str) -> pl.Expr:
    column = TABLES[table].period_column or ""
    if TABLES[table].column(column).type == "int64":
        return pl.col(column).cast(pl.String)
    moment = pl.col(column)
    if TABLES[table].column(column).type == "timestamp":
        moment = moment.dt.convert_time_zone("Asia/Shanghai")
    return moment.dt.strftime("%Y-%m")


def without_table(table: str) -> Change:
    """The table is not delivered at all."""

    def change(frames: Frames) -> None:
        del frames[table]

    return change


def without_period(table: str, period: str) -> Change:
    """One month or year of the table is missing."""

    def change(frames: Frames) -> None:
        frames[table] = frames[table].filter(_moment(table) != period)

    return change


def _in_province(frames: Frames, table: str, province: str) -> pl.Expr:
    entities = frames["entities"].filter(pl.col("province_code") == province)["entity_id"]
    if "entity_id" in frames[table].columns:
        return pl.col("entity_id").is_in(entities.implode())
    units = frames["units"].filter(pl.col("entity_id").is_in(entities.implode()))["unit_id"]
    return pl.col("unit_id").is_in(units.implode())


def without_province(table: str, province: str, period: str | None = None) -> Change:
    """A province is missing from the table, in one period or in all."""

    def change(frames: Frames) -> None:
        lost = _in_province(frames, table, province)
        if period:
            lost &= _moment(table) == period
        frames[table] = frames[table].filter(~lost)

    return change


def null_column(table: str, column: str, period: str | None = None, province: str | None = None) -> Change:
    """A column has no values, in one period or province or everywhere."""

    def change(frames: Frames) -> None:
        lost = pl.lit(value=True)
        if period:
            lost &= _moment(table) == period
        if province:
            lost &= _in_province(frames, table, province)
        frames[table] = frames[table].with_columns(pl.when(~lost).then(pl.col(column)).alias(column))

    return change


def half_of_the_days(table: str, period: str) -> Change:
    """Every second day of a month is missing."""

    def change(frames: Frames) -> None:
        column = pl.col(TABLES[table].period_column or "")
        lost = (_moment(table) == period) & (column.dt.day() % 2 == 0)
        frames[table] = frames[table].filter(~lost)

    return change


def stray_period(table: str, years: int) -> Change:
    """One row stands years away from all others."""

    def change(frames: Frames) -> None:
        column = TABLES[table].period_column or ""
        row = frames[table].head(1)
        moved = (
            pl.col(column) + years
            if row[column].dtype == pl.Int64
            else pl.col(column).dt.offset_by(f"{years}y")
        )
        row = row.with_columns(moved)
        if table == "trades":
            row = row.with_columns(pl.lit("T-stray").alias("trade_id"))
        frames[table] = pl.concat([frames[table], row])

    return change


def stray_province(frames: Frames) -> None:
    """An entity has a province code of another form."""
    odd = (
        frames["entities"]
        .head(1)
        .with_columns(pl.lit("E-odd").alias("entity_id"), pl.lit("Beijing").alias("province_code"))
    )
    more = frames["entities"].head(8)
    filler = pl.concat(
        more.with_columns(pl.format("{}-" + str(n), "entity_id").alias("entity_id")) for n in range(3)
    )
    frames["entities"] = pl.concat([frames["entities"], filler, odd])


def fewer_subjects(table: str, period: str, keep: int) -> Change:
    """Only the first units or entities have rows in the period."""

    def change(frames: Frames) -> None:
        column = "unit_id" if "unit_id" in frames[table].columns else "entity_id"
        kept = frames[table][column].unique(maintain_order=True).head(keep)
        lost = (_moment(table) == period) & ~pl.col(column).is_in(kept.implode())
        frames[table] = frames[table].filter(~lost)

    return change
