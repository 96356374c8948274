"""At what time of a day the registration system books what, in seconds after Shanghai midnight.

The order keeps holdings from becoming negative when the published record is replayed: inflows of a day are
booked before outflows. Between settlement and the end of surrender only these two are booked; planned
movements of that time are moved to the evening.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.calendar import MICROSECONDS

HOUR = 3600.0
BOOKING = 8.5 * HOUR
PAID_BACK = 8.68 * HOUR
CREDITS = 8.75 * HOUR
DEDUCTION = 8.85 * HOUR
DAYTIME = 9.0 * HOUR
SETTLEMENT = 16.5 * HOUR
SETTLEMENT_SECONDS = 1_150.0
TAKEN_BACK = 16.84 * HOUR
RESCUE = 16.88 * HOUR
SURRENDER = 17.0 * HOUR
SURRENDER_SECONDS = 3_000.0
LATE_SETTLEMENT = 18.75 * HOUR
EVENING = 18.0 * HOUR
OVERDRAWN = 22.0 * HOUR
DAY = 24.0 * HOUR


def planned_second(second: float) -> float:
    """When a planned movement is booked: as planned, but never among the registry's own bookings.

    Raises:
        ValueError: the second is not within a day.
    """
    if not 0.0 <= second < DAY:
        raise ValueError(f"a movement's second is {second}, expected from 0 to below {DAY:.0f}")
    if BOOKING <= second < DAYTIME:
        return DAYTIME + (second - BOOKING) / 60
    if SETTLEMENT <= second < EVENING:
        return EVENING + (second - SETTLEMENT) / 6
    return second


def spread(first: int, count: int, seconds: float, pace: float = 1.0) -> np.ndarray:
    """Moments of so many bookings in a row from `first`, `pace` seconds apart or closer, within `seconds`."""
    step = int(min(pace, seconds / max(count, 1)) * MICROSECONDS)
    return first + np.arange(count, dtype=np.int64) * step
