"""Savings: how far inputs lie below what the outputs usually need, and the months in which they do most.

Belongs here: the arithmetic, for many units with equally many months at once, since a national market has
thousands. Does not belong here: which months and inputs are compared, scores, candidates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROUNDS = 20
# Tukey's biweight gives no weight beyond so many scaled MAD.
_BIWEIGHT = 4.685
_SCALED_MAD = 1.4826
# Outputs in constant proportion determine each other; their need is then spread over both.
_PROPORTIONAL = 1e-12


@dataclass(frozen=True)
class Runs:
    """For each unit the run of months that stands out most.

    Attributes:
        first: first month of the run.
        last: one past its last month.
        distance: of the input that stands out least, in standard errors.
        drop: the median saving in the run less that outside, of the input where it is least; log.
    """

    first: np.ndarray
    last: np.ndarray
    distance: np.ndarray
    drop: np.ndarray


def savings(used: np.ndarray, made: np.ndarray) -> np.ndarray:
    """By how much (log) each input lies below what the outputs usually need: units x inputs x months.

    What each output needs comes from a robust regression (Tukey's biweight) of relative errors.

    Args:
        used: units x inputs x months, above 0.
        made: units x months x outputs, each with a month above 0.
    """
    shares = made[:, None] / used[..., None]
    # Outputs have units of measure; columns of equal length keep the normal equations well conditioned.
    shares = shares / np.sqrt((shares**2).sum(axis=2, keepdims=True))
    weights = np.ones(used.shape)
    for _ in range(ROUNDS):
        expected = _fitted(shares, weights)
        errors = expected - 1
        scale = _SCALED_MAD * _deviation(errors) + 1e-6
        weights = np.maximum(1 - (errors / (_BIWEIGHT * scale)) ** 2, 1e-3) ** 2
    return np.log(np.maximum(expected, 1e-9))


def _fitted(shares: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The weighted least-squares fit of 1 by the shares, by month."""
    weighted = (shares * weights[..., None]).swapaxes(-1, -2)
    inverse = np.linalg.pinv(weighted @ shares, rcond=_PROPORTIONAL, hermitian=True)
    needs = inverse @ weighted.sum(axis=-1)[..., None]
    return (shares @ needs)[..., 0]


def lowest_runs(found: np.ndarray, fewest: int, others: int, least_scatter: float) -> Runs:
    """The run of months of each unit that stands out most in all inputs.

    Args:
        found: savings, units x inputs x months.
        fewest: fewest months of a run.
        others: fewest months outside it.
        least_scatter: least standard deviation of a month's saving.
    """
    units, _, count = found.shape
    begin, end = (side[:, None] for side in np.triu_indices(count + 1, 1))
    inside = end - begin
    allowed = ((inside >= fewest) & (count - inside >= others)).ravel()
    begin, end, inside = begin[allowed, 0], end[allowed, 0], inside[allowed, 0]
    sums = np.concatenate([np.zeros((*found.shape[:2], 1)), found.cumsum(axis=2)], axis=2)
    total = sums[..., end] - sums[..., begin]
    gap = total / inside - (sums[..., -1:] - total) / (count - inside)
    spread = _SCALED_MAD * _deviation(np.diff(found, axis=2)) / np.sqrt(2)
    errors = np.maximum(spread, least_scatter) * np.sqrt(1 / inside + 1 / (count - inside))
    distances = (gap / errors).min(axis=1)
    best = distances.argmax(axis=1)
    month = np.arange(count)
    within = (month >= begin[best, None]) & (month < end[best, None])
    drop = _median(found, within[:, None]) - _median(found, ~within[:, None])
    return Runs(begin[best], end[best], distances[np.arange(units), best], drop.min(axis=1))


def _deviation(values: np.ndarray) -> np.ndarray:
    """The median absolute deviation along the last axis, kept as an axis of length 1."""
    middle = _median(values)[..., None]
    return _median(np.abs(values - middle))[..., None]


def _median(values: np.ndarray, chosen: np.ndarray | None = None) -> np.ndarray:
    """The median along the last axis, of the chosen values where a mask is given.

    Sorting is several times as fast as `np.median` for as few values as a unit has months.
    """
    if chosen is None:
        count = values.shape[-1]
        ordered = np.sort(values, axis=-1)
        return (ordered[..., (count - 1) // 2] + ordered[..., count // 2]) / 2
    ordered = np.sort(np.where(chosen, values, np.inf), axis=-1)
    counts = np.broadcast_to(chosen.sum(axis=-1, keepdims=True), (*values.shape[:-1], 1))
    low, high = (np.take_along_axis(ordered, place, axis=-1) for place in ((counts - 1) // 2, counts // 2))
    return ((low + high) / 2)[..., 0]
