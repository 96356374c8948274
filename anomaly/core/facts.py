"""Facts beside a finding that decide what to do about it, looked up in the marts.

- `one_controller`: accounts of a finding that one party controls on the last day of its window;
- `holds_enough`: an entity that is short holds allowances for what it lacks, by the last balances known;
  offset credits do not count;
- `registry_differs`: the registry's own verdict on a compliance year differs from the computed one.

Belongs here: facts that follow from the subjects and evidence of any finding; their texts are `facts.<name>`.
Does not belong here: figures of one kind, which are measures of its detector.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl

from anomaly.core.market import Market
from anomaly.core.marts import Marts
from anomaly.core.prices import CREDITS

SCHEMA = {"alert_id": pl.String, "facts": pl.String}
SHORT = "short"
"""The basis of a stake that is a lack of allowances."""
_CONTROL = ("subject_type", "subject_id", "party_id", "valid_from", "valid_to")
_BALANCE = ("account_id", "unit_type", "vintage", "date", "balance_tco2e")
_YEAR = ("entity_id", "year", "verdict", "registry_status", "agrees_with_registry")


def facts(findings: pl.DataFrame, marts: Marts, market: Market) -> pl.DataFrame:
    """One row a finding with facts, `SCHEMA`; JSON of a list of objects with `fact` and its values."""
    by_alert: dict[str, list[dict[str, Any]]] = {}
    known_on = findings.with_columns(last_on=market.last_day(pl.col("window_end")))
    for find in (_one_controller, _holds_enough, _registry_differs):
        for alert_id, fact in find(known_on, marts):
            by_alert.setdefault(alert_id, []).append(fact)
    rows = [(alert_id, json.dumps(known, ensure_ascii=False)) for alert_id, known in sorted(by_alert.items())]
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def _subjects(findings: pl.DataFrame, name: str) -> pl.DataFrame:
    return findings.select("alert_id", pl.col("subject_ids").alias(name), "last_on").explode(name)


def _one_controller(findings: pl.DataFrame, marts: Marts) -> Iterator[tuple[str, dict[str, Any]]]:
    if not marts.holds("dim_control", *_CONTROL):
        return
    control = marts.scan("dim_control", *_CONTROL).filter(pl.col("subject_type") == "account").collect()
    on = pl.col("last_on")
    known = (
        _subjects(findings.filter(pl.col("subject_type") == "account"), "subject_id")
        .join(control, on="subject_id")
        .filter(pl.col("valid_from").is_null() | (pl.col("valid_from") <= on))
        .filter(pl.col("valid_to").is_null() | (pl.col("valid_to") >= on))
        .drop_nulls("party_id")
        .group_by("alert_id", "party_id")
        .agg(pl.col("subject_id").unique().sort().alias("accounts"))
        .filter(pl.col("accounts").list.len() > 1)
        .sort("alert_id", "party_id")
    )
    for alert_id, party, accounts in known.iter_rows():
        yield alert_id, {"fact": "one_controller", "party": party, "accounts": accounts}


def _holds_enough(findings: pl.DataFrame, marts: Marts) -> Iterator[tuple[str, dict[str, Any]]]:
    short = findings.filter((pl.col("stake_basis") == SHORT) & (pl.col("stake_tco2e") > 0))
    if short.is_empty() or not marts.holds("fct_holdings", *_BALANCE):
        return
    if not marts.holds("dim_accounts", "account_id", "entity_id"):
        return
    accounts = marts.scan("dim_accounts", "account_id", "entity_id").drop_nulls()
    held = (
        marts.scan("fct_holdings", *_BALANCE)
        .with_columns(pl.col("unit_type").cast(pl.String))
        .filter(~pl.col("unit_type").is_in(CREDITS))
        .join(accounts, on="account_id")
        .sort("date")
        .group_by("entity_id", "account_id", "unit_type", "vintage")
        .agg(pl.col("balance_tco2e").last().cast(pl.Float64), pl.col("date").last())
        .group_by("entity_id")
        .agg(
            pl.col("balance_tco2e").sum().alias("held"),
            pl.col("date").max().alias("last_moved_on"),
            pl.col("unit_type").filter(pl.col("balance_tco2e") > 0).unique().sort().alias("units"),
        )
        .collect()
    )
    rows = (
        _subjects(short, "entity_id")
        .join(short.select("alert_id", "stake_tco2e"), on="alert_id")
        .join(held, on="entity_id")
        .filter(pl.col("held") >= pl.col("stake_tco2e"))
        .sort("alert_id")
    )
    for row in rows.iter_rows(named=True):
        yield (
            row["alert_id"],
            {
                "fact": "holds_enough",
                "entity": row["entity_id"],
                "held": row["held"],
                "units": row["units"],
                "lacking": row["stake_tco2e"],
                "last_moved_on": str(row["last_moved_on"]),
            },
        )


def _registry_differs(findings: pl.DataFrame, marts: Marts) -> Iterator[tuple[str, dict[str, Any]]]:
    if not marts.holds("fct_compliance_years", *_YEAR):
        return
    named = [
        (alert_id, *(dict(zip(part["key"], values, strict=True))[name] for name in ("entity_id", "year")))
        for alert_id, evidence in findings.select("alert_id", "evidence").iter_rows()
        for part in json.loads(evidence)
        if part["table"] == "compliance" and {"entity_id", "year"} <= set(part["key"])
        for values in part["rows"]
    ]
    schema = {"alert_id": pl.String, "entity_id": pl.String, "year": pl.Int64}
    years = marts.scan("fct_compliance_years", *_YEAR).with_columns(
        pl.col("entity_id").cast(pl.String),
        pl.col("year").cast(pl.Int64),
        pl.col("agrees_with_registry").cast(pl.Boolean),
    )
    rows = (
        pl.DataFrame(named, schema=schema, orient="row")
        .join(years.filter(~pl.col("agrees_with_registry")).collect(), on=["entity_id", "year"])
        .sort("alert_id", "year")
    )
    for row in rows.iter_rows(named=True):
        yield (
            row["alert_id"],
            {
                "fact": "registry_differs",
                "entity": row["entity_id"],
                "year": str(row["year"]),
                "registry_status": row["registry_status"],
                "verdict": row["verdict"],
            },
        )
