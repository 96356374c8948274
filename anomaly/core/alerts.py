"""A finding and the rows that it becomes: of alerts, of candidates below the threshold, of evidence.

Belongs here: the shape of a finding, its stable id, the frames that a run hands over.
Does not belong here: how anything is found (`anomaly.detectors`) or scored (`scoring`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl

from anomaly.core.kinds import KINDS
from anomaly.core.policy import Policy
from anomaly.core.texts import text

ALERT_SCHEMA: dict[str, Any] = {
    "alert_id": pl.String,
    "kind": pl.String,
    "family": pl.String,
    "subject_type": pl.String,
    "subject_ids": pl.List(pl.String),
    "province_code": pl.String,
    "window_start": pl.Datetime("us"),
    "window_end": pl.Datetime("us"),
    "score": pl.Float64,
    "p_value": pl.Float64,
    "level": pl.String,
    "title_zh": pl.String,
    "title_en": pl.String,
    "measures": pl.String,
    "evidence": pl.String,
    "rule_refs": pl.List(pl.String),
    "detector": pl.String,
    "detector_version": pl.String,
    "snapshot_id": pl.String,
}
# What a finding's level and context are decided from, beside the columns of the contract.
STAKE_SCHEMA: dict[str, Any] = {
    "stake_basis": pl.String,
    "stake_tco2e": pl.Float64,
    "stake_money": pl.Float64,
    "is_exposure": pl.Boolean,
    "rests_on": pl.List(pl.String),
    "is_absence": pl.Boolean,
}
FINDING_SCHEMA: dict[str, Any] = {**ALERT_SCHEMA, **STAKE_SCHEMA}
EVIDENCE_SCHEMA: dict[str, Any] = {
    "alert_id": pl.String,
    "evidence_no": pl.Int64,
    "table_name": pl.String,
    "record_key": pl.String,
}


@dataclass(frozen=True)
class Measure:
    """A figure, the threshold it is compared with (none where it only informs) and its unit.

    `less_is_worse` says on which side of the threshold the finding lies.
    """

    value: float | int | str | bool | None
    threshold: float | int | None = None
    unit: str = ""
    less_is_worse: bool = False

    @property
    def plain(self) -> dict[str, Any]:
        """The measure as the alert carries it."""
        shown = {"value": _plain(self.value), "threshold": _plain(self.threshold), "unit": self.unit}
        return shown | ({"less_is_worse": True} if self.less_is_worse else {})


@dataclass(frozen=True)
class Evidence:
    """Rows of a source table by key; `key` holds columns of the source contract and nothing else.

    A key shorter than the table's names all rows that share it. Where these are too many to list, `start`
    and `end` narrow them to a half-open range of the table's own time: the column that the contract
    names as the table's period, `ts` of `cems_hourly` or `date` of `meters_daily`. A moment is naive UTC
    and written with a `Z`; a day is written as a day.
    """

    table: str
    key: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    start: datetime | date | None = None
    end: datetime | date | None = None

    def __post_init__(self) -> None:
        if (self.start is None) != (self.end is None):
            raise ValueError(
                f"evidence of {self.table}: a range needs start and end, found {self.start}, {self.end}"
            )

    @property
    def range(self) -> tuple[str, str] | None:
        """The range as it is written, if there is one."""
        if self.start is None or self.end is None:
            return None
        return _moment(self.start), _moment(self.end)


@dataclass(frozen=True)
class Finding:
    """What a detector found: who, when, with what score, shown by what; an alert, or only a candidate.

    `stake_basis` to `is_absence` are as the search declares them (`detector.Search`, `stakes.Stake`).
    """

    kind: str
    subject_type: str
    subject_ids: tuple[str, ...]
    window_start: datetime
    window_end: datetime
    score: float
    measures: dict[str, Measure]
    evidence: tuple[Evidence, ...]
    variant: str = "default"
    title_values: dict[str, Any] = field(default_factory=dict)
    province_code: str | None = None
    p_value: float | None = None
    is_alert: bool = True
    stake_basis: str = ""
    stake_tco2e: float | None = None
    stake_money: float | None = None
    is_exposure: bool = False
    rests_on: tuple[str, ...] = ()
    is_absence: bool = False

    @property
    def alert_id(self) -> str:
        """The same finding in the same data has the same id in every run; evidence may grow."""
        parts = (
            self.kind,
            self.subject_type,
            *sorted(set(self.subject_ids)),
            self.window_start.isoformat(),
            self.window_end.isoformat(),
        )
        return "A-" + hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()


def _moment(value: datetime | date) -> str:
    return value.isoformat() + ("Z" if isinstance(value, datetime) else "")


def _plain(value: Any) -> Any:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, float):
        return round(value, 9)
    return value


def _evidence_entries(parts: Iterable[Evidence]) -> list[dict[str, Any]]:
    """Evidence as the alert carries it: one entry a table, key and range, rows once, all sorted."""
    rows: dict[tuple[str, tuple[str, ...], tuple[str, ...]], set[tuple[Any, ...]]] = {}
    for part in parts:
        place = (part.table, part.key, part.range or ())
        rows.setdefault(place, set()).update(tuple(map(_plain, row)) for row in part.rows)
    entries = []
    for table, key, between in sorted(rows):
        ordered = sorted(rows[table, key, between], key=lambda row: tuple(map(str, row)))
        entry = {"table": table, "key": list(key), "rows": [list(row) for row in ordered]}
        entries.append(entry | dict(zip(("from", "to"), between, strict=False)))
    return entries


def distinct(findings: Iterable[Finding]) -> list[Finding]:
    """Findings with one id made one: the highest score, the evidence of all; sorted by score and id."""
    by_id: dict[str, Finding] = {}
    for finding in findings:
        held = by_id.get(finding.alert_id)
        if held is None:
            by_id[finding.alert_id] = finding
            continue
        higher = finding if finding.score > held.score else held
        by_id[finding.alert_id] = replace(higher, evidence=held.evidence + finding.evidence)
    return sorted(by_id.values(), key=lambda finding: (-finding.score, finding.alert_id))


def _alert_row(
    finding: Finding, version: str, policy: Policy, market_id: str, snapshot_id: str
) -> dict[str, Any]:
    if finding.window_end <= finding.window_start:
        raise ValueError(
            f"{finding.kind} {finding.subject_ids}: a window must end after it starts, found "
            f"{finding.window_start} to {finding.window_end}"
        )
    title = f"kinds.{finding.kind}.titles.{finding.variant}"
    evidence = _evidence_entries(finding.evidence)
    measures = {name: measure.plain for name, measure in finding.measures.items()}
    return {
        "alert_id": finding.alert_id,
        "kind": finding.kind,
        "family": KINDS[finding.kind],
        "subject_type": finding.subject_type,
        "subject_ids": sorted(set(finding.subject_ids)),
        "province_code": finding.province_code,
        "window_start": finding.window_start,
        "window_end": finding.window_end,
        "score": finding.score,
        "p_value": finding.p_value,
        "level": policy.level(finding.score),
        "title_zh": text(title, "zh", **finding.title_values),
        "title_en": text(title, "en", **finding.title_values),
        "measures": json.dumps(measures, ensure_ascii=False, sort_keys=True),
        "evidence": json.dumps(evidence, ensure_ascii=False),
        "rule_refs": policy.rule_refs(finding.kind, market_id, finding.variant),
        "detector": finding.kind,
        "detector_version": version,
        "snapshot_id": snapshot_id,
        "stake_basis": finding.stake_basis,
        "stake_tco2e": finding.stake_tco2e,
        "stake_money": finding.stake_money,
        "is_exposure": finding.is_exposure,
        "rests_on": list(finding.rests_on),
        "is_absence": finding.is_absence,
    }


def alert_frame(
    findings: Iterable[tuple[Finding, str]], policy: Policy, market_id: str, snapshot_id: str
) -> pl.DataFrame:
    """Findings and their detectors' versions as rows of `FINDING_SCHEMA`, most severe first.

    The level is that of the score alone; `assessment` decides it.
    """
    rows = [_alert_row(finding, version, policy, market_id, snapshot_id) for finding, version in findings]
    return in_order(pl.DataFrame(rows, schema=FINDING_SCHEMA, orient="row"))


def in_order(alerts: pl.DataFrame) -> pl.DataFrame:
    """Alert rows, most severe first."""
    return alerts.sort(["score", "alert_id"], descending=[True, False])


def evidence_frame(alerts: pl.DataFrame) -> pl.DataFrame:
    """One row a piece of evidence: `record_key` is the JSON of the key's columns, values and range."""
    rows = []
    for alert_id, evidence in alerts.select("alert_id", "evidence").iter_rows():
        number = 0
        for part in json.loads(evidence):
            between = {name: part[name] for name in ("from", "to") if name in part}
            for values in part["rows"]:
                number += 1
                key = dict(zip(part["key"], values, strict=True)) | between
                rows.append((alert_id, number, part["table"], json.dumps(key, ensure_ascii=False)))
    return pl.DataFrame(rows, schema=EVIDENCE_SCHEMA, orient="row").sort("alert_id", "evidence_no")
