"""Figures that somebody makes up, for single values that are published already.

`emitters.digits` does the same for arrays of the simulated market before they are rounded.
"""

from __future__ import annotations

import numpy as np

_LIKED = np.array([0.02, 0.12, 0.11, 0.15, 0.10, 0.07, 0.11, 0.17, 0.10, 0.05])
_STYLES = ("round", "human", "first")


def invented(value: float, style: str, rng: np.random.Generator) -> float:
    """A figure near `value` with invented digits.

    `round` ends in 0 or 5, `human` has digits that people like, `first` a leading digit drawn evenly.

    Raises:
        ValueError: there is no such style.
    """
    if style not in _STYLES:
        raise ValueError(f"style is {style!r}, expected one of {', '.join(_STYLES)}")
    if not value > 0:
        return value
    size = int(np.floor(np.log10(value)))
    if style == "round":
        step = 5.0 * 10.0 ** (size - 2)
        return float(round(value / step) * step)
    if style == "first":
        leading = int(value // 10.0**size)
        return float(value + (int(rng.integers(1, 10)) - leading) * 10.0**size)
    shown = f"{value:.2f}"
    kept = 2 if len(shown) > 5 else 1
    made = list(shown[:kept])
    for mark in shown[kept:]:
        weights = _LIKED.copy()
        if made[-1].isdigit():
            weights[int(made[-1])] *= 0.15
        made.append(str(rng.choice(10, p=weights / weights.sum())) if mark.isdigit() else mark)
    return float("".join(made))
