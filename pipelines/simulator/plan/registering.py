"""Arrangements in the registration system: transfers, surrender, credits, carry-over, allocation, faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class Movement:
    """A transfer that is no trade, `second` after that day's midnight; less of it where less is held."""

    day: date
    second: float
    asset: int
    giver: int
    taker: int
    quantity: int
    kind: str
    tag: int = 0


@dataclass(frozen=True)
class LedgerFault:
    """A booking that the registration system gets wrong on that day, at one account's trades or transfers.

    Lawful ones: `late` settles a trade hours later on the same day; `reversed` books
    `quantity` tonnes too many beside one and takes them back the same afternoon, by `internal` transfers.
    Wrong ones: `unsettled` leaves out the settlement of one of the account's trades of that day; `twice`
    settles one twice; `misbooked` settles one with `quantity` tonnes too few; `overdrawn` publishes a
    transfer of `quantity` tonnes more than the account holds. The true holdings stay as they are: it is the
    published record that is wrong. Without a trade that day the next day with one counts.
    """

    day: date
    account: int
    action: str
    quantity: int = 0
    tag: int = 0


@dataclass(frozen=True)
class DecidedPenalty:
    """A decision of the authority against an account's holder that becomes known on that day."""

    day: date
    account: int
    violation: str
    fine_cny: int
    allowance_deduction: int | None = None
    tag: int = 0


@dataclass(frozen=True)
class Adjustment:
    """A final allocation that an adjustment follows: together they come to `total` times the method's.

    The final decision states `final` times what the method gives; a row of stage `adjustment`, decided
    on `decided_on` and booked soon after, the difference to `total`. A lawful correction has a `total` of 1.
    """

    decided_on: date
    final: float
    total: float = 1.0


@dataclass
class RegistryPlan:
    """What is arranged in the registry; keys are (entity, compliance year) unless said otherwise.

    `surrender_share`: part of the obligation that is surrendered by the deadline. `surrendered_late`:
    the day on which the rest is, if ever. `offset_share`: credits surrendered as a part of the obligation
    (routine: what is worth it, at most the cap). `allocation_factor` multiplies the final allocation that the
    method gives. `carry_over_factor` (by entity) multiplies the most that may be carried over.
    `unlisted`: entities that the list of key emitters leaves out although they emit.
    `opening` (account, asset) adds to what an account holds when the record opens.
    `surrender_parts`: an obligation met in several parts, each a day, a second after midnight and a share;
    their sum is the share of the obligation surrendered. `adjustments`: final allocations that are adjusted.
    `exits` (by small emitter): a company that was listed once and left the list lawfully on that day.
    `tags` by (what, entity, compliance year): what comes of it carries the tag; `what` is `allocation` (its
    rows of `allocations` and the booking), `surrender` and `offset` (the `compliance` row and the surrender
    transfers), or `carry_over` (the transfers, only if the bound really is exceeded).
    """

    movements: list[Movement] = field(default_factory=list)
    faults: list[LedgerFault] = field(default_factory=list)
    surrender_share: dict[tuple[int, int], float] = field(default_factory=dict)
    surrendered_late: dict[tuple[int, int], date] = field(default_factory=dict)
    offset_share: dict[tuple[int, int], float] = field(default_factory=dict)
    allocation_factor: dict[tuple[int, int], float] = field(default_factory=dict)
    carry_over_factor: dict[int, float] = field(default_factory=dict)
    unlisted: set[int] = field(default_factory=set)
    opening: dict[tuple[int, int], int] = field(default_factory=dict)
    penalties: list[DecidedPenalty] = field(default_factory=list)
    surrender_parts: dict[tuple[int, int], tuple[tuple[date, float, float], ...]] = field(
        default_factory=dict
    )
    adjustments: dict[tuple[int, int], Adjustment] = field(default_factory=dict)
    exits: dict[int, date] = field(default_factory=dict)
    tags: dict[tuple[str, int, int], int] = field(default_factory=dict)
