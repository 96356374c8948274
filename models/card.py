"""The model card of the expected-emissions model, written from a fitted model's own figures.

Belongs here: the card's text. Does not belong here: figures that nobody measured.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from models import calibration
from models.expected_emissions import MODEL_ID, MODEL_VERSION, ExpectedEmissions
from models.features import FEATURES, TARGETS

_UNDERSTATED = (0.95, 0.9, 0.8, 0.7, 0.5)


def _table(header: tuple[str, ...], rows: Sequence[tuple[object, ...]]) -> str:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def _detectable(view: pl.DataFrame) -> list[tuple[object, ...]]:
    """By fuel group: unit years that would score one half or more if a share of their CO2 were reported.

    Computed on the fitted bands: residuals shift by the log of the share, the band stays. It shows
    what the band can separate, not what a retraining with false reports inside would give.
    """
    rows: list[tuple[object, ...]] = []
    for group in view["fuel_group"].unique().sort():
        part = view.filter(pl.col("fuel_group") == group)
        residual, scale = part["residual_log"].to_numpy(), part["low_scale"].to_numpy()
        found = []
        for left in (1.0, *_UNDERSTATED):
            far = np.maximum(-(residual + np.log(left)) / scale, 0.0)
            found.append(f"{np.mean(calibration.score_of(far) >= 0.5):.1%}")
        rows.append((group, part.height, *found))
    return rows


def _groups(fitted: ExpectedEmissions) -> list[tuple[object, ...]]:
    summary = (
        pl.concat(fitted.views_.values())
        .group_by("fuel_group", "target")
        .agg(
            pl.len().alias("rows"),
            pl.col("unit_id").n_unique().alias("units"),
            (pl.col("residual_log").abs().median() * 100).alias("residual"),
            pl.col("actual").is_between("lower_05", "upper_95").mean().alias("inside"),
            pl.col("score").quantile(0.95).alias("q95"),
        )
        .sort("fuel_group", "target")
    )
    return [(g, t, n, u, f"{r:.2f} %", f"{i:.1%}", f"{q:.3f}") for g, t, n, u, r, i, q in summary.iter_rows()]


def model_card(fitted: ExpectedEmissions, data_name: str = "the unit years of the run") -> str:
    """The card as Markdown: purpose, data, features, figures, limits."""
    rows = fitted.features_
    first, last = rows.select(first=pl.col("year").min(), last=pl.col("year").max()).row(0)
    window = "no rows" if rows.is_empty() else f"{first} to {last}, {rows.height} unit years"
    views = [
        (name, int(m["rows"]), f"{m['median_absolute_residual']:.4f}", f"{m['inside_90_band']:.1%}")
        for name, m in sorted(fitted.metrics_.items())
    ]
    unscored = [tuple(row) for row in fitted.unscored_.sort("fuel_group", "target").iter_rows()]
    params = ", ".join(f"`{name}={value}`" for name, value in sorted(fitted.get_params().items()))
    sections = [
        f"# Model card: {MODEL_ID} {MODEL_VERSION}",
        "Generated from the fitted model; do not edit.",
        "## Purpose and owner",
        "Says how far a unit's reported CO2 lies from that of comparable units in a year. It helps an "
        "inspector to choose where to look. It is not proof and gives no alert: the thresholds are "
        "policy (`anomaly/policy.yml`) and are approved by whoever signs that file.",
        "## Training window",
        f"{data_name[0].upper()}{data_name[1:]}: {window}. "
        "Trained again on every run from the published unit years; the manifest beside the "
        "scores keeps the hash of its data.",
        "## Features",
        ", ".join(f"`{name}`" for name in FEATURES)
        + ". For CO2 per MWh the heat input is hidden, so that fuel and CO2 understated together do not "
        "explain each other.",
        "## Exclusions",
        f"Years under {fitted.min_hours:.0f} operating hours, rows without CO2 or denominator, and fuel "
        f"groups with fewer than {fitted.min_peers} unit years in a view:",
        _table(("fuel group", "view", "unit years"), unscored) if unscored else "none in this training.",
        "## Method and parameters",
        f"{fitted.n_splits}-fold cross-fitting over entities, gradient boosting on absolute error, "
        "residual scales per fuel group and side, conformal p-values times two for the two views. "
        f"Score one half at {calibration.HALF_SCORE_AT:g} scales below expectation. {params}.",
        "## Calibration and figures",
        _table(("view", "rows", "median absolute log residual", "inside the 90 % band"), views),
        _table(
            ("fuel group", "view", "unit years", "units", "residual", "inside band", "95 % score below"),
            _groups(fitted),
        ),
        "## What understating would show",
        "Share of unit years whose CO2 per GJ would score one half or more if only the given share of CO2 "
        "were reported; the first column is as reported:",
        _table(
            ("fuel group", "unit years", "as reported", *(f"{left:.0%}" for left in _UNDERSTATED)),
            _detectable(fitted.views_[TARGETS[0]]),
        ),
        "## Known failures",
        "- Units that list gas beside coal: a lower rate may be honest co-firing, and the share of gas "
        "is not in the data. A site whose units all understate explains itself; a lone unit that really "
        "burns gas looks suspicious.\n"
        "- A co-fired fuel that the source does not list looks like understated CO2.\n"
        "- Gas units may compute CO2 from heat input; a ratio that fits proves nothing there.\n"
        "- Fuel and CO2 understated together show only in CO2 per MWh, whose band is several times wider; "
        "steam sold beside electricity widens it further.\n"
        "- If more than about a tenth of a group understates, the band follows it down.",
        "## Drift and retirement",
        "Compare the median absolute residual and the share inside the band with the last training's "
        "manifest. Retire the model when the heat-input basis (higher or lower heating value) of the "
        "source changes within the window, or when hourly monitoring replaces annual totals.",
    ]  # fmt: skip
    return "\n\n".join(sections) + "\n"
