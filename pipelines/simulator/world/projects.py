"""Offset projects (CCER): kinds, places, sizes, dates, and the issuances that an honest record gives them.

Projects stand where their methodology can be applied: offshore wind and mangroves on the coast, solar-thermal
power in the north-west. Their yield follows from the area where the methodology has one (t a hectare and
year) and from their size otherwise; all credits together equal what was issued by the end of 2025, scaled
to the market.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from pipelines.simulator.identifiers import random_numbers
from pipelines.simulator.scales import SCALES, Scale
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world.methodologies import METHODOLOGIES
from pipelines.simulator.world.model import Accounts, Body, Issuance, Projects

ISSUED_NATIONALLY = 17_763_700  # t by the end of 2025 [G-11]
EARLIEST_REDUCTION = date(2020, 9, 22)  # [G-05]
MARKET_LAUNCH = date(2024, 1, 22)  # [G-12]
_FIRST_REGISTERED = date(2024, 3, 11)
_STATUSES = ("registered", "validated", "publicised", "design", "cancelled")
_STATUS_SHARES = (0.62, 0.11, 0.13, 0.10, 0.04)
_ISSUING = 0.84  # of the registered ones
_NEIGHBOURS = 0.05  # that begin beside another project of the same kind
_OUTCOME = (0.95, 0.04, 0.84, 1.03)  # issued over expected: mean, spread, least, most


@dataclass
class _Draft:
    """One project while it is being generated."""

    methodology: str
    place: tuple[str, str, float, float, float]
    latitude: float
    longitude: float
    area: float
    density: float
    annual: float
    status: str
    is_issuing: bool
    registered_on: date | None = None
    crediting_start: date | None = None
    crediting_end: date | None = None


def build_projects(
    scale: Scale, timeline: Timeline, accounts: Accounts, verifiers: list[Body], streams: Streams
) -> Projects:
    """The projects of a market of that scale; every methodology occurs, most projects are small."""
    rng = streams.of("projects")
    drafts = _drafts(scale, rng)
    for draft in drafts:
        _set_dates(draft, timeline, rng)
    count = len(drafts)
    validator = rng.integers(0, len(verifiers), count)
    issuances = [
        _issuances(draft, int(validator[n]), verifiers, timeline, rng) for n, draft in enumerate(drafts)
    ]
    factor = _size_factor(scale, issuances)
    owners = accounts.with_role("owner")
    owner = owners[
        np.concatenate([rng.permutation(len(owners)), rng.integers(0, len(owners), count)])[:count]
    ]
    issuances = _numbered(issuances, factor, rng)
    numbers = rng.permutation(count) + 1
    area = np.array([draft.area for draft in drafts]) * factor
    annual = np.array([draft.annual for draft in drafts]) * factor
    return Projects(
        id=[f"CCER-{number}" for number in random_numbers(rng, count, 6)],
        name=[_name(d.methodology, d.place[1], int(n)) for d, n in zip(drafts, numbers, strict=True)],
        methodology=[draft.methodology for draft in drafts],
        owner=owner,
        province_code=[draft.place[0] for draft in drafts],
        latitude=np.round([draft.latitude for draft in drafts], 5),
        longitude=np.round([draft.longitude for draft in drafts], 5),
        area_ha=np.round(area, 1),
        expected_annual=np.round(annual),
        status=[draft.status for draft in drafts],
        registered_on=[draft.registered_on for draft in drafts],
        crediting_start=[draft.crediting_start for draft in drafts],
        crediting_end=[draft.crediting_end for draft in drafts],
        validator=validator,
        issuances=issuances,
    )


def _drafts(scale: Scale, rng: np.random.Generator) -> list[_Draft]:
    names = list(METHODOLOGIES)
    shares = np.array([METHODOLOGIES[name].share for name in names])
    others = rng.choice(names, max(scale.projects - len(names), 0), p=shares / shares.sum()).tolist()
    chosen = [*names, *others][: scale.projects]
    statuses = _apportioned(scale.projects, rng)
    drafts: list[_Draft] = []
    for name, status in zip(rng.permutation(chosen).tolist(), statuses, strict=True):
        drafts.append(_draft(name, status, drafts, rng))
    registered = [n for n, draft in enumerate(drafts) if draft.status == "registered"]
    for n in rng.permutation(registered)[: round(_ISSUING * len(registered))].tolist():
        drafts[n].is_issuing = True
    return drafts


def _apportioned(count: int, rng: np.random.Generator) -> list[str]:
    """Statuses in their shares, every one at least once, in random order."""
    numbers = np.maximum(np.round(np.array(_STATUS_SHARES) * count).astype(int), 1)
    statuses = np.repeat(_STATUSES, numbers)[:count].tolist()
    statuses += ["registered"] * (count - len(statuses))
    return [str(status) for status in rng.permutation(statuses)]


def _draft(name: str, status: str, before: list[_Draft], rng: np.random.Generator) -> _Draft:
    kind = METHODOLOGIES[name]
    place = kind.places[int(rng.integers(len(kind.places)))]
    latitude = place[2] + float(rng.uniform(-1, 1)) * place[4]
    longitude = place[3] + float(rng.uniform(-1, 1)) * place[4]
    beside = [draft for draft in before if draft.methodology == name]
    if beside and rng.random() < _NEIGHBOURS:
        other = beside[int(rng.integers(len(beside)))]
        place = other.place
        latitude = other.latitude + float(rng.choice([-1, 1]) * rng.uniform(0.03, 0.12))
        longitude = other.longitude + float(rng.choice([-1, 1]) * rng.uniform(0.03, 0.12))
    size = float(np.exp(rng.uniform(*np.log(kind.size))))
    density = float(rng.uniform(*kind.per_ha)) if kind.per_ha else float("nan")
    return _Draft(
        methodology=name,
        place=place,
        latitude=latitude,
        longitude=longitude,
        area=size if kind.per_ha else float("nan"),
        density=density,
        annual=size * density if kind.per_ha else size,
        status=status,
        is_issuing=False,
    )


def _set_dates(draft: _Draft, timeline: Timeline, rng: np.random.Generator) -> None:
    """Registration and crediting period as far as the project has come."""
    if draft.status in {"design", "publicised"}:
        return
    kind = METHODOLOGIES[draft.methodology]
    latest = timeline.last_day - timedelta(days=230 if draft.is_issuing else 25)
    registered = _FIRST_REGISTERED + timedelta(
        days=int(rng.integers(0, max((latest - _FIRST_REGISTERED).days, 1)))
    )
    start = registered - timedelta(days=int(rng.integers(30, 1_100)))
    start = max(start, EARLIEST_REDUCTION + timedelta(days=int(rng.integers(0, 90))))
    years = int(rng.integers(kind.term[0], kind.term[1] + 1))
    draft.crediting_start = start
    draft.crediting_end = date(start.year + years, start.month, min(start.day, 28)) - timedelta(days=1)
    if draft.status in {"registered", "cancelled"}:
        draft.registered_on = registered


def _issuances(
    draft: _Draft, validator: int, verifiers: list[Body], timeline: Timeline, rng: np.random.Generator
) -> list[Issuance]:
    """Credits for one monitoring period after the other, each some months after the period's end."""
    if not draft.is_issuing or draft.registered_on is None or draft.crediting_start is None:
        return []
    out: list[Issuance] = []
    start = draft.crediting_start
    issued = draft.registered_on + timedelta(days=int(rng.integers(70, 215)))
    while issued <= timeline.last_day:
        end = issued - timedelta(days=int(rng.integers(45, 150)))
        if (end - start).days < 60:
            end = issued - timedelta(days=40)
        share = float(np.clip(rng.normal(*_OUTCOME[:2]), *_OUTCOME[2:]))
        days = (end - start).days + 1
        quantity = draft.annual * days / 365.25 * share
        verifier = _verifier(validator, verifiers, issued, rng)
        out.append(Issuance("", start, end, issued, verifier, int(quantity)))
        start = end + timedelta(days=1)
        issued += timedelta(days=int(rng.integers(230, 420)))
    return out


def _verifier(validator: int, verifiers: list[Body], day: date, rng: np.random.Generator) -> int:
    """Somebody other than the validator, accredited on that day."""
    able = [
        n
        for n, body in enumerate(verifiers)
        if n != validator and body.accredited_on <= day and (body.revoked_on is None or body.revoked_on > day)
    ]
    return int(rng.choice(able))


def _size_factor(scale: Scale, issuances: list[list[Issuance]]) -> float:
    """What all sizes are multiplied with, so that credits stand to emitters as they do nationally."""
    issued = sum(issuance.quantity for of_project in issuances for issuance in of_project)
    national = SCALES["national"]
    emitters = scale.entities - scale.small_emitters
    wanted = ISSUED_NATIONALLY * emitters / (national.entities - national.small_emitters)
    return wanted / issued if issued else 1.0


def _numbered(
    issuances: list[list[Issuance]], factor: float, rng: np.random.Generator
) -> list[list[Issuance]]:
    ids = iter(random_numbers(rng, sum(map(len, issuances)), 7))
    return [
        [
            one._replace(id=f"ISS-{next(ids)}", quantity=max(int(one.quantity * factor), 1))
            for one in of_project
        ]
        for of_project in issuances
    ]


def _name(methodology: str, place: str, number: int) -> str:
    return f"示例{place}{METHODOLOGIES[methodology].name_zh}项目{number:03d}"
