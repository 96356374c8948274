"""Expected emissions of unit years: how unusual is the reported CO2 among peers?

Two views of the same figure, each learned by gradient boosting on the other entities' units:

- CO2 per GJ of heat input (higher heating value in CAMPD): low when CO2 alone is understated;
- CO2 per MWh of gross load: low as well when fuel and CO2 are understated together.

A unit year takes the view in which it is the more abnormal. Expectations are cross-fitted over
entities, so neither a unit nor its neighbours at one site explain themselves. Residuals are scaled
within a fuel group, each side by itself, and become a conformal p-value and a score.

The data does not say which share of the heat came from co-fired gas. Gas reaches a site, not one
boiler: where a coal unit lists gas, what the site's other coal units with gas fall short of expectation is
taken as explained, and no more than that. The unit's own figure has no part in it. A gas unit may
compute CO2 from heat input, so a perfect ratio per GJ there proves nothing; only a deviation says something.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import GroupKFold
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from models import calibration
from models.features import CATEGORICAL, FEATURES, TARGETS, matrix, unit_year_features

MODEL_ID = "expected_emissions"
MODEL_VERSION = "1.0.0"
COFIRING_GROUPS = ("coal_and_gas", "coal_with_gas")
OUTPUT_SCHEMA: dict[str, Any] = {
    "unit_id": pl.String,
    "year": pl.Int64,
    "period": pl.String,
    "model_id": pl.String,
    "model_version": pl.String,
    "fuel_group": pl.String,
    "target": pl.String,
    "actual": pl.Float64,
    "expected": pl.Float64,
    "lower_05": pl.Float64,
    "upper_95": pl.Float64,
    "residual_log": pl.Float64,
    "score": pl.Float64,
    "p_value": pl.Float64,
    "is_low": pl.Boolean,
    "peer_count": pl.Int64,
}


class ExpectedEmissions(BaseEstimator):
    """Cross-fitted median of log CO2 rates with bands per fuel group.

    Args:
        n_splits: folds of entities.
        min_peers: unit years that a fuel group needs in a view; below it the group gets no score.
        min_hours: a year with fewer operating hours is all start-up and is not compared.
        relative_floor: smallest scale of log residuals; annual CO2 is not known better than this.
        high_weight: weight of a report above expectation against one below.
        max_iter: boosting rounds.
        random_state: seed.

    Attributes:
        scores_: one row a unit and year, `OUTPUT_SCHEMA`.
        views_: by target, one row a unit and year with the distance and the scale of its group.
        unscored_: fuel groups and views that had too few peers, one row each.
        metrics_: figures of the fit by view.
        features_: the feature frame that was fitted, sorted by unit and year.

    References:
        Conformal p-values: Bates et al., Testing for outliers with conformal p-values, Ann. Stat. 2023.
    """

    def __init__(
        self,
        n_splits: int = 5,
        min_peers: int = 30,
        min_hours: float = 100.0,
        relative_floor: float = 0.02,
        high_weight: float = 0.5,
        max_iter: int = 60,
        random_state: int = 20210716,
    ) -> None:
        self.n_splits = n_splits
        self.min_peers = min_peers
        self.min_hours = min_hours
        self.relative_floor = relative_floor
        self.high_weight = high_weight
        self.max_iter = max_iter
        self.random_state = random_state

    def fit(self, unit_years: pl.DataFrame, y: object = None) -> ExpectedEmissions:
        """Fit both views to the rows of `fct_unit_years` and score those same rows."""
        self.features_ = unit_year_features(unit_years)
        self.metrics_: dict[str, dict[str, float]] = {}
        unscored: list[dict[str, object]] = []
        # A few thousand rows are too little work for several threads: on a busy machine, threads that wait
        # for each other take many times as long.
        with threadpool_limits(limits=1):
            self.views_ = {target: self._view(target, unscored) for target in TARGETS}
        self.unscored_ = pl.DataFrame(
            unscored, schema={"fuel_group": pl.String, "target": pl.String, "peer_count": pl.Int64}
        )
        self.scores_ = _more_abnormal(pl.concat(self.views_.values()))
        return self

    def score_frame(self) -> pl.DataFrame:
        """The scored unit years, one row each."""
        check_is_fitted(self, "scores_")
        return self.scores_

    def _view(self, target: str, unscored: list[dict[str, object]]) -> pl.DataFrame:
        usable = pl.col(f"y_{target}").is_not_null() & (pl.col("operating_hours") >= self.min_hours)
        rows = self.features_.filter(usable)
        sizes = rows.group_by("fuel_group").len().sort("fuel_group")
        for group, size in sizes.iter_rows():
            if size < self.min_peers:
                unscored.append({"fuel_group": group, "target": target, "peer_count": size})
        rows = rows.filter(pl.len().over("fuel_group") >= self.min_peers)
        if rows.is_empty():
            return pl.DataFrame(schema={**OUTPUT_SCHEMA, "abnormality": pl.Float64, "low_scale": pl.Float64})
        expected = self._cross_fit(rows, target)
        scored = self._calibrate(rows, target, expected)
        residual = scored["residual_log"].to_numpy()
        self.metrics_[target] = {
            "rows": float(rows.height),
            "median_absolute_residual": float(np.median(np.abs(residual))),
            "inside_90_band": float(
                scored.select(pl.col("actual").is_between("lower_05", "upper_95").mean()).item()
            ),
        }
        return scored

    def _cross_fit(self, rows: pl.DataFrame, target: str) -> np.ndarray:
        """Expected log rate of each row, from a model that saw none of its entity's units."""
        group_median = rows.select(pl.col(f"y_{target}").median().over("fuel_group")).to_series().to_numpy()
        x = matrix(rows, target)
        y = rows[f"y_{target}"].to_numpy() - group_median
        owners = rows.select(pl.coalesce("entity_id", "unit_id")).to_series().to_numpy()
        splits = min(self.n_splits, len(np.unique(owners)))
        if splits < 2:
            return group_median
        predicted = np.zeros_like(y)
        for train, test in GroupKFold(n_splits=splits).split(x, y, owners):
            predicted[test] = self._regressor().fit(x[train], y[train]).predict(x[test])
        return group_median + predicted

    def _regressor(self) -> HistGradientBoostingRegressor:
        return HistGradientBoostingRegressor(
            loss="absolute_error",
            max_iter=self.max_iter,
            max_leaf_nodes=15,
            min_samples_leaf=15,
            learning_rate=0.1,
            early_stopping=False,
            categorical_features=[name in CATEGORICAL for name in FEATURES],
            random_state=self.random_state,
        )

    def _calibrate(self, rows: pl.DataFrame, target: str, expected: np.ndarray) -> pl.DataFrame:
        y = rows[f"y_{target}"].to_numpy()
        expected = expected + _explained_by_site(rows, y - expected)
        residual = y - expected
        widening = _widening(residual, rows["operating_hours"].to_numpy())
        groups = rows["fuel_group"].to_numpy()
        columns = {
            name: np.zeros_like(y) for name in ("abnormality", "p_value", "low", "high", "shift", "low_scale")
        }
        peers = np.zeros(y.size, dtype=np.int64)
        for group in np.unique(groups):
            at = np.flatnonzero(groups == group)
            part = residual[at] / widening[at]
            centre, lower, upper = calibration.side_scales(part, self.relative_floor)
            far = calibration.nonconformity(
                (centre - part) / lower, (part - centre) / upper, self.high_weight
            )
            low, high = np.quantile(part, [0.05, 0.95])
            columns["abnormality"][at] = far
            columns["p_value"][at] = np.minimum(len(TARGETS) * calibration.conformal_p(far), 1.0)
            columns["low"][at] = expected[at] + low * widening[at]
            columns["high"][at] = expected[at] + high * widening[at]
            columns["shift"][at] = centre * widening[at]
            columns["low_scale"][at] = lower * widening[at]
            peers[at] = at.size
        centred = expected + columns["shift"]
        return rows.select("unit_id", pl.col("year").cast(pl.Int64), "period", "fuel_group").with_columns(
            model_id=pl.lit(MODEL_ID),
            model_version=pl.lit(MODEL_VERSION),
            target=pl.lit(target),
            actual=pl.Series(np.exp(y)),
            expected=pl.Series(np.exp(centred)),
            lower_05=pl.Series(np.exp(columns["low"])),
            upper_95=pl.Series(np.exp(columns["high"])),
            residual_log=pl.Series(y - centred),
            score=pl.Series(calibration.score_of(columns["abnormality"])),
            p_value=pl.Series(columns["p_value"]),
            is_low=pl.Series(y < centred),
            peer_count=pl.Series(peers),
            abnormality=pl.Series(columns["abnormality"]),
            low_scale=pl.Series(columns["low_scale"]),
        ).select(*OUTPUT_SCHEMA, "abnormality", "low_scale")  # fmt: skip


def _explained_by_site(rows: pl.DataFrame, residual: np.ndarray) -> np.ndarray:
    """How far below expectation the site's other coal units with gas are, at most as far as the unit is.

    Zero for a unit at or above expectation, for fuels without co-fired gas and for a unit without
    such neighbours, so a neighbour's false report cannot make an honest unit look too high.
    """
    shared = rows.select("unit_id", "year", owner=pl.coalesce("entity_id", "unit_id")).with_columns(
        pl.Series("row", np.arange(rows.height)), pl.Series("residual", residual)
    )
    cofiring = shared.filter(rows["fuel_group"].is_in(COFIRING_GROUPS))
    neighbours = (
        cofiring.join(cofiring, on=["owner", "year"], suffix="_other")
        .filter(pl.col("unit_id") != pl.col("unit_id_other"))
        .group_by("row")
        .agg(pl.col("residual_other").median())
    )
    shift = np.zeros_like(residual)
    at = neighbours["row"].to_numpy()
    shift[at] = np.clip(neighbours["residual_other"].to_numpy(), np.minimum(residual[at], 0.0), 0.0)
    return shift


def _widening(residual: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """How much wider residuals are in years of few operating hours, at least 1: start-ups weigh more."""
    edges = np.array([500.0, 2000.0])
    bins = np.digitize(hours, edges)
    spread = np.array(
        [np.median(np.abs(residual[bins == b])) if np.sum(bins == b) >= 20 else np.nan for b in range(3)]
    )
    base = spread[2] if np.isfinite(spread[2]) and spread[2] > 0 else np.nan
    ratio = np.where(np.isfinite(spread / base), np.clip(spread / base, 1.0, 5.0), 1.0)
    return ratio[bins]


def _more_abnormal(views: pl.DataFrame) -> pl.DataFrame:
    """One row a unit and year: the view that is further from expectation; a tie goes by target name."""
    return (
        views.sort(["unit_id", "year", "abnormality", "target"], descending=[False, False, True, False])
        .unique(["unit_id", "year"], keep="first", maintain_order=True)
        .select(*(pl.col(name).cast(kind) for name, kind in OUTPUT_SCHEMA.items()))
    )


def score_unit_years(unit_years: pl.DataFrame, random_state: int | None = None) -> ExpectedEmissions:
    """Fit the model to all unit years and return it; `.score_frame()` is the mart `expected_emissions`."""
    model = ExpectedEmissions() if random_state is None else ExpectedEmissions(random_state=random_state)
    return model.fit(unit_years)
