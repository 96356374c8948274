"""Off-market blocks: large agreed trades far from the listed market for no reason, inside the block limit."""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.simulator.cases.stage import Stage

_DISCOUNTS = {"faint": 0.12, "plain": 0.20, "blatant": 0.28}
_FROM, _UNTIL = date(2024, 8, 19), date(2024, 10, 25)


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """One block a severity between a power company and an unrelated trader."""
    for severity, discount in _DISCOUNTS.items():
        seller = stage.cast.accounts(rng, stage.power, 1)[0]
        buyer = stage.cast.accounts(rng, stage.traders, 1)[0]
        text = f"block {discount:.0%} below the previous close"
        tag = stage.open_case("off_market_block", severity, text, stage.account_ids([seller, buyer]))
        day = stage.days_from(rng, _FROM, _UNTIL, 1)[0]
        quantity = 100_000 + int(rng.integers(0, 60)) * 1_000
        stage.deal(tag, day, (seller, buyer), quantity, float(rng.uniform(7_300, 13_500)), discount=discount)
