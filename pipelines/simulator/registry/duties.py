"""What every covered entity owes for one compliance year, what it intends to do, and how much is done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calibration_registry as calibration
from pipelines.simulator import law
from pipelines.simulator.plan.registering import RegistryPlan

NEVER = 10**9


@dataclass
class Duties:
    """One row an entity that owes surrender for the year, in arrays.

    `meant` is what it surrenders by the deadline (t, credits included), `credits` how much of it in
    credits; `ready_on` the day (ordinal) from which it does so, `late_on` the day on which the rest follows
    (`NEVER` without); `allowances_done` and `credits_done` what it has surrendered, `completed_on` the day on
    which the obligation was met (0 before). `portions` are obligations met in several parts, by row.
    """

    year: int
    due: date
    entity: np.ndarray
    obligation: np.ndarray
    meant: np.ndarray
    credits: np.ndarray
    ready_on: np.ndarray
    late_on: np.ndarray
    allowances_done: np.ndarray
    credits_done: np.ndarray
    completed_on: np.ndarray
    tag: np.ndarray
    credit_tag: np.ndarray
    portions: dict[int, list[tuple[date, float, int]]]

    @property
    def done(self) -> np.ndarray:
        """What has been surrendered so far, t."""
        return self.allowances_done + self.credits_done

    def remaining(self, day: date) -> np.ndarray:
        """What a row still means to surrender, seen on a day, t: after the deadline what comes late."""
        if day <= self.due:
            return self.meant - self.done
        return np.where(self.late_on < NEVER, self.obligation - self.done, 0)

    def owed(self, day: date) -> np.ndarray:
        """What a row keeps or gathers allowances for, t: who surrenders late has them in time as well."""
        late = (self.late_on < NEVER) & (self.late_on >= day.toordinal())
        return np.where(late, self.obligation - self.done, self.remaining(day))

    def wanted_credits(self) -> np.ndarray:
        """Credits that a row means to surrender and has not yet, t."""
        open_rows = self.meant > self.done
        return np.where(open_rows, self.credits - self.credits_done, 0)

    def portions_on(self, day: date) -> list[tuple[int, float, int]]:
        """Parts that fall on that day: row, second after midnight, quantity."""
        return [
            (row, second, quantity)
            for row, parts in self.portions.items()
            for when, second, quantity in parts
            if when == day
        ]


def duties_of(
    year: int, verified: np.ndarray, is_covered: np.ndarray, plan: RegistryPlan, rng: np.random.Generator
) -> Duties:
    """The duties of a year before anything is surrendered; credits are decided on later.

    Args:
        year: the compliance year.
        verified: verified emissions by entity, NaN without, t.
        is_covered: which entities owe at all.
        plan: who departs from routine.
        rng: draws when everybody surrenders: most of them late in the window.
    """
    due = law.due_on("surrender", year)
    entity = np.flatnonzero(is_covered & ~np.isnan(verified))
    count = len(entity)
    # Whole tonnes, rounded down as allocation is [D-15]; otherwise all of industry would lack one tonne.
    obligation = np.floor(verified[entity] + 1e-6).astype(np.int64)
    share = np.array([plan.surrender_share.get((e, year), 1.0) for e in entity.tolist()])
    before = np.floor((calibration.SURRENDER_WINDOW_DAYS + 1) * rng.beta(1.0, 1.9, count)).astype(np.int64)
    late = [plan.surrendered_late.get((e, year)) for e in entity.tolist()]
    duties = Duties(
        year=year,
        due=due,
        entity=entity,
        obligation=obligation,
        meant=np.where(share < 1.0, np.floor(obligation * share), obligation).astype(np.int64),
        credits=np.zeros(count, dtype=np.int64),
        ready_on=due.toordinal() - before,
        late_on=np.array([NEVER if day is None else day.toordinal() for day in late]),
        allowances_done=np.zeros(count, dtype=np.int64),
        credits_done=np.zeros(count, dtype=np.int64),
        completed_on=np.zeros(count, dtype=np.int64),
        tag=np.array([plan.tags.get(("surrender", e, year), 0) for e in entity.tolist()], dtype=np.int64),
        credit_tag=np.array([plan.tags.get(("offset", e, year), 0) for e in entity.tolist()], dtype=np.int64),
        portions={},
    )
    for row, e in enumerate(entity.tolist()):
        if (parts := plan.surrender_parts.get((e, year))) is not None:
            _set_portions(duties, row, parts)
    return duties


def _set_portions(duties: Duties, row: int, parts: tuple[tuple[date, float, float], ...]) -> None:
    """Parts in whole tonnes that add up to the share of all; what comes by the deadline is meant."""
    obligation = int(duties.obligation[row])
    total = sum(share for _, _, share in parts)
    whole = obligation if abs(total - 1.0) < 1e-9 else int(obligation * total)
    amounts, given = [], 0
    for place, (day, second, share) in enumerate(sorted(parts)):
        quantity = whole - given if place == len(parts) - 1 else int(obligation * share)
        amounts.append((day, second, quantity))
        given += quantity
    duties.portions[row] = amounts
    duties.meant[row] = sum(quantity for day, _, quantity in amounts if day <= duties.due)
    duties.ready_on[row] = NEVER
    if any(day > duties.due for day, _, _ in amounts):
        duties.late_on[row] = max(day for day, _, _ in amounts).toordinal()


def plan_credits(
    duties: Duties, supply: int, is_short: np.ndarray, plan: RegistryPlan, rng: np.random.Generator
) -> None:
    """Decide who surrenders credits and how many: rather those who must buy anyway, at most the cap.

    Args:
        duties: the year's; `credits` is set.
        supply: credits that the market can offer by the deadline, t.
        is_short: by row, who holds less than it owes.
        plan: `offset_share` overrides the choice and the cap.
        rng: random numbers.
    """
    eligible = duties.obligation > 0
    eligible &= np.array([(int(e), duties.year) not in plan.offset_share for e in duties.entity])
    eligible &= ~np.isin(np.arange(len(eligible)), list(duties.portions))
    weights = np.where(is_short, 3.0, 1.0) * rng.random(len(eligible))
    cap = np.floor(law.offset_cap(duties.year) * duties.obligation + 1e-9)
    share = np.where(rng.random(len(cap)) < 0.4, 1.0, rng.uniform(0.1, 1.0, len(cap)))
    wish = np.floor(cap * share).astype(np.int64)
    left = int(calibration.CREDIT_DEMAND * supply)
    for row in np.argsort(-weights, kind="stable").tolist():
        if left <= 0:
            break
        if eligible[row] and 0 < wish[row] <= left:
            duties.credits[row] = wish[row]
            left -= int(wish[row])
    for row, entity in enumerate(duties.entity.tolist()):
        if (part := plan.offset_share.get((entity, duties.year))) is not None:
            duties.credits[row] = int(part * duties.obligation[row] + 1e-9)
    duties.credits = np.minimum(duties.credits, duties.meant)


def last_days(due: date) -> date:
    """From here on nobody counts on credits that it has not got."""
    return due - timedelta(days=calibration.CREDIT_PATIENCE_DAYS)
