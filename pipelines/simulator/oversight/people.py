"""Who can be reported or punished, and what decisions and tips need to know of cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

import numpy as np

from pipelines.simulator import calendar
from pipelines.simulator.cases import compliance, falsification, manipulation, market_risk
from pipelines.simulator.cases.planner import Case, CasePlanner
from pipelines.simulator.sink import Sink

_SHANGHAI = timezone(timedelta(hours=8))
FAMILIES = {
    kind.name: family
    for family, module in (
        ("manipulation", manipulation),
        ("falsification", falsification),
        ("compliance", compliance),
        ("market_risk", market_risk),
    )
    for kind in module.KINDS
}


@dataclass(frozen=True)
class Subject:
    """Somebody that a tip or penalty is about; `province` is -1 where there is none."""

    id: str
    name: str
    province: int


class People:
    """Who can be reported or punished, by published id and by kind of conduct."""

    def __init__(self, planner: CasePlanner) -> None:
        world = planner.world
        entities, accounts = world.entities, world.accounts
        provinces = entities.province.tolist()
        self.emitters = [
            Subject(code, name, province)
            for code, name, province in zip(entities.id, entities.name, provinces, strict=True)
        ]
        self.key = self.emitters[: world.key_emitters]
        self.holders = [
            self.key[n] if n < world.key_emitters else Subject(code, name, -1)
            for n, (code, name) in enumerate(zip(accounts.holder_id, accounts.holder_name, strict=True))
        ]
        trading = accounts.with_role("entity", "treasury", "fund", "broker", "maker", "individual")
        self.traders = [self.holders[n] for n in trading.tolist()]
        self.bodies = [
            Subject(body.id, body.name, body.province) for body in (*world.verifiers, *world.consultants)
        ]
        self.laboratories = [Subject(body.id, body.name, body.province) for body in world.laboratories]
        owners = [self.holders[n] for n in world.projects.owner.tolist()]
        self._by_id = {
            **{one.id: one for one in (*self.emitters, *self.holders, *self.bodies, *self.laboratories)},
            **dict(zip(accounts.id, self.holders, strict=True)),
            **dict(zip(world.projects.id, owners, strict=True)),
        }
        self.others = [*self.key, *owners]

    def of_case(self, case: Case) -> list[Subject]:
        """Those of a case's subjects that are somebody: not units, instruments or the market."""
        return [self._by_id[one] for one in case.subject_ids if one in self._by_id]

    def of_category(self, category: str) -> list[Subject]:
        """Whom a tip might name."""
        pools: dict[str, list[Subject]] = {
            "false_report": self.emitters,
            "manipulation": self.traders,
            "no_surrender": self.key,
            "false_verification": [*self.bodies, *self.laboratories],
            "other": self.others,
        }
        return pools[category]


def window_of(case: Case, sink: Sink) -> tuple[date, date] | None:
    """First and last day of a case, known only now where it lasts as long as its rows."""
    window = case.window or sink.moments.get(case.tag)
    return None if window is None else (_day(window[0]), _day(window[1]))


def _day(moment: int) -> date:
    return datetime.fromtimestamp(moment / calendar.MICROSECONDS, _SHANGHAI).date()


def between(rng: np.random.Generator, first: date, last: date) -> date:
    """A day from `first` to `last`, both included; `first` where that is later."""
    return first + timedelta(days=int(rng.integers(0, max((last - first).days, 0) + 1)))
