"""Figures that somebody makes up: near the truth, with the digits that people choose.

For arrays of the simulated market, before they are rounded. `injection.digits` does the same for single
values that are published already, whose printed digits have to be kept in part.
"""

from __future__ import annotations

import numpy as np

from pipelines.simulator.plan.emitting import InventedDigits

_KEPT = 3  # leading digits that whoever makes up a figure keeps from what is expected
# How readily people choose each digit from 0 to 9, own.
_LIKED = np.array([0.02, 0.09, 0.10, 0.18, 0.11, 0.09, 0.11, 0.18, 0.08, 0.04])


def invented(
    values: np.ndarray, edit: InventedDigits, decimals: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The figures with a share of them made up, printed to so many decimals, and which ones are.

    Figures that are zero or missing stay as they are.
    """
    chosen = (rng.random(values.shape) < edit.share) & np.isfinite(values) & (values > 0)
    made = {"round": _rounded, "human": _human, "first": _first}[edit.style](
        np.where(chosen, values, 1.0), decimals, rng
    )
    return np.where(chosen, np.round(made, decimals), values), chosen


def _magnitude(values: np.ndarray) -> np.ndarray:
    return np.asarray(np.floor(np.log10(values)))


def _rounded(values: np.ndarray, decimals: int, rng: np.random.Generator) -> np.ndarray:
    """To the nearest 5 of the digit after those that are kept, never finer than what is printed."""
    step = 5 * 10.0 ** np.maximum(_magnitude(values) - _KEPT, -decimals)
    return np.asarray(np.maximum(np.round(values / step), 1.0) * step)


def _human(values: np.ndarray, decimals: int, rng: np.random.Generator) -> np.ndarray:
    """Leading digits kept, every one after them chosen: seldom a zero, never the one before again."""
    place = _magnitude(values) - _KEPT + 1
    out = np.floor(values / 10.0**place) * 10.0**place
    last = np.floor(values / 10.0**place).astype(int) % 10
    for _ in range(int(place.max()) + decimals):
        place = place - 1
        wanted = np.where(np.arange(10) == last[..., None], 0.0, _LIKED)
        bounds = np.cumsum(wanted, axis=-1)
        draw = rng.random(values.shape)[..., None] * bounds[..., -1:]
        digit = (draw > bounds).sum(-1)
        printed = place >= -decimals
        out = out + np.where(printed, digit * 10.0**place, 0.0)
        last = np.where(printed, digit, last)
    return np.asarray(out)


def _first(values: np.ndarray, decimals: int, rng: np.random.Generator) -> np.ndarray:
    """The leading digit drawn evenly, what follows it kept."""
    unit = 10.0 ** _magnitude(values)
    return np.asarray((rng.integers(1, 10, values.shape) + values / unit % 1) * unit)
