"""Directories, penalties and tips: plausible, lawful, and silent about who is a case."""

from datetime import date

import numpy as np
import polars as pl
import pytest

from pipelines.contract.tables import TABLES
from pipelines.simulator.oversight.texts import tip_text

NEW_RULES = date(2024, 5, 1)


def _key(name):
    return list(TABLES[name].key)


@pytest.mark.parametrize(
    "name", ["entities", "parks", "units", "accounts", "consortium_members", "service_bodies"]
)
def test_directories_are_sorted_by_their_published_id(market, name):
    frame = market[name]
    assert frame.equals(frame.sort(_key(name)))
    assert frame.select(pl.struct(_key(name)).is_unique().all()).item()


def test_directories_do_not_change_with_the_cases(market, clean_market):
    for name in ("parks", "units", "accounts", "consortium_members", "service_bodies"):
        assert market[name].equals(clean_market[name])
    changed = ["listed_on", "exited_on", "status"]
    assert market["entities"].drop(changed).equals(clean_market["entities"].drop(changed))


def test_ids_do_not_reveal_cases(market):
    subjects = set(market.labels["subject_ids"].explode())
    accounts = market["accounts"].with_row_index("place")
    is_subject = accounts["account_id"].is_in(subjects).to_numpy()
    place = accounts["place"].to_numpy() / accounts.height
    assert 5 < is_subject.sum() < accounts.height
    assert abs(place[is_subject].mean() - place[~is_subject].mean()) < 0.2


def test_unlisted_emitters_look_alike_in_the_directory(market):
    unlisted = market["entities"].filter(pl.col("listed_on").is_null())
    assert unlisted["status"].n_unique() == 1


def test_consortium_shares_add_up_and_belong_to_a_consortium(clean_market):
    shares = clean_market["consortium_members"].group_by("consortium_id").agg(pl.col("share").sum())
    assert shares["share"].to_numpy() == pytest.approx(1.0)
    holders = clean_market["accounts"].filter(pl.col("holder_type") == "consortium")["holder_id"]
    assert set(shares["consortium_id"]) <= set(holders)


def test_penalties_are_numbered_in_time_and_about_somebody(market):
    penalties = market["penalties"].sort("penalty_id")
    assert penalties["decided_on"].is_sorted()
    known = {
        *market["entities"]["entity_id"],
        *market["accounts"]["holder_id"],
        *market["service_bodies"]["body_id"],
    }
    assert set(penalties["subject_id"]) <= known


def test_fines_follow_the_rule_of_the_day(market):
    penalties = market["penalties"].with_columns(pl.col("fine_cny").cast(pl.Float64))
    assert penalties.height >= 5
    early = penalties.filter(pl.col("decided_on") < NEW_RULES)
    assert early["fine_cny"].is_between(10_000, 30_000).all()
    late = penalties.filter(pl.col("decided_on") >= NEW_RULES)
    assert late["fine_cny"].min() >= 10_000
    for violation in ("manipulation", "illegal_trading"):
        mine = penalties.filter(pl.col("violation") == violation)
        assert set(mine["authority"]) <= {"生态环境部"}
        assert (mine.filter(pl.col("decided_on") >= NEW_RULES)["fine_cny"] >= 100_000).all()


def test_deductions_only_follow_a_failure_to_surrender_or_a_false_report(market):
    deducted = market["penalties"].drop_nulls("allowance_deduction")
    assert deducted.height >= 1
    assert set(deducted["violation"]) <= {"no_surrender", "false_report"}
    assert not (deducted["status"] == "revoked").any()


def test_as_many_tips_with_and_without_cases(market, clean_market):
    assert market["tips"].height == clean_market["tips"].height
    assert market["tips"]["received_at"].is_sorted()
    assert market["tips"]["tip_id"].is_sorted()
    vague = market["tips"]["subject_id"].is_null().mean()
    assert 0.1 < vague < 0.55


def test_a_tip_is_weak_evidence(market):
    subjects = set(market.labels["subject_ids"].explode())
    holders = market["accounts"].filter(pl.col("account_id").is_in(subjects))["holder_id"]
    meant = subjects | set(holders)
    named = market["tips"].drop_nulls("subject_id")
    everybody = len(set(market["accounts"]["holder_id"]) | set(market["entities"]["entity_id"]))
    base = (
        len(meant & (set(market["accounts"]["holder_id"]) | set(market["entities"]["entity_id"]))) / everybody
    )
    hit = named["subject_id"].is_in(meant).mean()
    assert hit < base + 0.45


def test_subjects_of_tips_exist_or_are_left_open(market):
    known = {
        *market["entities"]["entity_id"],
        *market["accounts"]["holder_id"],
        *market["service_bodies"]["body_id"],
    }
    assert set(market["tips"]["subject_id"].drop_nulls()) <= known


def test_tips_are_varied_and_complete_sentences():
    rng = np.random.default_rng(4)
    texts = [
        tip_text(rng, category, name, 1 + number % 12)
        for number in range(200)
        for category in ("false_report", "manipulation", "no_surrender", "false_verification", "other")
        for name in ("示例发电001有限公司", None)
    ]
    assert len(set(texts)) > 0.97 * len(texts)
    assert not any("{" in text or "}" in text for text in texts)
    assert not any(mark in text for text in texts for mark in ("，，", "。。", "：，"))
