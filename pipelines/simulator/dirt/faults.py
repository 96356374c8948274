"""What can be wrong with a delivered value, column by column, and the reason for quarantine expected for it.

The names are the reasons that ingestion gives. A fault that a typed file cannot hold (a word
among numbers) is marked `is_text`: it needs a file of text columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import polars as pl

from pipelines.contract.schema import Column, Table

ISO = "%Y-%m-%dT%H:%M:%S%.6f%:z"
_CENTURIES = "200y"
_SOME_DAY = date(2025, 1, 1)


@dataclass(frozen=True)
class Fault:
    """One way in which a column's value is wrong; `spoil` takes the typed column, its text if `is_text`."""

    column: str
    reason: str
    spoil: Callable[[pl.Expr], pl.Expr]
    is_text: bool = False


def as_text(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    """The frame's values as they stand in a text file; timestamps with their offset, dates after ISO 8601."""
    columns = []
    for column in table.columns:
        value = pl.col(column.name)
        if isinstance(frame.schema[column.name], pl.Datetime):
            value = value.dt.strftime(ISO)
        columns.append(value.cast(pl.String))
    return frame.select(columns)


def possible_faults(table: Table, delivered: set[str]) -> list[Fault]:
    """Every fault that a row of the table can have; references count to tables that are `delivered`."""
    found: list[Fault] = []
    for column in table.columns:
        if not column.nullable:
            found.append(Fault(column.name, "missing_value", _nothing))
        found += _by_type(column)
        if column.enum:
            found.append(Fault(column.name, "unknown_enum", _foreign))
        elif column.reference and column.reference[0] in delivered:
            found.append(Fault(column.name, "orphan", _unknown))
        elif column.type == "string" and column.name not in table.key:
            found += [
                Fault(column.name, "control_characters", _bell),
                Fault(column.name, "formula_in_text", _formula),
            ]
    return found


def _by_type(column: Column) -> list[Fault]:
    name = column.name
    if column.decimal:
        return [Fault(name, "wrong_type", _word, True), Fault(name, "too_many_decimals", _finer, True)]
    if column.type == "int64":
        far = [Fault(name, "out_of_range", _tenfold)] if name in ("year", "vintage") else []
        return [*far, Fault(name, "wrong_type", _halves, True)]
    if column.type == "float64":
        return [Fault(name, "not_finite", _not_a_number), Fault(name, "wrong_type", _grouped, True)]
    if column.type == "date":
        return [Fault(name, "out_of_range", _centuries_on), Fault(name, "wrong_type", _impossible, True)]
    if column.type == "timestamp":
        return [
            Fault(name, "out_of_range", _centuries_on),
            Fault(name, "no_utc_offset", _without_offset, True),
            Fault(name, "wrong_type", _impossible, True),
        ]
    return []


def _nothing(value: pl.Expr) -> pl.Expr:
    return pl.when(False).then(value)


def _foreign(value: pl.Expr) -> pl.Expr:
    return value.fill_null("other").str.to_uppercase() + "?"


def _unknown(value: pl.Expr) -> pl.Expr:
    return value.fill_null("") + "/0"


def _bell(value: pl.Expr) -> pl.Expr:
    return value.fill_null("") + "\x07"


def _formula(value: pl.Expr) -> pl.Expr:
    return "=" + value.fill_null("A1")


def _word(value: pl.Expr) -> pl.Expr:
    return "约" + value.cast(pl.String).fill_null("0")


def _finer(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.String).fill_null("0").str.replace(r"\..*$", "") + ".12345"


def _tenfold(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.Int64).fill_null(2024) * 10


def _halves(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.String).fill_null("0") + ".5"


def _not_a_number(value: pl.Expr) -> pl.Expr:
    return pl.lit(float("nan")) + 0 * value.fill_null(0.0)


def _grouped(value: pl.Expr) -> pl.Expr:
    return "1," + value.cast(pl.String).fill_null("000")


def _centuries_on(value: pl.Expr) -> pl.Expr:
    return value.fill_null(_SOME_DAY).dt.offset_by(_CENTURIES)


def _impossible(value: pl.Expr) -> pl.Expr:
    return value.cast(pl.String).fill_null("2025-01-01").str.replace(r"^(\d{4})-\d\d-\d\d", "${1}-02-30")


def _without_offset(value: pl.Expr) -> pl.Expr:
    return (
        value.cast(pl.String).fill_null("2025-01-01T00:00:00").str.replace(r"(\.\d+)?([+-]\d\d:\d\d|Z)$", "")
    )
