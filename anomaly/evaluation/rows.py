"""Does the evidence name the rows that a case affected? Rows of cases compared with rows of evidence.

A label's `affected` lists rows by their whole key, in the order of the source contract. An alert's evidence
lists rows by named columns, often fewer than the whole key, sometimes narrowed to a range of the table's
own time (`anomaly.core.alerts.Evidence`): one entry may name many source rows. An evidence row *names* a
affected row when the table is the same, every column that it gives is part of the table's key and holds the
same value, and the affected row lies in its range, if it has one. Evidence by columns outside the key cannot
be compared and names nothing.

Values are compared as text (`plain`). What a broad entry names beyond the affected rows is not seen here,
since an evaluation has no source at hand; `broad` counts such entries.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import polars as pl

CASE_ROWS = {
    "case_id": pl.String(),
    "table": pl.String(),
    "affected": pl.Int64(),
    "named": pl.Int64(),
    "shared": pl.Boolean(),
}
ALERT_ROWS = {
    "alert_id": pl.String(),
    "table": pl.String(),
    "evidence": pl.Int64(),
    "right": pl.Int64(),
    "broad": pl.Int64(),
}
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?)?")

Key = tuple[str, ...]


class SourceKey(NamedTuple):
    """A source table's key in the contract's order, and the column that a range of evidence runs over."""

    columns: tuple[str, ...]
    period: str | None = None


@dataclass(frozen=True)
class RowCounts:
    """Rows counted, and what could not be.

    `cases` has one row a case and table that it affected: rows affected, and of them named by alerts that
    find the case; `shared` where any of these alerts names rows of that table. `alerts` has one row an alert
    and table, of alerts that find a case and tables that a found case affected: evidence rows, of
    them right (naming an affected row of a found case), and broad (giving less than the whole key).
    """

    cases: pl.DataFrame
    alerts: pl.DataFrame
    warnings: list[str]


def plain(value: Any) -> str:
    """A key's value as text: whole numbers without a point, moments as UTC, midnights as days."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, date | datetime):
        value = value.isoformat()
    text = str(value)
    if not _MOMENT.fullmatch(text) or len(text) == len("2024-01-01"):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return moment.isoformat().removesuffix("T00:00:00")


@dataclass(frozen=True)
class _Shape:
    """How evidence names rows of a table: by which columns, with or without a range."""

    columns: tuple[str, ...]
    ranged: bool


@dataclass
class _Named:
    """The evidence rows of one alert in one table: values, and the ends of the range where there is one."""

    rows: dict[_Shape, set[tuple[Key, str, str]]] = field(default_factory=lambda: defaultdict(set))

    def naming(self, affected: Iterable[Key], key: SourceKey) -> tuple[set[Key], set[tuple[_Shape, Any]]]:
        """The affected rows that are named, and the evidence rows that name one."""
        named: set[Key] = set()
        right: set[tuple[_Shape, Any]] = set()
        places = {name: place for place, name in enumerate(key.columns)}
        period = places.get(key.period) if key.period else None
        for shape, rows in self.rows.items():
            if not set(shape.columns) <= set(places) or (shape.ranged and period is None):
                continue
            by_values: dict[Key, list[tuple[Key, str, str]]] = defaultdict(list)
            for row in rows:
                by_values[row[0]].append(row)
            wanted = [places[name] for name in shape.columns]
            for one in affected:
                for row in by_values.get(tuple(one[place] for place in wanted), ()):
                    if not shape.ranged or row[1] <= one[period] < row[2]:  # type: ignore[index]
                        named.add(one)
                        right.add((shape, row))
        return named, right

    def count(self) -> int:
        return sum(len(rows) for rows in self.rows.values())

    def broad(self, key: SourceKey) -> int:
        """Rows that give less than the whole key."""
        whole = set(key.columns)
        return sum(len(rows) for shape, rows in self.rows.items() if not whole <= set(shape.columns))


def count_rows(
    alerts: pl.DataFrame, labels: pl.DataFrame, matches: pl.DataFrame, tables: Mapping[str, SourceKey]
) -> RowCounts:
    """Count affected and evidence rows; only alerts that find a case are looked at."""
    warnings: list[str] = []
    affected = _affected(labels, tables, warnings)
    finders = alerts.filter(pl.col("alert_id").is_in(matches["alert_id"].implode()))
    evidence = _evidence(finders, warnings)
    named: dict[tuple[str, str], set[Key]] = defaultdict(set)
    right: dict[tuple[str, str], set[Any]] = defaultdict(set)
    shared: set[tuple[str, str]] = set()
    for alert_id, case_id in matches.iter_rows():
        for table, rows in affected.get(case_id, {}).items():
            held = evidence.get(alert_id, {}).get(table)
            if held is not None:
                of_case, of_alert = held.naming(rows, tables[table])
                named[case_id, table] |= of_case
                right[alert_id, table] |= of_alert
                shared.add((case_id, table))
    cases = [
        (case_id, table, len(rows), len(named[case_id, table]), (case_id, table) in shared)
        for case_id, by_table in affected.items()
        for table, rows in by_table.items()
    ]
    found = []
    for (alert_id, table), hits in sorted(right.items()):
        held = evidence[alert_id][table]
        found.append((alert_id, table, held.count(), len(hits), held.broad(tables[table])))
    return RowCounts(
        pl.DataFrame(cases, schema=CASE_ROWS, orient="row"),
        pl.DataFrame(found, schema=ALERT_ROWS, orient="row"),
        warnings,
    )


def _affected(
    labels: pl.DataFrame, tables: Mapping[str, SourceKey], warnings: list[str]
) -> dict[str, dict[str, set[Key]]]:
    """Distinct affected rows by case and table; what cannot be compared is left out with a warning."""
    kept: dict[str, dict[str, set[Key]]] = {}
    unfit: dict[str, str] = {}
    for case_id, text in labels.select("case_id", "affected").drop_nulls().iter_rows():
        try:
            listed = [(table, list(row)) for table, rows in json.loads(text).items() for row in rows]
        except (ValueError, TypeError, AttributeError):
            unfit.setdefault("JSON of table names with lists of keys", f"{text[:80]} in case {case_id}")
            continue
        for table, row in listed:
            if table not in tables:
                unfit.setdefault("tables of the contract", f"{table} in case {case_id}")
            elif len(row) != len(tables[table].columns):
                key = ", ".join(tables[table].columns)
                unfit.setdefault(f"keys of {table} as {key}", f"{row} in case {case_id}")
            else:
                kept.setdefault(case_id, {}).setdefault(table, set()).add(tuple(map(plain, row)))
    warnings += [
        f"affected rows of labels: expected {expected}, found {found}; rows of that form are left out"
        for expected, found in unfit.items()
    ]
    return kept


def _evidence(alerts: pl.DataFrame, warnings: list[str]) -> dict[str, dict[str, _Named]]:
    """Distinct evidence rows by alert and table."""
    held: dict[str, dict[str, _Named]] = {}
    unfit = []
    for alert_id, text in alerts.select("alert_id", "evidence").drop_nulls().iter_rows():
        by_table: dict[str, _Named] = defaultdict(_Named)
        try:
            for entry in json.loads(text):
                ends = (plain(entry.get("from", "")), plain(entry.get("to", "")))
                shape = _Shape(tuple(entry["key"]), ranged="from" in entry)
                rows = by_table[str(entry["table"])].rows[shape]
                rows |= {(tuple(map(plain, row)), *ends) for row in entry["rows"]}
        except (ValueError, TypeError, KeyError, AttributeError):
            unfit.append(alert_id)
            continue
        held[alert_id] = by_table
    if unfit:
        warnings.append(
            "evidence of alerts: expected a list of entries with table, key and rows, found others in "
            f"{len(unfit):,} alerts (such as {unfit[0]}); it names no row"
        )
    return held
