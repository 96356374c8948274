"""Offset projects and the credits that they are issued (CCER).

Projects stand where their methodology can be: offshore wind and mangroves on the coast, solar-thermal power
in the north-west. What they yield goes by area where there is one (t a hectare and year) and by their size
where there is none. Yields and places are own choices; all credits together come to what was issued by the
end of 2025, scaled to the market [G-11].
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from pipelines.simulator.identifiers import random_numbers
from pipelines.simulator.plan.projects import ProjectPlan
from pipelines.simulator.scales import SCALES, Scale
from pipelines.simulator.seeds import Streams
from pipelines.simulator.sink import Sink
from pipelines.simulator.timeline import Timeline

if TYPE_CHECKING:
    from pipelines.simulator.world.model import Accounts, Body, World

ISSUED_NATIONALLY = 17_763_700  # t by the end of 2025 [G-11]
EARLIEST_REDUCTION = date(2020, 9, 22)  # [G-05]
MARKET_LAUNCH = date(2024, 1, 22)  # [G-12]
_FIRST_REGISTERED = date(2024, 3, 11)
_STATUSES = ("registered", "validated", "publicised", "design", "cancelled")
_STATUS_SHARES = (0.62, 0.11, 0.13, 0.10, 0.04)
_ISSUING = 0.84  # of the registered ones
_NEIGHBOURS = 0.05  # that begin beside another project of the same kind
_OUTCOME = (0.95, 0.04, 0.84, 1.03)  # issued over expected: mean, spread, least, most


class Methodology(NamedTuple):
    """What projects of one methodology are like.

    `per_ha` is t a hectare and year (None: `size` is t a year, not hectares), `size` the range of sizes,
    `term` the crediting period in years, `places` are province code, name, latitude, longitude and reach in
    degrees.
    """

    name_zh: str
    share: float
    per_ha: tuple[float, float] | None
    size: tuple[float, float]
    term: tuple[int, int]
    places: tuple[tuple[str, str, float, float, float], ...]


_COAST = (
    ("210000", "辽宁", 39.3, 122.3, 0.4),
    ("320000", "江苏", 33.4, 121.0, 0.5),
    ("330000", "浙江", 29.2, 122.1, 0.4),
    ("350000", "福建", 25.2, 119.5, 0.4),
    ("370000", "山东", 37.2, 122.1, 0.4),
    ("440000", "广东", 21.6, 112.4, 0.6),
    ("450000", "广西", 21.4, 108.7, 0.2),
    ("460000", "海南", 19.3, 108.8, 0.3),
)
_SOUTH_COAST = tuple(place for place in _COAST if place[0] in {"350000", "440000", "450000", "460000"})
_NORTH_WEST = (
    ("150000", "内蒙古", 41.5, 107.5, 1.5),
    ("620000", "甘肃", 39.8, 97.5, 1.2),
    ("630000", "青海", 36.5, 96.5, 1.2),
    ("650000", "新疆", 42.8, 92.5, 1.5),
)
_INLAND = (
    ("130000", "河北", 39.0, 115.3, 0.8),
    ("140000", "山西", 37.5, 112.3, 0.9),
    ("150000", "内蒙古", 42.5, 114.5, 1.4),
    ("220000", "吉林", 43.3, 126.5, 0.9),
    ("230000", "黑龙江", 47.3, 128.3, 1.3),
    ("340000", "安徽", 31.6, 117.2, 0.8),
    ("360000", "江西", 27.6, 115.5, 0.9),
    ("410000", "河南", 33.9, 113.5, 0.8),
    ("420000", "湖北", 31.0, 112.0, 0.9),
    ("430000", "湖南", 27.7, 111.8, 0.9),
    ("510000", "四川", 30.5, 103.2, 1.0),
    ("520000", "贵州", 26.8, 106.7, 0.8),
    ("530000", "云南", 25.0, 101.5, 1.2),
    ("610000", "陕西", 35.5, 108.8, 0.9),
    ("620000", "甘肃", 35.6, 104.6, 0.9),
)
_COAL = tuple(p for p in _INLAND if p[0] in {"140000", "340000", "410000", "520000", "610000"})
METHODOLOGIES = {
    "afforestation": Methodology("造林碳汇", 0.24, (5.5, 13.0), (400, 9_000), (20, 40), _INLAND),
    "mangrove": Methodology("红树林营造", 0.05, (8.0, 17.0), (25, 420), (20, 40), _SOUTH_COAST),
    "wetland": Methodology("滨海盐沼修复", 0.07, (2.5, 7.0), (120, 4_500), (20, 40), _COAST),
    "agriculture": Methodology("农田减排固碳", 0.10, (0.4, 1.6), (3_000, 42_000), (5, 10), _INLAND),
    "ocean_sink": Methodology("海洋碳汇", 0.07, (1.0, 3.5), (300, 6_500), (10, 20), _COAST),
    "ccus": Methodology("碳捕集利用与封存", 0.06, None, (40_000, 420_000), (10, 10), _COAL),
    "solar_thermal": Methodology("并网光热发电", 0.08, None, (60_000, 260_000), (10, 10), _NORTH_WEST),
    "offshore_wind": Methodology("并网海上风电", 0.10, None, (250_000, 980_000), (10, 10), _COAST),
    "methane": Methodology("低浓度瓦斯利用", 0.13, None, (15_000, 260_000), (10, 10), _COAL),
    "other": Methodology("公路隧道照明节能", 0.10, None, (3_000, 70_000), (10, 10), _INLAND),
}


class Issuance(NamedTuple):
    """Credits issued for one monitoring period; `verifier` is a position, `quantity` the honest one in t."""

    id: str
    period_start: date
    period_end: date
    issued_on: date
    verifier: int
    quantity: int


class CreditIssue(NamedTuple):
    """Credits that the registration system books to an account on a day; they carry a case's tag, or 0."""

    account: int
    quantity: int
    day: date
    tag: int = 0


@dataclass(frozen=True)
class Projects:
    """Projects, one position a project, as they honestly are.

    `owner` is an account, `validator` a verifier by position; it never verifies the same project. `area_ha`
    is NaN where a methodology knows no area. `expected_annual` is t a year. `issuances` are in order of time.
    """

    id: list[str]
    name: list[str]
    methodology: list[str]
    owner: np.ndarray
    province_code: list[str]
    latitude: np.ndarray
    longitude: np.ndarray
    area_ha: np.ndarray
    expected_annual: np.ndarray
    status: list[str]
    registered_on: list[date | None]
    crediting_start: list[date | None]
    crediting_end: list[date | None]
    validator: np.ndarray
    issuances: list[list[Issuance]]

    def __len__(self) -> int:
        return len(self.id)


@dataclass
class _Draft:
    """One project while it is made up."""

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


def issue_credits(
    world: World, timeline: Timeline, plan: ProjectPlan, streams: Streams, sink: Sink
) -> list[CreditIssue]:
    """Write `offset_projects` and `offset_issuances`; returns what is booked to whom when, by day."""
    rng = streams.of("projects", "published")
    projects = _with_doubles(world.projects, plan, rng)
    rows = _published(projects, plan, timeline, rng)
    bodies = [body.id for body in world.verifiers]
    sink.write("offset_projects", _project_rows(world, projects, plan))
    sink.write(
        "offset_issuances",
        pl.DataFrame(
            {
                "issuance_id": [issuance.id for _, issuance, _ in rows],
                "project_id": [projects.id[project] for project, _, _ in rows],
                "period_start": [issuance.period_start for _, issuance, _ in rows],
                "period_end": [issuance.period_end for _, issuance, _ in rows],
                "quantity": [issuance.quantity for _, issuance, _ in rows],
                "verifier_id": [bodies[issuance.verifier] for _, issuance, _ in rows],
                "issued_on": [issuance.issued_on for _, issuance, _ in rows],
                "tag": pl.Series([tag for _, _, tag in rows], dtype=pl.Int64),
            }
        ),
    )
    issues = [CreditIssue(int(projects.owner[p]), one.quantity, one.issued_on, tag) for p, one, tag in rows]
    return sorted(issues, key=lambda issue: (issue.day, issue.account, issue.quantity))


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


def _with_doubles(projects: Projects, plan: ProjectPlan, rng: np.random.Generator) -> Projects:
    """The projects with every double in the place of what it doubles, under its own name, id and owner."""
    out = replace(
        projects,
        name=list(projects.name),
        methodology=list(projects.methodology),
        province_code=list(projects.province_code),
        latitude=projects.latitude.copy(),
        longitude=projects.longitude.copy(),
        area_ha=projects.area_ha.copy(),
        expected_annual=projects.expected_annual.copy(),
        status=list(projects.status),
        registered_on=list(projects.registered_on),
        crediting_start=list(projects.crediting_start),
        crediting_end=list(projects.crediting_end),
        issuances=list(projects.issuances),
    )
    taken = {one.id for of_project in projects.issuances for one in of_project}
    for second, first in sorted(plan.doubles.items()):
        blur = rng.normal(1.0, 0.012, 2)
        number = out.name[second][-3:]
        out.methodology[second] = out.methodology[first]
        out.province_code[second] = out.province_code[first]
        out.name[second] = out.name[first][:-3] + number
        out.latitude[second] = round(float(out.latitude[first] + rng.normal(0, 0.004)), 5)
        out.longitude[second] = round(float(out.longitude[first] + rng.normal(0, 0.004)), 5)
        out.area_ha[second] = round(float(out.area_ha[first] * blur[0]), 1)
        out.expected_annual[second] = round(float(out.expected_annual[first] * blur[1]))
        out.status[second] = out.status[first]
        shift = timedelta(days=int(rng.integers(5, 60)))
        registered = out.registered_on[first]
        out.registered_on[second] = None if registered is None else registered + shift
        out.crediting_start[second] = out.crediting_start[first]
        out.crediting_end[second] = out.crediting_end[first]
        own = [one.id for one in projects.issuances[second]]
        copies = []
        for place, one in enumerate(out.issuances[first]):
            mark = own[place] if place < len(own) else _fresh(taken, rng)
            quantity = max(int(one.quantity * float(rng.normal(1.0, 0.015))), 1)
            copies.append(one._replace(id=mark, quantity=quantity))
        out.issuances[second] = copies
    return out


def _fresh(taken: set[str], rng: np.random.Generator) -> str:
    """An id that no issuance has, of the same shape."""
    while (mark := f"ISS-{int(rng.integers(1_000_000, 10_000_000))}") in taken:
        pass
    taken.add(mark)
    return mark


def _published(
    projects: Projects, plan: ProjectPlan, timeline: Timeline, rng: np.random.Generator
) -> list[tuple[int, Issuance, int]]:
    """Every issuance as it is published: project, issuance, tag."""
    taken = {one.id for of_project in projects.issuances for one in of_project}
    rows: list[tuple[int, Issuance, int]] = []
    for project, issuances in enumerate(projects.issuances):
        factor, tag = plan.yield_factor.get(project, 1.0), plan.tags.get(project, 0)
        for place, one in enumerate(issuances):
            early = plan.early_days.get(project, 0) if place == 0 else 0
            days = (one.period_end - one.period_start).days + 1
            quantity = int(one.quantity * factor * (days + early) / days)
            start = one.period_start - timedelta(days=early)
            rows.append((project, one._replace(period_start=start, quantity=quantity), tag))
    for extra in plan.extra:
        one = projects.issuances[extra.project][extra.issuance]
        days = (one.period_end - one.period_start).days + 1
        part = max(round(days * extra.overlap), 1)
        issued = min(one.issued_on + timedelta(days=int(rng.integers(35, 170))), timeline.last_day)
        again = Issuance(
            id=_fresh(taken, rng),
            period_start=one.period_end - timedelta(days=part - 1),
            period_end=one.period_end,
            issued_on=issued,
            verifier=one.verifier,
            quantity=max(int(one.quantity * part / days), 1),
        )
        rows.append((extra.project, again, extra.tag))
    return rows


def _project_rows(world: World, projects: Projects, plan: ProjectPlan) -> pl.DataFrame:
    doubled = {*plan.doubles, *plan.doubles.values()}
    return pl.DataFrame(
        {
            "project_id": projects.id,
            "project_name": projects.name,
            "methodology": projects.methodology,
            "owner_id": [world.accounts.holder_id[account] for account in projects.owner.tolist()],
            "province_code": projects.province_code,
            "latitude": projects.latitude,
            "longitude": projects.longitude,
            "area_ha": pl.Series(projects.area_ha).fill_nan(None),
            "expected_annual": projects.expected_annual,
            "status": projects.status,
            "registered_on": pl.Series(projects.registered_on, dtype=pl.Date),
            "crediting_start": pl.Series(projects.crediting_start, dtype=pl.Date),
            "crediting_end": pl.Series(projects.crediting_end, dtype=pl.Date),
            "tag": pl.Series(
                [plan.tags.get(n, 0) if n in doubled else 0 for n in range(len(projects))], dtype=pl.Int64
            ),
        }
    )
