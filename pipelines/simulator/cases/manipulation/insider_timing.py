"""Insider timing: unusual one-sided trading by a party shortly before its own news becomes known.

The news is its annual report, the decision on its allocation, or a penalty. It trades in the last days
before, and no more afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.simulator import calibration_registry as numbers
from pipelines.simulator import law
from pipelines.simulator.allocation import final_decided_on
from pipelines.simulator.cases.kinds import Kind
from pipelines.simulator.cases.market_days import take_instrument, traded, usual_volume, windows
from pipelines.simulator.cases.market_parts import (
    emitters_may_sell,
    lookalike_count,
    parts,
    pick_accounts,
    uniform,
    whole,
)
from pipelines.simulator.cases.market_stock import provide
from pipelines.simulator.cases.planner import CasePlanner
from pipelines.simulator.plan.registering import DecidedPenalty
from pipelines.simulator.plan.trading import Campaign


@dataclass(frozen=True)
class _Shape:
    """Ranges of one severity.

    Trading days of the campaign, days left until the news, a day's size in days of usual trading,
    and urgency.
    """

    days: tuple[int, int]
    left: tuple[int, int]
    size: tuple[float, float]
    urgency: tuple[float, float]


_SHAPES = {
    "faint": _Shape((7, 12), (1, 3), (0.05, 0.12), (0.3, 0.6)),
    "plain": _Shape((4, 8), (1, 2), (0.2, 0.4), (0.55, 0.8)),
    "blatant": _Shape((2, 5), (1, 1), (0.6, 1.2), (0.85, 1.0)),
}
_NEWS = ("report", "allocation", "penalty")
_WORDS = {"report": "annual report", "allocation": "allocation", "penalty": "penalty"}
_EARLIEST = 25  # days into the span
_FINES = (60_000, 900_000)  # CNY


@dataclass(frozen=True)
class _News:
    """What becomes known of whom on which day; `sector` is who can be concerned."""

    what: str
    day: date
    sector: str
    year: int


def arrange(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Reports, allocations and penalties in turn."""
    turn = rng.permutation(len(_NEWS))
    for part in parts(planner, rng):
        shape = _SHAPES[part.severity]
        news = _draw_news(planner, rng, _NEWS[int(turn[part.number % len(_NEWS)])])
        days = [day for day in planner.timeline.trading_days if day < news.day]
        days = days[: len(days) + 1 - whole(rng, shape.left)][-whole(rng, shape.days) :]
        company = _company(planner, rng, news, days[0])
        asset = take_instrument(planner, rng, days, thin=0.1)
        may_sell = news.sector == "power" and emitters_may_sell(planner, days[0], days[-1])
        side = "sell" if may_sell and rng.random() < 0.5 else "buy"
        text = f"{side}s for {len(days)} days until its own {_WORDS[news.what]} becomes known on {news.day}"
        tag = planner.open_case("insider_timing", part.severity, text, planner.account_ids([company]))
        daily = max(int(uniform(rng, shape.size) * usual_volume(planner, days[0], asset)), 40)
        urgency = uniform(rng, shape.urgency)
        planner.plan.trading.campaigns.append(
            Campaign(company, asset, side, days[0], days[-1], daily, urgency, tag)
        )
        if side == "sell":
            provide(planner, rng, company, asset, int(daily * len(days) * 1.3), days[0])
        if news.what == "penalty":
            _decide(planner, rng, news.day, company)


def _draw_news(planner: CasePlanner, rng: np.random.Generator, what: str) -> _News:
    """A day on which such news comes, late enough in the span for trading before it."""
    earliest = planner.timeline.first_day + timedelta(days=_EARLIEST)
    found = []
    for year in planner.timeline.compliance_years:
        if what == "report":
            day = law.due_on("annual_report", year) - timedelta(days=int(rng.integers(1, 26)))
            found.append(_News(what, day, "power", year))
        elif what == "allocation":
            found.append(_News(what, numbers.PRELIMINARY_DECIDED[year], "power", year))
            found.append(_News(what, final_decided_on(year), "power", year))
            if year >= law.industry_since():
                found.append(_News(what, final_decided_on(year, "steel"), "industry", year))
        else:
            day = date(year + 1, 1, 1) + timedelta(days=int(rng.integers(_EARLIEST, 345)))
            found.append(_News(what, day, "power", year))
    found = [news for news in found if news.day >= earliest]
    return found[int(rng.integers(len(found)))]


def _company(planner: CasePlanner, rng: np.random.Generator, news: _News, day: date) -> int:
    """A free company that the news can be about; its report then is filed on that very day."""
    among = planner.power if news.sector == "power" else planner.of_sector("cement", "steel", "aluminium")
    if news.what != "report":
        return pick_accounts(planner, rng, day, among, 1)[0]
    free = planner.participants.free("compliance", among) or among
    company = pick_accounts(planner, rng, day, free, 1)[0]
    if planner.participants.is_free("compliance", company):
        planner.participants.take(rng, "compliance", [company], 1)
    planner.plan.emitters.year_filed_on[company, news.year] = news.day
    return company


def _decide(planner: CasePlanner, rng: np.random.Generator, day: date, company: int) -> None:
    fine = int(rng.integers(_FINES[0], _FINES[1])) // 1_000 * 1_000
    violation = str(rng.choice(["false_report", "missing_report"]))
    planner.plan.registry.penalties.append(DecidedPenalty(day, company, violation, fine))


def resemble(planner: CasePlanner, rng: np.random.Generator) -> None:
    """Companies that buy a little every day for months, before and after their own news."""
    count = lookalike_count(planner, rng)
    for days in windows(planner, rng, [whole(rng, (40, 80)) for _ in range(count)]):
        company = pick_accounts(planner, rng, days[0], planner.power, 1)[0]
        main = planner.main_asset(days[0])
        asset = main if main in traded(planner, days[0]) else traded(planner, days[0])[0]
        daily = max(int(float(rng.uniform(0.02, 0.06)) * usual_volume(planner, days[0], asset)), 20)
        urgency = float(rng.uniform(0.3, 0.7))
        planner.plan.trading.campaigns.append(
            Campaign(company, asset, "buy", days[0], days[-1], daily, urgency)
        )
        text = "buys a little every day for months"
        window = planner.day_window(days[0], days[-1])
        planner.note_lookalike("insider_timing", text, planner.account_ids([company]), window)


KIND = Kind("insider_timing", arrange, resemble, "companies that buy a little every day for months")
