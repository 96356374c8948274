"""What an alert's level rests on, as lines of text: stake, reason, explanations, facts, related alerts.

Belongs here: reading `fct_alert_assessments` and `fct_alert_subjects` and wording them. Does not belong here:
elements of pages, and any judgement of its own.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import polars as pl
import streamlit as st

from anomaly.core.kinds import FAMILIES
from anomaly.core.texts import text
from anomaly.core.track_record import records
from dashboards.alerts import ASSESSMENTS
from dashboards.data import Snapshot, collect, key, scan, schema
from dashboards.language import MISSING, Words

_RELATED = ("alert_id", "kind", "level", "title_zh", "title_en")


@dataclass(frozen=True)
class Assessment:
    """One alert's row of the mart, its JSON read."""

    row: dict[str, Any]
    explained_by: dict[str, list[dict[str, Any]]]
    facts: list[dict[str, Any]]


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs={Snapshot: key})
def one(snapshot: Snapshot, alert_id: str) -> Assessment | None:
    """The assessment of an alert; None where the snapshot has none."""
    frame = scan(snapshot, ASSESSMENTS, tuple(schema(snapshot, ASSESSMENTS)))
    if frame is None:
        return None
    rows = collect(frame.filter(pl.col("alert_id") == alert_id), snapshot, ASSESSMENTS)
    if rows.is_empty():
        return None
    row = rows.row(0, named=True)
    return Assessment(row, json.loads(row["explained_by"] or "{}"), json.loads(row["facts"] or "[]"))


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs={Snapshot: key})
def related(snapshot: Snapshot, alert_id: str) -> pl.DataFrame:
    """Other alerts that name a subject of this one: id, kind, level, titles and the shared subjects."""
    subjects = scan(snapshot, "fct_alert_subjects", ("alert_id", "subject_id"))
    alerts = scan(snapshot, "fct_alerts", _RELATED)
    if subjects is None or alerts is None:
        return pl.DataFrame()
    own = subjects.filter(pl.col("alert_id") == alert_id).select("subject_id")
    shared = (
        subjects.join(own, on="subject_id")
        .filter(pl.col("alert_id") != alert_id)
        .group_by("alert_id")
        .agg(pl.col("subject_id").unique().sort().str.join(", ").alias("subjects"))
    )
    return collect(shared.join(alerts, on="alert_id").sort("kind", "alert_id"), snapshot, "fct_alerts")


def money(words: Words, assessment: Assessment) -> str:
    """Where the money at stake comes from, or why none is stated."""
    row = assessment.row
    price, on = row["price"], row["price_on"]
    values = {
        "price": words.number(price, 2),
        "date": words.date(on),
        "currency": words.currency(row["currency"]),
    }
    known = values if row["money_basis"] == "market_price" else {}
    return text(f"stakes.money.{row['money_basis']}", words.language, **known)


def basis(words: Words, assessment: Assessment) -> str:
    """What the tonnes at stake are."""
    return text(f"stakes.basis.{assessment.row['stake_basis']}", words.language)


def reason(words: Words, assessment: Assessment) -> str:
    """What decided the level, and which level the score alone would give where it differs."""
    row = assessment.row
    why = text(f"stakes.level_reason.{row['level_reason']}", words.language)
    if row["level_reason"] == "score":
        return why
    return words("assessment.level_otherwise", reason=why, level=words.code("level", row["level_by_score"]))


def explanations(words: Words, assessment: Assessment) -> list[str]:
    """What could explain the alert, one line each."""
    lines = []
    if assessment.row["explaining_rows"]:
        lines.append(_said(words, "rows", count=words.number(assessment.row["explaining_rows"])))
    lines += [
        _said(words, "deliveries", table=_table(words, part), share=words.percent(part["share"], 2))
        for part in assessment.explained_by.get("deliveries", ())
    ]
    return lines + [
        _said(words, "gaps", table=_table(words, part), period=part["period"])
        for part in assessment.explained_by.get("gaps", ())
    ]


def _table(words: Words, part: dict[str, Any]) -> str:
    return words.code("table", part["table_name"])


def _said(words: Words, name: str, **values: str) -> str:
    return text(f"explained.{name}", words.language, **values)


def explaining_rows(assessment: Assessment) -> pl.DataFrame:
    """The quarantined rows that could explain the alert, as many as it lists."""
    return pl.DataFrame(assessment.explained_by.get("rows", []), infer_schema_length=None)


def facts(words: Words, assessment: Assessment) -> list[str]:
    """Facts beside the alert, one line each."""
    return [
        text(f"facts.{fact['fact']}", words.language, **_written(words, fact)) for fact in assessment.facts
    ]


def record(words: Words, kind: str, level: str) -> str:
    """How often alerts of this kind and level were right on simulated markets."""
    known = records().get((kind, level))
    if known is None:
        return words("assessment.no_record")
    counts = {"alerts": words.number(known.alerts), "right": words.number(known.right)}
    return words("assessment.record", **counts)


def unwatched(words: Words, kinds: Collection[str], family: str) -> str:
    """Which kinds of the family no detector looked for in this run; empty where all were looked for."""
    absent = [kind for kind in FAMILIES.get(family, ()) if kind not in kinds]
    names = words("common.list_separator").join(map(words.kind, absent))
    return words("assessment.unwatched", names=names) if absent else ""


def _written(words: Words, fact: dict[str, Any]) -> dict[str, str]:
    """A fact's values as the language writes them."""
    written = {}
    for name, value in fact.items():
        if name in ("registry_status", "verdict"):
            written[name] = words.code("verdict", value)
        elif isinstance(value, list):
            written[name] = words("common.list_separator").join(map(str, value))
        else:
            written[name] = words.figure(value) if value is not None else MISSING
    return written
