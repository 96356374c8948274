"""What the authority has decided and what the public has told it: the tables `penalties` and `tips`.

Penalties: earlier conduct that has nothing to do with the span, shortfalls after a deadline, and a small
part of the known cases that came out long ago. Tips: a minority about known cases, most about somebody
innocent or nobody in particular; how many there are, and how they are worded, does not depend on the cases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pipelines.simulator import calendar
from pipelines.simulator.cases import compliance, falsification, manipulation, market_risk
from pipelines.simulator.cases.stage import Case, Stage
from pipelines.simulator.frames import money, timestamps
from pipelines.simulator.registry.sanctions import NEW_RULES
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.tip_texts import tip_text
from pipelines.simulator.world import PROVINCES

if TYPE_CHECKING:
    from pipelines.simulator.registry import Registry

_SHANGHAI = timezone(timedelta(hours=8))
_MINISTRY = "生态环境部"
# CNY, flat ranges where no gain is established; acts before the regulation fall under the older measures.
_FINES = {
    "missing_report": (50_000, 500_000),
    "false_report": (500_000, 2_000_000),
    "false_verification": (200_000, 1_000_000),
    "false_test": (20_000, 100_000),
    "manipulation": (500_000, 5_000_000),
    "illegal_trading": (100_000, 1_000_000),
    "obstruction": (20_000, 200_000),
}
_OLD_FINE = (10_000, 30_000)
_OLD_VIOLATIONS = ("missing_report", "false_report")  # what the older measures fined
_GAIN = {  # gain from which the fine goes by the gain, and its multiples
    "false_report": (500_000, 5, 10),
    "false_verification": (200_000, 5, 10),
    "false_test": (20_000, 5, 10),
    "manipulation": (500_000, 1, 10),
    "illegal_trading": (100_000, 1, 10),
}
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
_FAMILIES = {
    kind.name: family
    for family, module in (
        ("manipulation", manipulation),
        ("falsification", falsification),
        ("compliance", compliance),
        ("market_risk", market_risk),
    )
    for kind in module.KINDS
}
_NO_PENALTY = ("offset_overclaim", "cornering", "insider_timing")

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


@dataclass(frozen=True)
class _Subject:
    """Somebody that a tip or penalty is about; `province` is -1 where there is none."""

    id: str
    name: str
    province: int


def write_oversight(stage: Stage, registry: Registry, streams: Streams, sink: Sink) -> None:
    """Write `penalties` and `tips`."""
    people = _People(stage)
    sink.write("penalties", _penalties(stage, registry, people, streams.of("oversight", "penalties"), sink))
    sink.write("tips", _tips(stage, people, streams.of("oversight", "tips"), sink))


class _People:
    """Who can be told about or punished, by published id and by kind of conduct."""

    def __init__(self, stage: Stage) -> None:
        world = stage.world
        entities, accounts = world.entities, world.accounts
        provinces = entities.province.tolist()
        self.emitters = [
            _Subject(code, name, province)
            for code, name, province in zip(entities.id, entities.name, provinces, strict=True)
        ]
        self.key = self.emitters[: world.key_emitters]
        self.holders = [
            self.key[n] if n < world.key_emitters else _Subject(code, name, -1)
            for n, (code, name) in enumerate(zip(accounts.holder_id, accounts.holder_name, strict=True))
        ]
        trading = accounts.with_role("entity", "treasury", "fund", "broker", "maker", "individual")
        self.traders = [self.holders[n] for n in trading.tolist()]
        self.bodies = [
            _Subject(body.id, body.name, body.province) for body in (*world.verifiers, *world.consultants)
        ]
        self.laboratories = [_Subject(body.id, body.name, body.province) for body in world.laboratories]
        owners = [self.holders[n] for n in world.projects.owner.tolist()]
        self._by_id = {
            **{one.id: one for one in (*self.emitters, *self.holders, *self.bodies, *self.laboratories)},
            **dict(zip(accounts.id, self.holders, strict=True)),
            **dict(zip(world.projects.id, owners, strict=True)),
        }
        self.others = [*self.key, *owners]

    def of_case(self, case: Case) -> list[_Subject]:
        """Those of a case's subjects that are somebody: not units, instruments or the market."""
        return [self._by_id[one] for one in case.subject_ids if one in self._by_id]

    def of_category(self, category: str) -> list[_Subject]:
        """Whom somebody might tell about."""
        pools: dict[str, list[_Subject]] = {
            "false_report": self.emitters,
            "manipulation": self.traders,
            "no_surrender": self.key,
            "false_verification": [*self.bodies, *self.laboratories],
            "other": self.others,
        }
        return pools[category]


def _window(case: Case, sink: Sink) -> tuple[date, date] | None:
    """First and last day of a case, known only now where it lasts as long as its rows."""
    window = case.window or sink.moments.get(case.tag)
    return None if window is None else (_day(window[0]), _day(window[1]))


def _day(moment: int) -> date:
    return datetime.fromtimestamp(moment / calendar.MICROSECONDS, _SHANGHAI).date()


def _between(rng: np.random.Generator, first: date, last: date) -> date:
    return first + timedelta(days=int(rng.integers(0, max((last - first).days, 0) + 1)))


def _penalties(
    stage: Stage, registry: Registry, people: _People, rng: np.random.Generator, sink: Sink
) -> pl.DataFrame:
    rows = _of_registry(stage, registry, people, rng)
    rows += _of_earlier_conduct(stage, people, rng)
    rows += _of_known_cases(stage, people, rng, sink)
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
    stage: Stage,
    rng: np.random.Generator,
    subject: _Subject,
    violation: str,
    fine: float,
    decided_on: date,
    deduction: int = 0,
    tag: int = 0,
) -> dict[str, object]:
    """A decision; fines of the last weeks are not paid yet, a few decisions are contested or withdrawn."""
    old = (stage.timeline.as_of - decided_on).days > 60
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
    stage: Stage, registry: Registry, people: _People, rng: np.random.Generator
) -> list[dict[str, object]]:
    """Decisions that the registration system carried out or was told of."""
    return [
        _row(
            stage,
            rng,
            people.holders[one.account],
            one.violation,
            _lawful(one.violation, one.fine, one.decided_on) if one.is_planned else one.fine,
            one.decided_on,
            one.deduction,
            one.tag,
        )
        for one in registry.sanctions
        if one.decided_on <= stage.timeline.as_of
    ]


def _of_earlier_conduct(stage: Stage, people: _People, rng: np.random.Generator) -> list[dict[str, object]]:
    """Decisions on what was done before the span or is no part of what these data show."""
    count = 2 + int(_PENALTIES_PER_EMITTER * stage.world.key_emitters)
    first, last = stage.timeline.first_day - timedelta(days=400), stage.timeline.as_of - timedelta(days=10)
    violations = list(_EARLIER)
    shares = np.array(list(_EARLIER.values()))
    rows = []
    for _ in range(count):
        decided = _between(rng, first, last)
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
        rows.append(_row(stage, rng, subject, violation, _fine(violation, acted, rng), decided))
    return rows


def _of_known_cases(
    stage: Stage, people: _People, rng: np.random.Generator, sink: Sink
) -> list[dict[str, object]]:
    """A few known cases came out and were decided on within the span; graver ones more often."""
    rows = []
    for case in stage.cases:
        came_out = rng.random() < _CAME_OUT[case.severity or "faint"]
        delay = int(rng.integers(90, 300))
        pick, fine_rng = float(rng.random()), rng.spawn(1)[0]
        window, subjects = _window(case, sink), people.of_case(case)
        violation = _VIOLATIONS.get(case.kind) or _BY_FAMILY.get(_FAMILIES[case.kind], "")
        if not came_out or window is None or not subjects or not violation or case.kind in _NO_PENALTY:
            continue
        decided = window[1] + timedelta(days=delay)
        punishable = window[1] >= NEW_RULES or violation in _OLD_VIOLATIONS
        if punishable and decided < stage.timeline.as_of:
            subject = subjects[int(pick * len(subjects))]
            rows.append(_row(stage, rng, subject, violation, _fine(violation, window[1], fine_rng), decided))
    return rows


def _fine(violation: str, acted_on: date, rng: np.random.Generator) -> float:
    """A fine in CNY within the range of the rule that held when it was done."""
    if acted_on < NEW_RULES:
        low, high = _OLD_FINE
    else:
        low, high = _FINES[violation]
        if violation in _GAIN and rng.random() < _BY_GAIN:
            least, once, most = _GAIN[violation]
            return round(least * float(rng.uniform(1.0, 3.5)) * float(rng.uniform(once, most)), 2)
    step = 1_000 if high <= 100_000 else 10_000
    return float(rng.integers(low // step, high // step + 1) * step)


def _lawful(violation: str, fine: float, decided_on: date) -> float:
    """An arranged fine, held within the range of the rule that is valid on the day [A-09 .. A-17, A-22]."""
    low, high = _OLD_FINE if decided_on < NEW_RULES else _FINES.get(violation, (0, round(fine)))
    return min(max(fine, low), high)


def _tips(stage: Stage, people: _People, rng: np.random.Generator, sink: Sink) -> pl.DataFrame:
    count = 4 + int(_TIPS_PER_EMITTER * stage.world.key_emitters)
    known = [
        (case, window) for case in stage.cases if (window := _window(case, sink)) and people.of_case(case)
    ]
    weights = np.array([_HEARD[case.severity or "faint"] for case, _ in known])
    rows = []
    for _ in range(count):
        outcome = int(rng.choice(len(_TIP_OUTCOMES), p=_TIP_OUTCOMES))
        category = str(rng.choice(list(_CATEGORIES), p=list(_CATEGORIES.values())))
        day = _between(rng, stage.timeline.first_day, stage.timeline.as_of - timedelta(days=2))
        month = (day - timedelta(days=int(rng.integers(0, _TALKED_OF)))).month
        pool = category if rng.random() >= _MISJUDGED else str(rng.choice(list(_CATEGORIES)))
        subject = _any(rng, people.of_category(pool)) if outcome < 2 else None
        if outcome == 0 and known:
            case, window = known[int(rng.choice(len(known), p=weights / weights.sum()))]
            subject = _any(rng, people.of_case(case))
            if rng.random() >= _MISJUDGED:
                category = _category(case.kind)
            heard = _between(rng, window[0], window[1] + timedelta(days=_TALKED_OF))
            day = min(max(heard, stage.timeline.first_day), stage.timeline.as_of - timedelta(days=2))
            month = min(_between(rng, *window), day).month
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
    if _FAMILIES[kind] in {"manipulation", "market_risk"} or kind == "position_limit":
        return "manipulation"
    return "false_report"


def _any(rng: np.random.Generator, among: Sequence[_Subject]) -> _Subject:
    return among[int(rng.integers(len(among)))]
