"""Surrender shortfalls: a company gives up less than it owes, from a sliver to nearly everything."""

from __future__ import annotations

import numpy as np

from pipelines.simulator.cases.stage import Stage

_SHARES = (("faint", 2023, 0.997), ("plain", 2023, 0.92), ("plain", 2024, 0.85), ("blatant", 2024, 0.35))


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """One case a line; the company trades as if it owed only what it means to surrender."""
    for severity, year, share in _SHARES:
        entity = stage.cast.accounts(rng, stage.power, 1)[0]
        stage.plan.surrender_share[entity, year] = share
        code = stage.world.entities.id[entity]
        stage.open_case(
            "surrender_shortfall",
            severity,
            f"{1 - share:.1%} of the obligation not surrendered",
            [code],
            stage.year_window(year),
            {"compliance": [[code, year]]},
        )
