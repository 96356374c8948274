"""Tips of the public: a minority about known cases, most about somebody innocent or nobody in particular."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.frames import timestamps
from pipelines.simulator.oversight.people import FAMILIES, People, Subject, between, window_of
from pipelines.simulator.oversight.texts import tip_text
from pipelines.simulator.sink import Sink

_TIPS_PER_EMITTER = 0.16
_TIP_OUTCOMES = (0.2, 0.5, 0.3)  # about a known case, about somebody innocent, about nobody
_CATEGORIES = {
    "false_report": 0.38,
    "manipulation": 0.22,
    "no_surrender": 0.12,
    "false_verification": 0.1,
    "other": 0.18,
}
_MISJUDGED = 0.12  # tips about a case that speak of something else
_TALKED_OF = 150  # days for which people talk of something
_HEARD = {"blatant": 3.0, "plain": 1.6, "faint": 0.8}


def tips(planner: CasePlanner, people: People, rng: np.random.Generator, sink: Sink) -> pl.DataFrame:
    """One row a tip, numbered in time; a right one is worded like a wrong one."""
    count = 4 + int(_TIPS_PER_EMITTER * planner.world.key_emitters)
    known = [
        (case, window) for case in planner.cases if (window := window_of(case, sink)) and people.of_case(case)
    ]
    weights = np.array([_HEARD[case.severity or "faint"] for case, _ in known])
    rows = []
    for _ in range(count):
        outcome = int(rng.choice(len(_TIP_OUTCOMES), p=_TIP_OUTCOMES))
        category = str(rng.choice(list(_CATEGORIES), p=list(_CATEGORIES.values())))
        day = between(rng, planner.timeline.first_day, planner.timeline.as_of - timedelta(days=2))
        month = (day - timedelta(days=int(rng.integers(0, _TALKED_OF)))).month
        pool = category if rng.random() >= _MISJUDGED else str(rng.choice(list(_CATEGORIES)))
        subject = _any(rng, people.of_category(pool)) if outcome < 2 else None
        if outcome == 0 and known:
            case, window = known[int(rng.choice(len(known), p=weights / weights.sum()))]
            subject = _any(rng, people.of_case(case))
            if rng.random() >= _MISJUDGED:
                category = _category(case.kind)
            heard = between(rng, window[0], window[1] + timedelta(days=_TALKED_OF))
            day = min(max(heard, planner.timeline.first_day), planner.timeline.as_of - timedelta(days=2))
            month = min(between(rng, *window), day).month
        moment = calendar.local(day, float(rng.uniform(7, 23)) * 3600)
        text = tip_text(rng, category, None if subject is None else subject.name, month)
        rows.append((moment, None if subject is None else subject.id, category, text))
    rows.sort(key=lambda row: (row[0], row[3]))
    return pl.DataFrame(
        {
            "tip_id": [f"TIP-{number:06d}" for number in range(1, count + 1)],
            "received_at": timestamps(
                [row[0] // calendar.MICROSECONDS * calendar.MICROSECONDS for row in rows]
            ),
            "subject_id": pl.Series([row[1] for row in rows], dtype=pl.String),
            "category": [row[2] for row in rows],
            "text": [row[3] for row in rows],
        }
    )


def _category(kind: str) -> str:
    """What people would call a case of that kind."""
    if kind in {"surrender_shortfall", "offset_cap_exceeded", "carry_over_exceeded"}:
        return "no_surrender"
    if kind in {"lab_date_conflict", "template_report"}:
        return "false_verification"
    if kind in {"offset_overclaim", "allocation_error", "ledger_break"}:
        return "other"
    if FAMILIES[kind] in {"manipulation", "market_risk"} or kind == "position_limit":
        return "manipulation"
    return "false_report"


def _any(rng: np.random.Generator, among: Sequence[Subject]) -> Subject:
    return among[int(rng.integers(len(among)))]
