"""A finding below its detector's threshold is kept as a candidate and counted."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from anomaly.core.market import Market
from anomaly.core.policy import Policy, load_policy
from anomaly.core.run import Detection, detect
from anomaly.core.texts import keys

# Thresholds between candidates and alerts, each raised so far that alerts of the market fall below.
RAISED = {
    "circular_trade": {"min_dominance": 1.1},
    "lab_date_conflict": {"bulk_months": 99, "late_samples": 99},
    "late_report": {"grace_days": 9_999},
    "ledger_break": {"settle_days": 9_999},
    "liquidity_drought": {"min_days": 999},
    "mass_balance_gap": {"meter_gap": 0.3, "cems_gap": 0.3, "sum_limit": 200},
    "off_market_block": {"away": 1},
    "output_mismatch": {"min_months": 99},
    "pass_through": {"min_relays": 99},
    "price_limit_hits": {"min_hits": 99},
    "volatility_regime": {"ratio": 99},
    "wash_trade": {"min_score": 1},
}


def detected(publication: Path, kind: str, policy: Policy) -> Detection:
    manifest = json.loads((publication / "manifest.json").read_text(encoding="utf-8"))
    market = Market.from_settings({"as_of": manifest["as_of"], **manifest["market"]})
    return detect(publication / "marts", policy, market, kinds=[kind])


def common(alerts: pl.DataFrame, candidates: pl.DataFrame) -> pl.DataFrame:
    """Pairs about the same subjects in windows that overlap."""
    overlap = (pl.col("window_start") < pl.col("window_end_right")) & (
        pl.col("window_start_right") < pl.col("window_end")
    )
    return alerts.join(candidates, on="subject_ids").filter(overlap)


def raised(kind: str) -> Policy:
    """The policy with the kind's thresholds raised."""
    policy = load_policy()
    own = policy.detectors[kind]
    higher = {name: own.thresholds[name].model_copy(update={"value": v}) for name, v in RAISED[kind].items()}
    changed = own.model_copy(update={"thresholds": own.thresholds | higher})
    return policy.model_copy(update={"detectors": policy.detectors | {kind: changed}})


def test_every_detector_has_candidates_or_says_why_there_are_none():
    for kind, own in load_policy().detectors.items():
        has_some = kind in RAISED or any(name.startswith("candidate_") for name in own.thresholds)
        assert (f"kinds.{kind}.no_candidates" in keys(f"kinds.{kind}")) != has_some, kind


@pytest.mark.parametrize("kind", sorted(RAISED))
def test_what_falls_below_a_threshold_becomes_a_candidate(published, kind):
    publication = published.settings.current
    before, after = (detected(publication, kind, policy) for policy in (load_policy(), raised(kind)))
    assert after.runs["state"].to_list() == ["ran"]
    assert after.alerts.height < before.alerts.height
    assert common(before.alerts, after.candidates).height
    (counted,) = after.runs["candidates"]
    assert counted == after.alerts.height + after.candidates.height
