"""Adds data errors to the rows of one file: which rows, how, and how ingestion must treat each."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl

from pipelines.contract.schema import Table
from pipelines.simulator.dirt.deliveries import LATER, TEXT, Delivered
from pipelines.simulator.dirt.faults import Fault, as_text

# How often each kind of dirt occurs among dirty records, own.
KINDS = {"malformed": 0.4, "duplicate": 0.2, "contradiction": 0.1, "late": 0.15, "corrected": 0.15}
# A broken line is as frequent as so many of the faults of single values, own.
_BROKEN_LINES = 2
QUARANTINED, KEPT, SUPERSEDED, ABSENT = "quarantined", "kept", "superseded", "absent"


@dataclass(frozen=True)
class Entry:
    """One spoilt record: where it is, what is wrong, and its fate after the first and the later delivery.

    `reason` and `column` are those of the quarantine; `key` is None for a line that is no row.
    """

    table: str
    key: str | None
    dirt: str
    reason: str | None
    column: str | None
    first: str
    later: str
    file: str


@dataclass
class Spoilt:
    """A file's rows after spoiling: what stays, what needs a text file, broken lines, and what comes later.

    `lost` are the rows that are not in force after the first and after the later delivery.
    """

    kept: pl.DataFrame
    text: list[pl.DataFrame] = field(default_factory=list)
    broken: pl.DataFrame | None = None
    later: list[pl.DataFrame] = field(default_factory=list)
    lost: dict[str, list[pl.DataFrame]] = field(default_factory=dict)


def keys_of(frame: pl.DataFrame, table: Table) -> list[str]:
    """The key of each row as JSON, with dates and times after ISO 8601 in UTC."""
    rows = frame.select(table.key).iter_rows(named=True)
    return [
        json.dumps({name: _plain(value) for name, value in row.items()}, ensure_ascii=False) for row in rows
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return None if value is None else str(value)


def assign(rng: np.random.Generator, rows: int, share: float) -> dict[str, np.ndarray]:
    """Rows by kind of dirt, about that share of them in all."""
    dirty = rng.permutation(rows)[: rng.binomial(rows, share)]
    kinds = rng.choice(len(KINDS), len(dirty), p=list(KINDS.values()))
    return {name: np.sort(dirty[kinds == number]) for number, name in enumerate(KINDS)}


def altered(rows: pl.DataFrame, table: Table, rng: np.random.Generator) -> pl.DataFrame:
    """The same records with one figure (or, without one, a text) that is another."""
    free = [c for c in table.columns if c.name not in table.key and not c.enum and not c.reference]
    numbers = [
        c for c in free if c.decimal or (c.type in ("float64", "int64") and c.name not in ("year", "vintage"))
    ]
    texts = [c for c in free if c.type == "string"]
    days = [c for c in free if c.type in ("date", "timestamp")]
    column = (numbers or texts or days)[int(rng.integers(len(numbers or texts or days)))]
    value = pl.col(column.name)
    if column in numbers:
        changed = (value.fill_null(0) + 10).cast(column.polars_type)
    elif column in texts:
        changed = value.fill_null("") + "#"
    else:
        changed = value.fill_null(date(2025, 1, 1)).dt.offset_by("1d")
    return rows.with_columns(changed.alias(column.name))


def spoil_file(
    frame: pl.DataFrame,
    file: Delivered,
    assigned: dict[str, np.ndarray],
    faults: list[Fault],
    rng: np.random.Generator,
) -> tuple[Spoilt, list[Entry]]:
    """Carry out what was assigned; `frame` is in the contract's types."""
    table, name = file.table, file.name
    malformed, late, corrected = (frame[assigned[kind]] for kind in ("malformed", "late", "corrected"))
    gone = np.concatenate([assigned["malformed"], assigned["late"], assigned["corrected"]])
    spoilt = Spoilt(frame[np.setdiff1d(np.arange(frame.height), gone)])
    entries: list[Entry] = []
    added: list[pl.DataFrame] = []

    copies = frame[assigned["duplicate"]]
    added.append(copies)
    entries += _entries(copies, table, "duplicate", "duplicate_row", ", ".join(table.key), name)

    contradicted = frame[assigned["contradiction"]]
    if contradicted.height:
        added.append(altered(contradicted, table, rng))
        twice = pl.concat([contradicted, contradicted])
        entries += _entries(twice, table, "contradiction", "contradiction", ", ".join(table.key), name)

    if corrected.height:
        added.append(altered(corrected, table, rng))
        spoilt.later.append(corrected)
        entries += _entries(corrected, table, "corrected", None, None, name, KEPT, SUPERSEDED)
    if late.height:
        spoilt.later.append(late)
        entries += _entries(late, table, "late", None, None, file.beside(LATER), ABSENT, KEPT)

    if malformed.height:
        entries += _malform(malformed, file, faults, rng, spoilt, added)
    spoilt.lost = {"first": [malformed, late, contradicted], "later": [malformed, contradicted]}
    spoilt.kept = _scattered(spoilt.kept, added, rng)
    return spoilt, entries


def _malform(
    rows: pl.DataFrame,
    file: Delivered,
    faults: list[Fault],
    rng: np.random.Generator,
    spoilt: Spoilt,
    added: list[pl.DataFrame],
) -> list[Entry]:
    """Give each row one fault; in CSV some become lines that are no rows."""
    table, name = file.table, file.name
    styles = len(faults) + (_BROKEN_LINES if file.is_csv else 0)
    chosen = rng.integers(0, styles, rows.height)
    entries: list[Entry] = []
    for number in np.unique(chosen).tolist():
        part = rows[np.flatnonzero(chosen == number)]
        if number >= len(faults):
            spoilt.broken = part if spoilt.broken is None else pl.concat([spoilt.broken, part])
            entries += [
                Entry(table.name, None, "malformed", "malformed_line", None, QUARANTINED, QUARANTINED, name)
            ] * part.height
            continue
        fault = faults[number]
        if fault.is_text:
            part = as_text(part, table).with_columns(fault.spoil(pl.col(fault.column)).alias(fault.column))
        else:
            part = part.with_columns(
                fault.spoil(pl.col(fault.column)).cast(part.schema[fault.column]).alias(fault.column)
            )
        where = file.beside(TEXT) if fault.is_text and not file.is_csv else name
        entries += _entries(part, table, "malformed", fault.reason, fault.column, where)
        if fault.is_text:
            spoilt.text.append(part)
        else:
            added.append(part)
    return entries


def _entries(
    rows: pl.DataFrame,
    table: Table,
    dirt: str,
    reason: str | None,
    column: str | None,
    name: str,
    first: str = QUARANTINED,
    later: str = QUARANTINED,
) -> list[Entry]:
    return [Entry(table.name, key, dirt, reason, column, first, later, name) for key in keys_of(rows, table)]


def _scattered(frame: pl.DataFrame, added: list[pl.DataFrame], rng: np.random.Generator) -> pl.DataFrame:
    """The rows in their order, with the added ones at random places among them."""
    extra = pl.concat([part for part in added if part.height] or [frame.head(0)])
    if not extra.height:
        return frame
    places = np.concatenate([np.arange(frame.height), rng.uniform(-0.5, frame.height, extra.height)])
    return pl.concat([frame, extra])[np.argsort(places, kind="stable")]
