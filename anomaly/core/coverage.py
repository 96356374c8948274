"""What the detectors looked at: each kind, source table and period covered, not applicable or blind.

Belongs here: the comparison of what the marts hold with what a detector declares to need. A period is a
month, a year where the mart's time is a year, or `all` where its rows have no time.
Does not belong here: completeness of deliveries (the lake), what any detector looks for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import polars as pl

from anomaly.core.detector import Detector, Need
from anomaly.core.marts import Marts
from anomaly.core.periods import ALL, NOT_YET

COVERED, NOT_APPLICABLE, BLIND = "covered", "not_applicable", "blind"
SCHEMA: dict[str, Any] = {
    "kind": pl.String,
    "mart": pl.String,
    "table_name": pl.String,
    "period": pl.String,
    "province_code": pl.String,
    "rows_seen": pl.Int64,
    "subjects_seen": pl.Int64,
    "state": pl.String,
    "reason": pl.String,
    "detail": pl.String,
}


@dataclass(frozen=True)
class _Looked:
    """A mart by period and province: `period`, `province_code`, `rows`, `subjects`, a count a column."""

    counts: pl.DataFrame
    unit: str

    @cached_property
    def periods(self) -> list[str]:
        """Periods with rows, sorted."""
        return sorted(self.counts["period"].unique())

    @cached_property
    def provinces(self) -> dict[str, set[str]]:
        """Provinces with rows by period."""
        known = self.counts.drop_nulls("province_code").group_by("period").agg("province_code")
        return {period: set(codes) for period, codes in known.iter_rows()}


def coverage(
    detectors: Iterable[Detector[Any]],
    marts: Marts,
    as_of: date | None,
    feeds: Mapping[str, tuple[str, str]] | None = None,
) -> pl.DataFrame:
    """One row a kind, mart, source table and period, and one for each province that lacks rows in it.

    `feeds` are the tables that the market's settings declare, with first and last month ('' where open): such
    a table is expected from the start, and only within its span.
    """
    feeds = feeds or {}
    looked: dict[tuple[str | None, ...], _Looked | None] = {}
    every = [(detector.kind, need) for detector in detectors for need in _distinct(detector)]
    filled: dict[tuple[str | None, ...], set[str]] = {}
    for _, need in every:
        filled.setdefault(_rows_of(need), set()).update(need.filled)
    for _, need in every:
        if _rows_of(need) not in looked:
            looked[_rows_of(need)] = _look(marts, need, sorted(filled[_rows_of(need)]))
    starts = {
        unit: min(
            (found.periods[0] for found in looked.values() if found and found.periods and found.unit == unit),
            default="",
        )
        for unit in ("month", "year")
    }
    rows = [
        {"kind": kind, "mart": need.mart, "table_name": need.source, **row}
        for kind, need in every
        for row in _declared(_judged(need, looked[_rows_of(need)], starts, as_of), feeds.get(need.source))
    ]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row").sort(
        "kind", "mart", "table_name", "period", "province_code"
    )


def _rows_of(need: Need) -> tuple[str | None, ...]:
    """What decides which rows of a mart are counted, and how."""
    return (need.mart, need.period, need.subject, need.where)


def _distinct(detector: Detector[Any]) -> list[Need]:
    """A detector's needs, one a mart and source table; columns that must be filled in any search count."""
    by_table: dict[tuple[str, str], Need] = {}
    for need in detector.needs:
        if need.is_selection:
            continue
        held = by_table.get((need.mart, need.source))
        filled = tuple(sorted({*need.filled, *(held.filled if held else ())}))
        by_table[need.mart, need.source] = replace(need, columns=(), filled=filled)
    return list(by_table.values())


def _look(marts: Marts, need: Need, filled: list[str]) -> _Looked | None:
    """Counts of a mart, or none where it has no row."""
    if marts.is_empty(need.mart, need.where):
        return None
    frame, period, subject = marts.frame(need.mart, need.where), need.period, need.subject
    schema = frame.collect_schema()
    # Text is made of the periods, not of all rows.
    time: pl.Expr = pl.lit(ALL)
    text, unit = pl.col("period"), ALL
    if period and schema[period].is_integer():
        time, text, unit = pl.col(period), text.cast(pl.String), "year"
    elif period:
        time, text, unit = pl.col(period).dt.truncate("1mo"), text.dt.strftime("%Y-%m"), "month"
    province = pl.col("province_code") if "province_code" in schema.names() else pl.lit(None, dtype=pl.String)
    counts = (
        frame.with_columns(time.alias("period"), province.alias("province_code"))
        .filter(pl.col("period").is_not_null())
        .group_by("period", "province_code")
        .agg(
            pl.len().alias("rows"),
            (pl.col(subject).n_unique() if subject else pl.lit(0)).alias("subjects"),
            *(pl.col(name).count().alias(f"filled_{name}") for name in filled if name in schema.names()),
        )
        .with_columns(text)
        .collect()
    )
    return _Looked(counts, unit)


def _declared(rows: Iterable[dict[str, Any]], span: tuple[str, str] | None) -> Iterator[dict[str, Any]]:
    """The rows, given the span that the market declares for the table; none where it declares none."""
    for row in rows:
        period, first, last = row["period"], *(span or ("", ""))
        width = len(period)
        if span and period == ALL and row["reason"] == "no_rows":
            yield row | {"state": BLIND}
        elif (
            row["state"] == BLIND
            and period != ALL
            and not first[:width] <= period <= (last[:width] or period)
        ):
            yield row | {"state": NOT_APPLICABLE, "reason": "outside_declared_span", "detail": None}
        else:
            yield row


def _judged(
    need: Need, looked: _Looked | None, starts: dict[str, str], as_of: date | None
) -> Iterator[dict[str, Any]]:
    if looked is None:
        yield _row(ALL, NOT_APPLICABLE, "no_rows")
        return
    if not looked.periods:
        yield _row(ALL, BLIND, "column_without_values", need.period)
        return
    filled = _filled_periods(need, looked)
    for period in _periods(looked, starts, as_of):
        if period in looked.periods and filled and period < filled[0]:
            yield _row(period, NOT_APPLICABLE, "before_first_rows")
        elif filled and period > filled[-1] and _is_recent(period, looked.unit, as_of):
            yield _row(period, NOT_APPLICABLE, "not_delivered_yet")
        elif period in looked.periods:
            yield from _period(need, looked, period)
        elif period < looked.periods[0]:
            yield _row(period, NOT_APPLICABLE, "before_first_rows")
        else:
            yield _row(period, BLIND, "no_rows")


def _filled_periods(need: Need, looked: _Looked) -> list[str]:
    """Periods in which every column that must be filled has a value, sorted."""
    columns = [f"filled_{name}" for name in need.filled if f"filled_{name}" in looked.counts.columns]
    if len(columns) < len(need.filled):
        return []
    if not columns:
        return looked.periods
    sums = looked.counts.group_by("period").agg(pl.col(columns).sum())
    return sorted(sums.filter(pl.all_horizontal(pl.col(columns) > 0))["period"])


def _is_recent(period: str, unit: str, as_of: date | None) -> bool:
    """Whether what is reported of the period need not be there yet on the as-of date."""
    if as_of is None or unit == ALL:
        return False
    form = "%Y-%m" if unit == "month" else "%Y"
    return as_of.strftime(form) in (period, *_following(period, unit, NOT_YET[unit]))


def _period(need: Need, looked: _Looked, period: str) -> Iterator[dict[str, Any]]:
    rows = looked.counts.filter(pl.col("period") == period)
    seen = {"rows_seen": int(rows["rows"].sum()), "subjects_seen": int(rows["subjects"].sum())}
    empty = [name for name in need.filled if not _sum(rows, f"filled_{name}")]
    if empty:
        yield _row(period, BLIND, "column_without_values", ", ".join(empty)) | seen
        return
    yield _row(period, COVERED, None) | seen
    for code in _missing_provinces(looked, period):
        yield _row(period, BLIND, "province_without_rows", code) | {"province_code": code}


def _sum(rows: pl.DataFrame, column: str) -> int:
    return int(rows[column].sum()) if column in rows.columns else 0


def _missing_provinces(looked: _Looked, period: str) -> list[str]:
    """Provinces with rows before and after a period, or in the two before the last one, and none in it."""
    place = looked.periods.index(period)
    before = _of(looked, looked.periods[:place])
    after = _of(looked, looked.periods[place + 1 :])
    latest = looked.periods[max(place - 2, 0) : place]
    near = set.intersection(*(_of(looked, [period]) for period in latest)) if latest else set()
    expected = near if place == len(looked.periods) - 1 else before & after
    return sorted(expected - looked.provinces.get(period, set()))


def _of(looked: _Looked, periods: list[str]) -> set[str]:
    return {code for period in periods for code in looked.provinces.get(period, ())}


def _periods(looked: _Looked, starts: dict[str, str], as_of: date | None) -> list[str]:
    """All periods from the first with rows in any mart to the as-of date's."""
    if looked.unit == ALL:
        return [ALL]
    today = as_of.strftime("%Y-%m" if looked.unit == "month" else "%Y") if as_of else ""
    first, last = starts[looked.unit], max(today, looked.periods[-1])
    found = [first]
    while found[-1] < last:
        found += _following(found[-1], looked.unit, 1)
    return found


def _following(period: str, unit: str, count: int) -> list[str]:
    found = []
    for _ in range(count):
        if unit == "year":
            period = f"{int(period) + 1:04}"
        else:
            year, month = map(int, period.split("-"))
            period = f"{year + month // 12:04}-{month % 12 + 1:02}"
        found.append(period)
    return found


def _row(period: str, state: str, reason: str | None, detail: str | None = None) -> dict[str, Any]:
    return {
        "period": period,
        "province_code": ALL,
        "rows_seen": 0,
        "subjects_seen": 0,
        "state": state,
        "reason": reason,
        "detail": detail,
    }
