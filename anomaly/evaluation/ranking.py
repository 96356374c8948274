"""Figures that depend on the order of alerts: average precision, precision at k, the curve.

Alerts are ordered by falling score. Equal scores have no order among themselves, so that a tie is taken as
one step: no figure depends on the order in which alerts are listed.

All figures take weights, one row a resample and one column an alert or case: a weight of 2 stands for two
copies. The figures themselves are those of weights of 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """A group's alerts by falling score, and when its cases are first found.

    Attributes:
        scores: score of each tie, falling; one entry a tie, as everywhere below where "tie" is said.
        order: the group's alerts (positions in the arrays that the ranking was made from), best first.
        starts: place in `order` at which each tie begins.
        right: for each place in `order`, whether that alert finds a case.
        first: for each case the tie at which it is first found, or -1.
    """

    scores: Floats
    order: Ints
    starts: Ints
    right: NDArray[np.bool_]
    first: Ints


def rank(scores: Floats, cases: int, finds: tuple[Ints, Ints]) -> Ranking:
    """Rank alerts of these scores against so many cases; `finds` pairs positions of alerts with cases'."""
    order = np.argsort(-scores, kind="stable")
    distinct, starts, tie_of_place = np.unique(-scores[order], return_index=True, return_inverse=True)
    tie_of_alert = np.empty(len(scores), np.int64)
    tie_of_alert[order] = tie_of_place
    alert, case = finds
    right = np.zeros(len(scores), np.bool_)
    right[alert] = True
    first = np.full(cases, len(distinct), np.int64)
    np.minimum.at(first, case, tie_of_alert[alert])
    first[first == len(distinct)] = -1
    return Ranking(-distinct, order, starts.astype(np.int64), right[order], first)


@dataclass(frozen=True)
class Taken:
    """How much has been taken, and found right, by the end of each tie: one row a resample."""

    alerts: Ints
    right: Ints

    @property
    def precision(self) -> Floats:
        """Precision after each tie; 0 where nothing has been taken."""
        return self.right / np.maximum(self.alerts, 1)


def take(ranking: Ranking, weights: NDArray[np.integer]) -> Taken:
    """Take the alerts tie by tie; `weights` has a column an alert, in the order before ranking."""
    rows = weights.shape[0]
    if not len(ranking.starts):
        return Taken(np.zeros((rows, 0), np.int64), np.zeros((rows, 0), np.int64))
    ordered = weights[:, ranking.order]
    by_tie = np.add.reduceat(ordered, ranking.starts, axis=1, dtype=np.int64)
    right = np.add.reduceat(ordered * ranking.right, ranking.starts, axis=1, dtype=np.int64)
    return Taken(np.cumsum(by_tie, axis=1), np.cumsum(right, axis=1))


def average_precision(ranking: Ranking, taken: Taken, cases: NDArray[np.integer]) -> Floats:
    """Mean over cases of the precision at the score that first finds them; 0 for a case never found.

    This is the area under precision over recall, taken in steps: recall rises when a case is first found
    and never twice for one case, and is multiplied by the precision after that whole tie. `cases` holds the
    weight of each case; one figure a row.
    """
    found = ranking.first >= 0
    at = taken.precision[:, ranking.first[found]]
    total = cases.sum(axis=1, dtype=np.int64)
    return (at * cases[:, found]).sum(axis=1) / np.maximum(total, 1)


def precision_at(k: int, taken: Taken) -> Floats:
    """Share of right alerts among the first k, or among all where there are fewer; 0 without any.

    Where a tie straddles k, the mean over all its orders: of the places left, the tie's own share is right.
    One figure a row.
    """
    rows, ties = taken.alerts.shape
    if not ties:
        return np.zeros(rows)
    wanted = np.minimum(k, taken.alerts[:, -1])
    tie = np.minimum((taken.alerts < wanted[:, None]).sum(axis=1), ties - 1)
    row = np.arange(rows)
    alerts, right = (np.pad(counts, ((0, 0), (1, 0))) for counts in (taken.alerts, taken.right))
    size = alerts[row, tie + 1] - alerts[row, tie]
    share = (right[row, tie + 1] - right[row, tie]) / np.maximum(size, 1)
    expected = right[row, tie] + (wanted - alerts[row, tie]) * share
    return expected / np.maximum(wanted, 1)


def curve(ranking: Ranking, taken: Taken) -> list[tuple[float, int, int, int]]:
    """One row a tie: its score, and the alerts taken, right ones and cases found by its end."""
    ties = len(ranking.scores)
    newly = np.bincount(ranking.first[ranking.first >= 0], minlength=ties)[:ties]
    columns = (ranking.scores, taken.alerts[0], taken.right[0], np.cumsum(newly))
    return [
        (float(score), int(alerts), int(right), int(found))
        for score, alerts, right, found in zip(*columns, strict=True)
    ]
