"""From residuals to comparable figures: robust scales, conformal p-values, scores.

Belongs here: distribution-free arithmetic that any model may use. Nothing here knows a unit or a fuel.
"""

from __future__ import annotations

import numpy as np

Z_75, Z_90 = 0.6745, 1.2816
HALF_SCORE_AT = 4.0


def side_scales(residuals: np.ndarray, floor: float) -> tuple[float, float, float]:
    """Centre, lower scale and upper scale of residuals, each side by itself.

    A side's scale is the larger of its quartile's and its decile's distance, as standard deviations of
    a normal. Up to a tenth of false reports on one side do not change it, while a group with many
    honest low values (co-fired gas) still gets the wide band that they deserve.
    """
    q10, q25, centre, q75, q90 = np.quantile(residuals, [0.10, 0.25, 0.50, 0.75, 0.90])
    lower = max((centre - q25) / Z_75, (centre - q10) / Z_90, floor)
    upper = max((q75 - centre) / Z_75, (q90 - centre) / Z_90, floor)
    return float(centre), float(lower), float(upper)


def nonconformity(
    standardised_low: np.ndarray, standardised_high: np.ndarray, high_weight: float
) -> np.ndarray:
    """One figure a row: distance below expectation, or a discounted distance above it."""
    return np.maximum(np.maximum(standardised_low, 0.0), high_weight * np.maximum(standardised_high, 0.0))


def conformal_p(values: np.ndarray) -> np.ndarray:
    """For each value the share of its peers, itself included, that are at least as large.

    With residuals from cross-fitting this is (1 + #{others >= it}) / n: valid when peers are
    exchangeable, conservative when some of them are themselves abnormal.
    """
    ordered = np.sort(values)
    return (values.size - np.searchsorted(ordered, values, side="left")) / values.size


def score_of(values: np.ndarray) -> np.ndarray:
    """Non-negative distance in scales to 0..1: 0 at 0, one half at HALF_SCORE_AT, towards 1 beyond.

    It keeps the order where a p-value from a few hundred peers would tie.
    """
    squared = np.square(values / HALF_SCORE_AT)
    return squared / (1.0 + squared)
