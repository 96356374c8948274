"""The chemistry of coal: from what a coal is to everything that a laboratory can find in it.

A coal is described by its place within its rank, its moisture, ash and sulphur. Carbon, hydrogen and
volatiles follow on a dry, ash-free basis by rank within rules E-10 and E-17; the heating value follows
from the elements (Dulong) and the moisture (GB/T 213), at a level at which the rank's usual coal has the
carbon per heat of rule E-11. So carbon, hydrogen, ash, moisture and heating value are consistent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from pipelines.simulator.calibration_plants import CARBON_PER_HEAT


class Rank(NamedTuple):
    """One rank, dry and ash-free: carbon, hydrogen, volatiles (%) at its young end and the gain with age.

    Then low and high of the usual ash, moisture (both air-dried), total moisture, and the nitrogen.
    """

    carbon: tuple[float, float]
    hydrogen: tuple[float, float]
    volatile: tuple[float, float]
    ash: tuple[float, float]
    moisture: tuple[float, float]
    total_moisture: tuple[float, float]
    nitrogen: float


RANKS = {
    "coal": Rank((78.0, 8.0), (5.5, -0.8), (35.5, -12.0), (13.0, 28.0), (1.5, 4.5), (7.0, 15.0), 1.4),
    "lignite": Rank((68.5, 5.5), (5.3, -0.4), (47.5, -7.0), (9.0, 20.0), (8.0, 13.0), (26.0, 36.0), 1.1),
    "anthracite": Rank((91.8, 2.8), (3.5, -0.9), (9.0, -3.8), (16.0, 28.0), (1.0, 2.5), (5.0, 10.0), 1.1),
}
GANGUE_ASH = (38.0, 47.0)  # coal of unconventional units, own, heating value within [E-16]


@dataclass(frozen=True)
class Coal:
    """Coals, months by units: place in the rank (0 to 1), percentages, and a factor on carbon per heat."""

    place: np.ndarray
    total_moisture: np.ndarray
    moisture: np.ndarray
    ash: np.ndarray
    sulphur: np.ndarray
    per_heat: np.ndarray


@dataclass(frozen=True)
class Quality:
    """What is in fuels, months by units: percentages, `ncv` (GJ), `carbon` (tC) as received.

    Heat and carbon are per t, or per 10^4 Nm3 of gas. The percentages, air-dried, are those of coal alone.
    """

    total_moisture: np.ndarray
    moisture: np.ndarray
    ash: np.ndarray
    volatile: np.ndarray
    sulphur: np.ndarray
    hydrogen: np.ndarray
    carbon_dry: np.ndarray
    ncv: np.ndarray
    carbon: np.ndarray


def rank_figures(ranks: np.ndarray, name: str) -> np.ndarray:
    """A figure of each unit's rank, in two rows if it is a pair; units without coal count as bituminous."""
    return np.array([getattr(RANKS.get(rank, RANKS["coal"]), name) for rank in ranks.tolist()]).T


def quality_of(coal: Coal, ranks: np.ndarray) -> Quality:
    """Everything that follows from what a coal is; `ranks` is the rank of every unit."""
    young, gain = rank_figures(ranks, "carbon")
    carbon_pure = young + gain * coal.place
    young, gain = rank_figures(ranks, "hydrogen")
    hydrogen_pure = young + gain * coal.place
    young, gain = rank_figures(ranks, "volatile")
    volatile_pure = young + gain * coal.place
    combustible = (100 - coal.ash - coal.moisture) / 100
    carbon_dry, hydrogen = carbon_pure * combustible, hydrogen_pure * combustible
    nitrogen = rank_figures(ranks, "nitrogen") * combustible
    heat = _heat(carbon_dry, hydrogen, nitrogen, coal.sulphur, coal.ash, coal.moisture, coal.total_moisture)
    level = np.array([_LEVELS.get(rank, _LEVELS["coal"]) for rank in ranks.tolist()])
    return Quality(
        total_moisture=coal.total_moisture,
        moisture=coal.moisture,
        ash=coal.ash,
        volatile=volatile_pure * combustible,
        sulphur=coal.sulphur,
        hydrogen=hydrogen,
        carbon_dry=carbon_dry,
        ncv=heat * level / coal.per_heat,
        carbon=as_received(carbon_dry, coal.moisture, coal.total_moisture) / 100,
    )


def as_received(figure: np.ndarray, moisture: np.ndarray, total_moisture: np.ndarray) -> np.ndarray:
    """An air-dried figure as received (rule E-02)."""
    return np.asarray(figure * (100 - total_moisture) / (100 - moisture))


def _heat(
    carbon: np.ndarray,
    hydrogen: np.ndarray,
    nitrogen: np.ndarray,
    sulphur: np.ndarray,
    ash: np.ndarray,
    moisture: np.ndarray,
    total_moisture: np.ndarray,
) -> np.ndarray:
    """Net heating value as received, GJ/t, from air-dried figures: Dulong, then GB/T 213."""
    oxygen = 100 - ash - moisture - carbon - hydrogen - nitrogen - sulphur
    gross = 0.3383 * carbon + 1.443 * (hydrogen - oxygen / 8) + 0.0942 * sulphur
    net = gross - 0.206 * hydrogen
    return np.asarray(as_received(net, moisture, total_moisture) - 0.023 * total_moisture)


def _level(name: str) -> float:
    """What brings the usual coal of a rank to the carbon per heat of rule E-11."""
    rank = RANKS[name]
    ash, moisture, total = (
        np.array(sum(pair) / 2) for pair in (rank.ash, rank.moisture, rank.total_moisture)
    )
    combustible = (100 - ash - moisture) / 100
    carbon, hydrogen = ((first + gain / 2) * combustible for first, gain in (rank.carbon, rank.hydrogen))
    heat = _heat(carbon, hydrogen, rank.nitrogen * combustible, np.array(0.8), ash, moisture, total)
    return float(as_received(carbon, moisture, total) / 100 / CARBON_PER_HEAT[name] / heat)


_LEVELS = {name: _level(name) for name in RANKS}
