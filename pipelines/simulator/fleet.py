"""The emitting units: what they are, how large, what they burn and how well they do it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

COAL_RANKS = ("coal", "lignite", "anthracite")


@dataclass(frozen=True)
class Fleet:
    """Units, one position a unit, those of an entity next to each other.

    `capacity` is MW for power units and kt of product a year otherwise. `heat_rate` is GJ of fuel per MWh
    generated, `heat_per_mw` GJ of heat an hour and MW at the winter's peak, `heat_base` the part of it that
    is supplied all year. `measures_carbon` says which units have their carbon content measured rather
    than stated by default; `laboratory` who analyses for them.
    """

    id: list[str]
    entity: np.ndarray
    unit_class: np.ndarray
    fuel: np.ndarray
    capacity: np.ndarray
    is_power: np.ndarray
    cooling: list[str | None]
    commissioned_on: list[date]
    retired_on: list[date | None]
    north: np.ndarray
    province: np.ndarray
    heat_rate: np.ndarray
    heat_per_mw: np.ndarray
    heat_base: np.ndarray
    laboratory: np.ndarray
    measures_carbon: np.ndarray

    def __len__(self) -> int:
        return len(self.id)

    @property
    def is_gas(self) -> np.ndarray:
        """Units that burn natural gas."""
        return self.fuel == "natural_gas"

    @property
    def is_coal(self) -> np.ndarray:
        """Units that burn coal of any rank."""
        return np.isin(self.fuel, COAL_RANKS)

    @property
    def is_analysed(self) -> np.ndarray:
        """Units whose coal a laboratory analyses every month: most coal power units, some kilns."""
        return self.measures_carbon & self.is_coal
