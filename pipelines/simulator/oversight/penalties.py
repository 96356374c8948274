"""Decisions of the authority: for earlier conduct, shortfalls after a deadline, a few known cases."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pipelines.simulator import law
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.frames import money
from pipelines.simulator.oversight.people import FAMILIES, People, Subject, between, window_of
from pipelines.simulator.registry.sanctions import NEW_RULES
from pipelines.simulator.sink import Sink
from pipelines.simulator.world import PROVINCES

if TYPE_CHECKING:
    from pipelines.simulator.registry import Registry

_MINISTRY = "生态环境部"
_OLD_VIOLATIONS = ("missing_report", "false_report")  # what the older measures fined
_BY_GAIN = 0.15
_EARLIER = {  # shares of earlier conduct by violation
    "missing_report": 0.34,
    "false_report": 0.28,
    "false_verification": 0.10,
    "false_test": 0.06,
    "illegal_trading": 0.10,
    "manipulation": 0.04,
    "obstruction": 0.08,
}
_PENALTIES_PER_EMITTER = 0.035
_CAME_OUT = {"blatant": 0.14, "plain": 0.06, "faint": 0.015}
_VIOLATIONS = {
    "late_report": "missing_report",
    "missing_report": "missing_report",
    "unlisted_emitter": "missing_report",
    "wash_trade": "illegal_trading",
    "pass_through": "illegal_trading",
    "off_market_block": "illegal_trading",
}
_BY_FAMILY = {"falsification": "false_report", "manipulation": "manipulation"}
_NO_PENALTY = ("offset_overclaim", "cornering", "insider_timing")


def penalties(
    planner: CasePlanner, registry: Registry, people: People, rng: np.random.Generator, sink: Sink
) -> pl.DataFrame:
    """One row a decision, numbered in time; decisions arranged by a case carry its tag."""
    rows = _of_registry(planner, registry, people, rng)
    rows += _of_earlier_conduct(planner, people, rng)
    rows += _of_known_cases(planner, people, rng, sink)
    rows.sort(key=lambda row: (row["decided_on"], row["subject_id"]))
    frame = pl.DataFrame(
        rows,
        schema={
            "subject_id": pl.String,
            "violation": pl.String,
            "cents": pl.Int64,
            "allowance_deduction": pl.Int64,
            "decided_on": pl.Date,
            "authority": pl.String,
            "status": pl.String,
            "tag": pl.Int64,
        },
    )
    return frame.with_columns(
        pl.format("PEN-{}", pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(6)).alias("penalty_id"),
        money(frame["cents"].to_numpy(), 18).alias("fine_cny"),
    ).drop("cents")


def _row(
    planner: CasePlanner,
    rng: np.random.Generator,
    subject: Subject,
    violation: str,
    fine: float,
    decided_on: date,
    deduction: int = 0,
    tag: int = 0,
) -> dict[str, object]:
    """A decision; fines of the last weeks are not paid yet, a few decisions are under appeal or withdrawn."""
    old = (planner.timeline.as_of - decided_on).days > 60
    draw = rng.random()
    status = "revoked" if draw < 0.03 else "appealed" if draw < 0.1 else "executed" if old else "decided"
    if deduction and status == "revoked":
        status = "executed"
    national = violation in {"manipulation", "illegal_trading"} or subject.province < 0
    home = "" if national else PROVINCES[subject.province].name
    return {
        "subject_id": subject.id,
        "violation": "false_verification" if violation == "false_test" else violation,
        "cents": round(fine * 100),
        "allowance_deduction": deduction or None,
        "decided_on": decided_on,
        "authority": _MINISTRY if national else f"{home}生态环境主管部门",
        "status": status,
        "tag": tag,
    }


def _of_registry(
    planner: CasePlanner, registry: Registry, people: People, rng: np.random.Generator
) -> list[dict[str, object]]:
    """Decisions that the registration system carried out or was notified of."""
    return [
        _row(
            planner,
            rng,
            people.holders[one.account],
            one.violation,
            _lawful(one.violation, one.fine, one.decided_on) if one.is_planned else one.fine,
            one.decided_on,
            one.deduction,
            one.tag,
        )
        for one in registry.sanctions
        if one.decided_on <= planner.timeline.as_of
    ]


def _of_earlier_conduct(
    planner: CasePlanner, people: People, rng: np.random.Generator
) -> list[dict[str, object]]:
    """Decisions on what was done before the span or is no part of what these data show."""
    count = 2 + int(_PENALTIES_PER_EMITTER * planner.world.key_emitters)
    first, last = (
        planner.timeline.first_day - timedelta(days=400),
        planner.timeline.as_of - timedelta(days=10),
    )
    violations = list(_EARLIER)
    shares = np.array(list(_EARLIER.values()))
    rows = []
    for _ in range(count):
        decided = between(rng, first, last)
        acted = decided - timedelta(days=int(rng.integers(120, 420)))
        violation = str(rng.choice(violations, p=shares / shares.sum()))
        if acted < NEW_RULES and violation not in _OLD_VIOLATIONS:
            violation = str(rng.choice(_OLD_VIOLATIONS))
        pool = {
            "false_verification": people.bodies,
            "false_test": people.laboratories,
            "manipulation": people.traders,
            "illegal_trading": people.traders,
        }.get(violation, people.key)
        subject = pool[int(rng.integers(len(pool)))]
        rows.append(_row(planner, rng, subject, violation, _fine(violation, acted, rng), decided))
    return rows


def _of_known_cases(
    planner: CasePlanner, people: People, rng: np.random.Generator, sink: Sink
) -> list[dict[str, object]]:
    """A few known cases came out and were decided on within the span; more severe ones more often."""
    rows = []
    for case in planner.cases:
        came_out = rng.random() < _CAME_OUT[case.severity or "faint"]
        delay = int(rng.integers(90, 300))
        pick, fine_rng = float(rng.random()), rng.spawn(1)[0]
        window, subjects = window_of(case, sink), people.of_case(case)
        violation = _VIOLATIONS.get(case.kind) or _BY_FAMILY.get(FAMILIES[case.kind], "")
        if not came_out or window is None or not subjects or not violation or case.kind in _NO_PENALTY:
            continue
        decided = window[1] + timedelta(days=delay)
        punishable = window[1] >= NEW_RULES or violation in _OLD_VIOLATIONS
        if punishable and decided < planner.timeline.as_of:
            subject = subjects[int(pick * len(subjects))]
            rows.append(
                _row(planner, rng, subject, violation, _fine(violation, window[1], fine_rng), decided)
            )
    return rows


def _fine(violation: str, acted_on: date, rng: np.random.Generator) -> float:
    """A fine in CNY within the range of the rule that held when it was done."""
    rule = law.fine(violation, acted_on)
    if rule is None or rule.least is None or rule.most is None:
        raise ValueError(f"{violation} on {acted_on}: expected a flat range in rule_penalties, found none")
    if rule.gain and rule.multiples and rng.random() < _BY_GAIN:
        return round(rule.gain * float(rng.uniform(1.0, 3.5)) * float(rng.uniform(*rule.multiples)), 2)
    step = 1_000 if rule.most <= 100_000 else 10_000
    return float(rng.integers(rule.least // step, rule.most // step + 1) * step)


def _lawful(violation: str, fine: float, decided_on: date) -> float:
    """An arranged fine, held within the range of the rule that is valid on the day."""
    rule = law.fine(violation, decided_on)
    if rule is None or rule.least is None or rule.most is None:
        return fine
    return min(max(fine, rule.least), rule.most)
