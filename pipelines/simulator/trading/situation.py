"""What agents see and may do on one day: one object for all agents of the day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np


@dataclass
class Morning:
    """One trading day before it begins. Arrays are by account; money in cents, quantities in t.

    `left` is how many trading days remain until the surrender deadline, this one included; `season` the
    day's part of the year's volume. `sellable` (accounts by assets) is what may still be sold; what is bound
    for a deal is taken off as it is made. `away` are quiet or have no open account, `keeps` sell nothing.
    """

    day: date
    number: int
    left: int
    season: float
    position: np.ndarray
    credit_need: np.ndarray
    holdings: np.ndarray
    sellable: np.ndarray
    limit: np.ndarray
    purse: np.ndarray
    away: np.ndarray
    keeps: np.ndarray
    traded: list[int]
    main: int
    closes: dict[int, int]
    values: np.ndarray


@dataclass
class Floor:
    """One instrument's session before it begins.

    `value` is the public value, `mood` what speculators lean to together, `doubt` how far their judgements
    scatter (log); `chartists` the share that follows the trend. `orders`, `takers` and `size` are about how
    many orders come beside the takers, how many take what stands, and how large a usual one is (t).
    `liveliness` is the share of ordinary trading that takes place.
    """

    day: date
    asset: int
    close: int
    value: float
    mood: float
    doubt: float
    chartists: float
    orders: float
    takers: float
    size: float
    unrest: float
    liveliness: float
