"""One month of hours of all stack monitors, as arrays of hours by units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

QUALITIES = ("valid", "calibration", "maintenance", "fault", "substituted", "missing")
# Columns of `cems_hourly` with the decimals that are printed.
DECIMALS = {
    "co2_mass": 3,
    "co2_concentration": 3,
    "flow": 0,
    "o2": 2,
    "heat_input": 2,
    "gross_load": 2,
    "operating": 4,
}
SEEN = ("co2_mass", "co2_concentration", "flow", "o2")  # what the monitor itself sees


@dataclass
class Hours:
    """Published figures (NaN: none), quality as a number in `QUALITIES`, and tags for labels."""

    co2_mass: np.ndarray
    co2_concentration: np.ndarray
    flow: np.ndarray
    o2: np.ndarray
    heat_input: np.ndarray
    gross_load: np.ndarray
    operating: np.ndarray
    quality: np.ndarray
    tag: np.ndarray
