"""The registration system: who holds what and why, every movement of units, and the surrender of a year.

Belongs here: opening balances, booking of allocations and credits, settlement of trades, transfers within
groups, voluntary cancellation, deductions, surrender, carry-over, and the tables `transfers`, `allocations`
and `compliance`. Does not belong here: how much is allocated (`allocation`), which
projects exist and what they are issued (`world`, `credits`), orders and prices (`trading`).
"""

from pipelines.simulator.registry.system import Registry

__all__ = ["Registry"]
