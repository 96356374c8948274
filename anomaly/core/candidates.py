"""From a search's rows to findings: names, windows, provinces, titles, measures, evidence.

Belongs here: what is the same for all kinds. Does not belong here: rows of alerts (`alerts`), judging.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from string import Formatter
from typing import Any

import polars as pl

from anomaly.core.alerts import Evidence, Finding, Measure
from anomaly.core.detector import Detector, Figure, Inputs, Rows, Search
from anomaly.core.helpers import ids, named
from anomaly.core.market import span
from anomaly.core.stakes import MONEY, TONNES, with_stakes
from anomaly.core.texts import LANGUAGES, with_folders

_TIMES = (("first_at", "last_at"), ("first_on", "last_on"))


def findings(
    detector: Detector[Any], search: Search[Any], rows: pl.DataFrame, inputs: Inputs[Any]
) -> list[Finding]:
    """One finding a row.

    Raises:
        ValueError: the rows lack a column that the search declares, or a time.
    """
    if rows.is_empty():
        return []
    _check(detector, search, rows)
    where = _provinces(search, rows, inputs)
    rows = with_stakes(rows, search.stake, inputs.marts)
    return [_finding(detector.kind, search, row, inputs, where) for row in rows.iter_rows(named=True)]


def _check(detector: Detector[Any], search: Search[Any], rows: pl.DataFrame) -> None:
    there = set(rows.columns)
    lacking = search.columns - there
    if not any(there.issuperset(pair) for pair in _TIMES):
        lacking = lacking | {"first_on and last_on (or first_at and last_at)"}
    if lacking:
        raise ValueError(
            f"{detector.kind}, {search.name}: expected the declared columns in its rows, missing "
            f"{', '.join(sorted(lacking))}; found {', '.join(rows.columns)}"
        )


def _finding(
    kind: str, search: Search[Any], row: dict[str, Any], inputs: Inputs[Any], where: Mapping[str, str]
) -> Finding:
    subjects = ids(*(value for column in search.subjects for value in _several(row[column])))
    variant = row.get("variant") or search.title_variants[0]
    start, end = _window(row, inputs)
    province = next((where[subject] for subject in subjects if subject in where), None)
    return Finding(
        kind=kind,
        subject_type=search.subject_type,
        subject_ids=subjects,
        window_start=start,
        window_end=end,
        score=row["score"],
        measures=dict(_measures(search.measures, row, inputs)),
        evidence=tuple(part for rows in search.evidence for part in _evidence(rows, row)),
        variant=variant,
        title_values=title_values(kind, variant, row),
        province_code=row.get("province_code", province),
        p_value=row.get("p_value"),
        is_alert=row.get("is_alert", True),
        stake_basis=search.stake.basis,
        stake_tco2e=row[TONNES],
        stake_money=row[MONEY],
        is_exposure=search.stake.is_exposure,
        rests_on=search.rests_on,
        is_absence=search.is_absence,
    )


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _window(row: dict[str, Any], inputs: Inputs[Any]) -> tuple[datetime, datetime]:
    if row.get("first_on") is not None:
        return inputs.market.days(row["first_on"], row["last_on"])
    return span(row["first_at"], row["last_at"])


def _measures(
    figures: Mapping[str, Figure], row: dict[str, Any], inputs: Inputs[Any]
) -> Iterator[tuple[str, Measure]]:
    for name, figure in figures.items():
        if row[name] is None:
            continue
        threshold: Any = figure.threshold
        if isinstance(threshold, str):
            known = type(inputs.limits).model_fields
            threshold = getattr(inputs.limits, threshold) if threshold in known else row[threshold]
        unit = row[figure.unit_from] if figure.unit_from else figure.unit
        yield name, Measure(row[name], threshold, unit, figure.less_is_worse)


def _evidence(rows: Rows, row: dict[str, Any]) -> Iterator[Evidence]:
    columns = [name for name in (*rows.held_in, rows.start, rows.end) if name]
    values = [row[name] for name in columns]
    if any(value is None for value in values):
        return
    length = max((len(value) for value in values if isinstance(value, list)), default=1)
    spread = [value if isinstance(value, list) else [value] * length for value in values]
    width = len(rows.held_in)
    ranges: dict[tuple[Any, ...], list[tuple[Any, ...]]] = {}
    for entry in zip(*spread, strict=True):
        ranges.setdefault(entry[width:], []).append(entry[:width])
    for between, keys in ranges.items():
        yield Evidence(rows.table, rows.key, tuple(keys), *between)


def title_values(kind: str, variant: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a title's placeholders out of a candidate's columns."""
    return {name: _title_value(name, row) for name in placeholders(kind, variant)}


def placeholders(kind: str, variant: str) -> list[str]:
    """The placeholders of a title in any of the two languages."""
    texts = with_folders()
    templates = (texts.text(f"kinds.{kind}.titles.{variant}", language) for language in LANGUAGES)
    return sorted({name for template in templates for _, name, _, _ in Formatter().parse(template) if name})


def title_columns(name: str, columns: Iterable[str]) -> bool:
    """Whether a placeholder can be filled from these columns."""
    return bool({name, f"{name}_id"} & set(columns))


def _title_value(name: str, row: Mapping[str, Any]) -> Any:
    if name not in row:
        identity = row[f"{name}_id"]
        return "-" if identity is None else named(row.get(f"{name}_name"), identity)
    value = row[name]
    return ", ".join(map(str, value)) if isinstance(value, list) else value


def _provinces(search: Search[Any], rows: pl.DataFrame, inputs: Inputs[Any]) -> dict[str, str]:
    """Province by account, where accounts and their provinces are known."""
    if search.subject_type != "account" or "province_code" in rows.columns:
        return {}
    if not inputs.marts.has("dim_accounts"):
        return {}
    accounts = inputs.marts.read("dim_accounts", "account_id", "province_code").drop_nulls()
    return dict(accounts.iter_rows())


def frame_of(rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows made one by one as a frame; no rows give a frame without columns."""
    return pl.DataFrame(list(rows), infer_schema_length=None)
