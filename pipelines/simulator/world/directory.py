"""Groups, parks and service bodies: who controls, where plants stand together, who analyses and verifies."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from pipelines.simulator.identifiers import random_numbers
from pipelines.simulator.scales import Scale
from pipelines.simulator.seeds import Streams
from pipelines.simulator.timeline import Timeline
from pipelines.simulator.world.model import Body, Park
from pipelines.simulator.world.places import PROVINCES

SECTORS = ("power", "cement", "steel", "aluminium")
# Usual days of a verification and of a laboratory's work: smallest and largest, own.
_VERIFIER_DAYS = (18.0, 50.0)
_LABORATORY_DAYS = (4.0, 13.0)
_REVOKED_BEFORE = date(2022, 9, 15)


def group_ids(scale: Scale, streams: Streams) -> list[str]:
    """Published ids of the groups."""
    numbers = random_numbers(streams.of("world", "groups"), scale.groups, 5)
    return [f"GRP-{number}" for number in numbers]


def parks(scale: Scale, streams: Streams) -> list[Park]:
    """Industrial parks, more of them where more industry is; two of one province bear different numbers."""
    rng = streams.of("world", "parks")
    home = rng.choice(len(PROVINCES), scale.parks, p=sector_weights(("power", "cement", "steel")))
    numbers = random_numbers(rng, scale.parks, 4)
    found: list[Park] = []
    for number, province in zip(numbers, home.tolist(), strict=True):
        before = sum(park.province == province for park in found)
        found.append(
            Park(f"PARK-{number}", f"示例{PROVINCES[province].name}第{before + 1}产业园区", province)
        )
    return found


def sector_weights(sectors: tuple[str, ...]) -> np.ndarray:
    """Share of each province in the activity of these sectors together."""
    weights = np.zeros(len(PROVINCES))
    for sector in sectors:
        one = np.array([getattr(province, sector) for province in PROVINCES])
        weights += one / one.sum()
    return weights / weights.sum()


def verifiers(scale: Scale, timeline: Timeline, streams: Streams) -> list[Body]:
    """Verifiers; the last of them loses its accreditation after the last verification of the span."""
    found = _bodies("VER", "示例{}核查有限公司", scale.verifiers, _VERIFIER_DAYS, streams)
    after = date(timeline.years[-1], 10, 9) + timedelta(
        days=int(streams.of("world", "revoked").integers(0, 50))
    )
    return [*found[:-1], found[-1]._replace(revoked_on=after)]


def laboratories(scale: Scale, streams: Streams) -> list[Body]:
    """Laboratories; the last of them lost its accreditation before the span and has no clients."""
    found = _bodies("LAB", "示例{}煤质检测中心", scale.laboratories, _LABORATORY_DAYS, streams)
    return [*found[:-1], found[-1]._replace(revoked_on=_REVOKED_BEFORE)]


def consultants(scale: Scale, streams: Streams) -> list[Body]:
    """Consultants who help emitters with their reports."""
    return _bodies("CNS", "示例{}低碳咨询有限公司", scale.consultants, (1.0, 6.0), streams)


def _bodies(prefix: str, name: str, count: int, days: tuple[float, float], streams: Streams) -> list[Body]:
    rng = streams.of("world", "bodies", prefix)
    numbers = random_numbers(rng, count, 4)
    home = rng.choice(len(PROVINCES), count, p=sector_weights(SECTORS))
    accredited = rng.integers(0, 1500, count)
    usual = rng.uniform(*days, count)
    strict = rng.beta(4.0, 2.0, count)
    return [
        Body(
            id=f"{prefix}-{numbers[n]}",
            name=name.format(f"{PROVINCES[home[n]].name}{numbers[n][:2]}"),
            accredited_on=date(2017, 3, 1) + timedelta(days=int(accredited[n])),
            revoked_on=None,
            province=int(home[n]),
            days=float(usual[n]),
            strictness=float(strict[n]),
        )
        for n in range(count)
    ]


def clients(
    rng: np.random.Generator, bodies: list[Body], province: np.ndarray, group: np.ndarray, loyalty: float
) -> np.ndarray:
    """Which body each entity goes to: a near one rather than a far one, a large one rather than a small one.

    A `loyalty` share of a group's members goes where the group's agreement is. Bodies that were revoked
    before the span take no clients.
    """
    size = (1.0 + np.arange(len(bodies))) ** -0.5
    size = rng.permutation(size)
    is_open = np.array([body.revoked_on != _REVOKED_BEFORE for body in bodies])
    size = np.where(is_open, size, 0.0)
    home = np.array([body.province for body in bodies])
    chosen = np.empty(len(province), dtype=np.int64)
    for place in np.unique(province):
        weights = size * np.where(home == place, 8.0, 1.0)
        inside = np.flatnonzero(province == place)
        chosen[inside] = rng.choice(len(bodies), len(inside), p=weights / weights.sum())
    agreed = rng.choice(len(bodies), int(group.max(initial=0)) + 1, p=size / size.sum())
    loyal = (group >= 0) & (rng.random(len(group)) < loyalty)
    return np.where(loyal, agreed[group.clip(0)], chosen)
