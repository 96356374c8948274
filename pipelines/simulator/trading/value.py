"""What an allowance is thought to be worth, day by day and vintage by vintage.

A mean-reverting disturbance in logarithms around published price levels. It moves the orders; prices
come out of their matching.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.simulator import calendar, calibration
from pipelines.simulator.registry import VINTAGES
from pipelines.simulator.seeds import Streams

_SPREAD = {2023: 0.0, 2024: 0.004}


def values(days: list[date], shocks: dict[tuple[date, int], float], streams: Streams) -> np.ndarray:
    """CNY/t by day and vintage; `shocks` shift the logarithm on their day and vintage."""
    rng = streams.of("trading", "value")
    anchors = sorted(calibration.ANCHOR_PRICE.items())
    level = np.interp(
        [calendar.day_number(day) for day in days],
        [calendar.day_number(day) for day, _ in anchors],
        [np.log(price) for _, price in anchors],
    )
    noise = rng.normal(0, calibration.VALUE_NOISE, len(days))
    disturbance = np.zeros(len(days))
    for step in range(1, len(days)):
        disturbance[step] = (1 - calibration.VALUE_REVERSION) * disturbance[step - 1] + noise[step]
    own = rng.normal(0, 0.002, (len(days), len(VINTAGES)))
    shift = np.array([[shocks.get((day, vintage), 0.0) for vintage in VINTAGES] for day in days])
    spread = np.array([_SPREAD[vintage] for vintage in VINTAGES])
    return np.exp((level + disturbance)[:, None] + own + spread + shift)
