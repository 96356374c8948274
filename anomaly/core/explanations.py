"""Quarantined rows and incomplete deliveries that could explain a finding.

A search names the source tables a missing row of which would make or enlarge its findings. Three things then
may explain one: quarantined rows of these tables that name its subjects or its evidence; and, where the
finding is that a row is absent, a period of which many rows were quarantined, or a gap that the completeness
checks found.
Belongs here: finding these. Does not belong here: what follows for the level (`policy`).
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from anomaly.core.marts import Marts
from anomaly.core.policy import ExplainedPolicy

SCHEMA = {"alert_id": pl.String, "explaining_rows": pl.Int64, "explained_by": pl.String}
QUARANTINE, COUNTS, COMPLETENESS = "fct_quarantine", "fct_row_counts", "fct_completeness"
ACCOUNTS = "dim_accounts"
LISTED = 200
_TWO_SIDED = ("trades", "transfers")
"""Source tables whose rows name two accounts."""
_WINDOW = ("alert_id", "table_name", "first_month", "last_month")
_ROW = ("table_name", "file", "row_number", "reason", "column_name", "quarantine_id")
_GAP = ("check_name", "table_name", "period", "province_code")
# Columns of a quarantine that a home of an earlier version does not have are read as null.
_QUARANTINE = (*_ROW, "record_key", "period", "tonnes", "ids_json")


def explanations(findings: pl.DataFrame, marts: Marts, policy: ExplainedPolicy) -> pl.DataFrame:
    """One row a finding that something could explain, `SCHEMA`; `explained_by` is JSON of what."""
    resting = findings.filter(pl.col("rests_on").list.len() > 0)
    if resting.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    lost = _quarantined(marts)
    rows = _rows(resting, lost, marts, policy)
    deliveries = _faulty_deliveries(resting.filter("is_absence"), lost, marts, policy)
    gaps = _gaps(resting.filter("is_absence"), marts)
    found = []
    for alert_id in resting["alert_id"].unique().sort():
        parts = {
            "rows": rows.get(alert_id),
            "deliveries": deliveries.get(alert_id),
            "gaps": gaps.get(alert_id),
        }
        known = {name: part for name, part in parts.items() if part}
        if known:
            own = known.get("rows", [])
            shown = known | {"rows": own[:LISTED]} if own else known
            found.append((alert_id, len(own), json.dumps(shown, ensure_ascii=False)))
    return pl.DataFrame(found, schema=SCHEMA, orient="row")


def _quarantined(marts: Marts) -> pl.DataFrame:
    """Quarantined rows with `ids`; a row that repeats a kept one has lost nothing and is left out."""
    if not marts.has(QUARANTINE):
        return pl.DataFrame(schema={**dict.fromkeys(_QUARANTINE, pl.String), "ids": pl.List(pl.String)})
    frame = marts.frame(QUARANTINE)
    missing = [name for name in _QUARANTINE if name not in frame.collect_schema().names()]
    filled = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in missing)
    rows = filled.select(_QUARANTINE).filter(pl.col("reason") != "duplicate_row").collect()
    keys = [list(map(str, json.loads(key or "{}").values())) for key in rows["record_key"]]
    ids = pl.col("ids_json").fill_null("[]").str.json_decode(pl.List(pl.String))
    own = pl.Series("keys", keys, dtype=pl.List(pl.String))
    return rows.with_columns(ids=pl.concat_list(ids, own).list.unique())


def _rows(
    findings: pl.DataFrame, lost: pl.DataFrame, marts: Marts, policy: ExplainedPolicy
) -> dict[str, list[Any]]:
    """Quarantined rows by finding, where together they are large enough to explain it."""
    if lost.is_empty():
        return {}
    named = _named(findings, _accounts(findings, marts)).join(_windows(findings), on=_WINDOW[:2])
    found = (
        lost.explode("ids")
        .rename({"ids": "id"})
        .join(named, on=["table_name", "id"])
        .group_by("alert_id", "quarantine_id")
        .agg(
            pl.col(*(name for name in (*_ROW, "period", "tonnes") if name != "quarantine_id")).first(),
            pl.col("needed", "first_month", "last_month").first(),
            pl.col("is_evidence").any(),
            pl.len().alias("matches"),
        )
        .filter(pl.col("is_evidence") | ((pl.col("matches") >= pl.col("needed")) & _is_near()))
        .sort("alert_id", "table_name", "file", "row_number", "quarantine_id")
    )
    stated = found.group_by("alert_id").agg(
        pl.col("tonnes").cast(pl.Float64).abs().sum(), pl.col("tonnes").is_null().any().alias("unknown")
    )
    stakes = findings.select("alert_id", "stake_tco2e")
    enough = pl.col("tonnes") >= policy.share.value * pl.col("stake_tco2e")
    explaining = stated.join(stakes, on="alert_id").filter(
        pl.col("unknown") | enough | pl.col("stake_tco2e").is_null()
    )
    found = found.join(explaining.select("alert_id"), on="alert_id", maintain_order="left")
    return _by_alert(found.select("alert_id", *_ROW))


def _accounts(findings: pl.DataFrame, marts: Marts) -> dict[str, list[str]]:
    """Accounts of the entities that are subjects of findings, by entity."""
    if not marts.holds(ACCOUNTS, "account_id", "entity_id"):
        return {}
    entities = findings.filter(pl.col("subject_type") == "entity")["subject_ids"].explode().unique()
    accounts = marts.scan(ACCOUNTS, "account_id", "entity_id").filter(
        pl.col("entity_id").is_in(entities.implode())
    )
    return dict(accounts.group_by("entity_id").agg(pl.col("account_id").unique()).collect().iter_rows())


def _named(findings: pl.DataFrame, accounts: dict[str, list[str]]) -> pl.DataFrame:
    """One row a finding, table that it rests on and id of its subjects, their accounts or its evidence.

    `needed` is how many ids of subjects a row must name: two where the finding is about several accounts and
    the table's rows name two.
    """
    rows = []
    for row in findings.iter_rows(named=True):
        subjects = set(row["subject_ids"])
        subjects |= {account for subject in row["subject_ids"] for account in accounts.get(subject, ())}
        evidence = {
            str(value)
            for part in json.loads(row["evidence"])
            for values in part["rows"]
            for column, value in zip(part["key"], values, strict=True)
            if column.endswith("_id") and value is not None
        } - subjects
        is_pair = row["subject_type"] == "account" and len(subjects) > 1
        rows += [
            (row["alert_id"], table, one, one in evidence, 2 if is_pair and table in _TWO_SIDED else 1)
            for table in row["rests_on"]
            for one in sorted(subjects | evidence)
        ]
    schema = ("alert_id", "table_name", "id", "is_evidence", "needed")
    types = (pl.String, pl.String, pl.String, pl.Boolean, pl.Int64)
    return pl.DataFrame(rows, schema=dict(zip(schema, types, strict=True)), orient="row")


def _windows(findings: pl.DataFrame) -> pl.DataFrame:
    """One row a finding and table that it rests on, `_WINDOW`: its first and last month ('YYYY-MM')."""
    first, last = (pl.col(name).dt.strftime("%Y-%m") for name in ("window_start", "window_end"))
    rows = findings.select("alert_id", table_name="rests_on", first_month=first, last_month=last)
    return rows.explode("table_name").unique()


def _is_near() -> pl.Expr:
    """Whether a row's period meets the finding's window, or is not known."""
    period = pl.col("period").fill_null("unknown")
    width = period.str.len_chars()
    unread = ~period.str.contains(r"^\d{4}(-\d{2})?$")
    inside = period.is_between(
        pl.when(width == 4).then(pl.col("first_month").str.head(4)).otherwise("first_month"),
        pl.when(width == 4).then(pl.col("last_month").str.head(4)).otherwise("last_month"),
    )
    return unread | inside


def _faulty_deliveries(
    findings: pl.DataFrame, lost: pl.DataFrame, marts: Marts, policy: ExplainedPolicy
) -> dict[str, list[Any]]:
    """Tables by finding of whose rows in the window too many were quarantined: table and share.

    Quarantined rows of unknown period count, since they may belong to the window.
    """
    if findings.is_empty() or lost.is_empty() or not marts.holds(COUNTS, "table_name", "period", "row_count"):
        return {}
    counted = lost.group_by("table_name", "period").agg(pl.len().cast(pl.Int64).alias("lost"))
    kept = marts.scan(COUNTS, "table_name", "period", "row_count").collect()
    kept = kept.group_by("table_name", "period").agg(pl.col("row_count").sum().alias("kept"))
    # A period may have quarantined rows alone.
    periods = kept.join(counted, on=["table_name", "period"], how="full", coalesce=True).with_columns(
        pl.col("kept", "lost").fill_null(0)
    )
    shares = (
        _windows(findings)
        .join(periods, on="table_name")
        .filter(_is_near())
        .group_by("alert_id", "table_name")
        .agg((pl.col("lost").sum() / (pl.col("lost") + pl.col("kept")).sum()).alias("share"))
        .filter(pl.col("share") >= policy.faulty_share.value)
        .sort("alert_id", "table_name")
    )
    return _by_alert(shares.with_columns(pl.col("share").round(6)))


def _gaps(findings: pl.DataFrame, marts: Marts) -> dict[str, list[Any]]:
    """Gaps that the completeness checks found in the tables, window and province of a finding."""
    if findings.is_empty() or not marts.holds(COMPLETENESS, *_GAP, "state", "column_name", "severity"):
        return {}
    gaps = (
        marts.frame(COMPLETENESS)
        .filter((pl.col("state") == "found") & (pl.col("column_name") == "all"))
        .filter(pl.col("severity") != "info")
        .select(_GAP)
        .collect()
    )
    found = (
        _windows(findings)
        .join(findings.select("alert_id", province="province_code"), on="alert_id")
        .join(gaps, on="table_name")
        .filter(_is_near() & ~pl.col("province_code").is_in(["none"]))
        .filter((pl.col("province_code") == "all") | (pl.col("province_code") == pl.col("province")))
        .sort("alert_id", *_GAP)
    )
    return _by_alert(found.select("alert_id", *_GAP))


def _by_alert(rows: pl.DataFrame) -> dict[str, list[Any]]:
    """The other columns of the rows as a list by finding, in their order."""
    by_alert: dict[str, list[Any]] = {}
    for row in rows.iter_rows(named=True):
        by_alert.setdefault(row.pop("alert_id"), []).append(row)
    return by_alert
