"""Pass-through: allowances rushed through a chain of young accounts within hours, then sold."""

from __future__ import annotations

from datetime import date

import numpy as np

from pipelines.simulator.cases.stage import Stage, after

# Severity: accounts in the chain, tonnes, minutes between two legs.
_CHAINS = {"faint": (2, 1_500, 95), "plain": (3, 4_000, 50), "blatant": (4, 12_000, 9)}
# Chains begin while companies hold the vintage that is traded.
_OPENED = ((date(2024, 7, 1), date(2024, 10, 31)), (date(2025, 4, 28), date(2025, 9, 20)))


def arrange(stage: Stage, rng: np.random.Generator) -> None:
    """One chain a severity: out of a company's account, through young accounts, onto the market."""
    accounts = stage.world.accounts
    for severity, (count, tonnes, minutes) in _CHAINS.items():
        source = stage.cast.accounts(rng, stage.power, 1)[0]
        chain = _opened_together(stage, rng, count)
        text = f"{tonnes} t through {count} young accounts, {minutes} minutes apart"
        tag = stage.open_case("pass_through", severity, text, stage.account_ids(chain))
        opened = max(accounts.opened_on[account] for account in chain)
        days = [day for day in stage.trading_days if day >= after(opened, int(rng.integers(3, 12)))][:3]
        quantity = tonnes + int(rng.integers(0, 400))
        second = float(rng.uniform(9.6, 10.5)) * 3600
        for giver, taker in zip([source, *chain[:-1]], chain, strict=True):
            stage.movement(tag, days[0], (giver, taker), quantity, second, "other")
            second += minutes * 60 * float(rng.uniform(0.8, 1.2))
        maker = int(rng.choice(accounts.with_role("maker")))
        stage.deal(tag, days[1], (chain[-1], maker), quantity, float(rng.uniform(300, 9_000)))


def _opened_together(stage: Stage, rng: np.random.Generator, count: int) -> list[int]:
    """Free private accounts that were opened soon after one another."""
    opened = stage.world.accounts.opened_on
    young = [
        account
        for account in stage.world.accounts.with_role("individual").tolist()
        if any(first <= opened[account] <= last for first, last in _OPENED)
    ]
    seed = stage.cast.accounts(rng, young, 1)
    near = sorted(young, key=lambda account: abs((opened[account] - opened[seed[0]]).days))
    for account in near:
        if len(seed) == count:
            break
        if account not in seed and stage.cast.is_free(account):
            seed += stage.cast.accounts(rng, [account], 1)
    return sorted(seed, key=lambda account: opened[account])
