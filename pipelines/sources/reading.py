"""What a format's reader hands to the writer, and the code lists it works with."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from pipelines.contract.tables import TABLES
from pipelines.sources.intake import Intake
from pipelines.sources.report import InputFile

_CODES = Path(__file__).parent / "codes"


@dataclass
class Reading:
    """Contract tables of one source, and which of its rows were written or quarantined.

    `intakes` pairs each source table with the contract table that its rows went to. `tables` may hold
    columns in any order and leave nullable ones out.
    """

    market: dict[str, str]
    inputs: list[InputFile]
    tables: dict[str, pl.DataFrame]
    intakes: list[tuple[Intake, str]]
    unused_columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def codes(name: str) -> pl.DataFrame:
    """The code list `codes/<name>.csv` as text; it has one line with the meaning of each code."""
    return pl.read_csv(_CODES / f"{name}.csv", infer_schema=False)


def empty(table: str) -> pl.DataFrame:
    """A contract table without rows."""
    return pl.DataFrame(schema=TABLES[table].polars_schema)


def unknown_codes(frame: pl.DataFrame, column: str, known: pl.DataFrame, then: str) -> list[str]:
    """A note that names values of `column` that are in no code list, and how they were treated."""
    strange = frame.filter(pl.col(column).is_not_null() & ~pl.col(column).is_in(known["code"].implode()))
    if strange.is_empty():
        return []
    named = ", ".join(sorted(strange[column].unique().to_list())[:20])
    return [f"{column}: {strange.height:,} rows with codes of no code list ({named}) became {then}"]
