"""How an alert's page words what its level rests on."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest

from anomaly.core.kinds import KINDS, LEVELS
from anomaly.core.track_record import records
from anomaly.evaluation.record import track_record
from dashboards import assessments
from dashboards.alerts import listing
from dashboards.assessments import Assessment
from dashboards.data import Snapshot
from dashboards.language import Words

EN, ZH = Words("en"), Words("zh")
ROW = {
    "alert_id": "A-1", "level_by_score": "red", "level_reason": "stake_minor", "stake_basis": "unsettled",
    "stake_tco2e": 25.0, "stake_money": 2_390.31, "currency": "CNY", "money_basis": "market_price",
    "price": 95.6126, "price_on": dt.date(2024, 5, 14), "is_explained": True, "explaining_rows": 2,
}  # fmt: skip
EXPLAINED = {
    "rows": [{"table_name": "transfers", "file": "transfers/2024-05.csv", "row_number": 7}],
    "deliveries": [{"table_name": "transfers", "share": 0.0123}],
    "gaps": [{"table_name": "transfers", "period": "2024-05", "check_name": "rows_few"}],
}
FACTS = [{"fact": "one_controller", "party": "GRP-1", "accounts": ["ACC-1", "ACC-2"]}]


def made(**values: object) -> Assessment:
    return Assessment(ROW | values, EXPLAINED, FACTS)


def test_the_money_names_its_price_and_day_or_why_there_is_none():
    assert assessments.money(EN, made()).endswith("95.61 CNY/t up to 2024-05-14")
    assert "no price" in assessments.money(EN, made(money_basis="no_price", price=None, price_on=None))
    assert assessments.money(EN, made(money_basis="trades")) == "money of the trades"


def test_the_reason_names_the_level_that_the_score_alone_gives():
    assert "very little is at stake" in assessments.reason(EN, made())
    assert EN.code("level", "red") in assessments.reason(EN, made())
    assert assessments.reason(EN, made(level_reason="score")) == "decided by the score"


@pytest.mark.parametrize("words", [EN, ZH])
def test_what_could_explain_an_alert_and_facts_are_whole_sentences(words):
    lines = [*assessments.explanations(words, made()), *assessments.facts(words, made())]
    assert len(lines) == 4 and not any("{" in line for line in lines)
    assert any("1.23%" in line for line in lines) and any("GRP-1" in line for line in lines)


def publish(folder: Path, **marts: list[dict]) -> Snapshot:
    (folder / "marts").mkdir(parents=True)
    for name, rows in marts.items():
        pl.DataFrame(rows).write_parquet(folder / "marts" / f"{name}.parquet")
    return Snapshot(folder, 1)


def alert(name: str, level: str, score: float) -> dict:
    return {
        "alert_id": name, "kind": "wash_trade", "family": "manipulation", "level": level, "score": score,
        "subject_type": "account", "province_code": None, "window_start": dt.datetime(2025, 1, 1),
        "window_end": dt.datetime(2025, 1, 2), "title_zh": name, "title_en": name,
        "subject_ids_json": json.dumps([name]), "entity_name": None,
    }  # fmt: skip


def test_alerts_of_a_level_are_in_order_of_what_is_at_stake(tmp_path):
    stakes = {"A": 10.0, "B": 900.0, "C": None, "D": 5.0}
    snapshot = publish(
        tmp_path,
        fct_alerts=[alert(name, "yellow" if name == "D" else "red", 0.9) for name in stakes],
        fct_alert_assessments=[
            {"alert_id": name, "stake_tco2e": tonnes, "stake_money": None, "is_explained": False}
            for name, tonnes in stakes.items()
        ],
    )
    assert listing(snapshot)["alert_id"].to_list() == ["B", "A", "C", "D"]


def test_related_alerts_share_a_subject(tmp_path):
    named = {"A": ["X", "Y"], "B": ["Y"], "C": ["Z"]}
    snapshot = publish(
        tmp_path,
        fct_alerts=[alert(name, "red", 0.9) for name in named],
        fct_alert_subjects=[{"alert_id": a, "subject_id": one} for a, own in named.items() for one in own],
    )
    assert assessments.related(snapshot, "A").select("alert_id", "subjects").rows() == [("B", "Y")]
    assert assessments.related(snapshot, "C").is_empty()


def test_the_track_record_counts_right_alerts_by_kind_and_level():
    alerts = pl.DataFrame(
        {"alert_id": ["A", "B", "C"], "kind": ["wash_trade"] * 3, "level": ["red", "red", "blue"]}
    )
    rows = track_record("small", 7, alerts, pl.DataFrame({"alert_id": ["A", "A"]}))
    assert rows.select("level", "alerts", "right").rows() == [("blue", 1, 0), ("red", 2, 1)]
    assert all(kind in KINDS and level in LEVELS for kind, level in records())
    assert all(0 <= record.right <= record.alerts for record in records().values())


def test_a_page_says_how_often_such_alerts_were_right_and_what_is_not_watched():
    kind, level = next(iter(records()))
    known = records()[kind, level]
    assert f"{known.right} of {known.alerts}" in assessments.record(EN, kind, level)
    assert "unknown" in assessments.record(EN, "spoofing", "red")
    said = assessments.unwatched(EN, {"wash_trade"}, "manipulation")
    assert "Spoofing" in said and "Wash trade" not in said
    assert assessments.unwatched(EN, KINDS, "manipulation") == ""
