"""How large a simulated market is: one `Scale` a size, chosen by name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Head counts and coverage of one size of market.

    `hourly_months` is how many months of stack monitors are published, around the last turn of the year (0:
    all months of the trading years); `cases_per_kind` how many known cases of every kind are set;
    `listed_trades_per_year` and `order_events_per_year` about how many a year brings.
    """

    power: int
    cement: int
    steel: int
    aluminium: int
    small_emitters: int
    groups: int
    treasuries: int
    funds: int
    brokers: int
    makers: int
    individuals: int
    consortia: int
    projects: int
    laboratories: int
    verifiers: int
    consultants: int
    parks: int
    years: int
    hourly_months: int
    cases_per_kind: int
    listed_trades_per_year: int
    order_events_per_year: int

    @property
    def entities(self) -> int:
        """Key emitters of all sectors and the small emitters beside them."""
        return self.power + self.cement + self.steel + self.aluminium + self.small_emitters


SCALES = {
    "small": Scale(
        power=84, cement=15, steel=9, aluminium=6, small_emitters=10, groups=24, treasuries=10, funds=30,
        brokers=6, makers=3, individuals=60, consortia=2, projects=24, laboratories=10, verifiers=6,
        consultants=4, parks=6, years=2, hourly_months=6, cases_per_kind=3, listed_trades_per_year=9_000,
        order_events_per_year=60_000,
    ),
    "medium": Scale(
        power=494, cement=226, steel=55, aluminium=25, small_emitters=40, groups=70, treasuries=40, funds=120,
        brokers=20, makers=8, individuals=300, consortia=8, projects=90, laboratories=40, verifiers=24,
        consultants=14, parks=20, years=2, hourly_months=6, cases_per_kind=12, listed_trades_per_year=60_000,
        order_events_per_year=500_000,
    ),
    "national": Scale(
        power=2_087, cement=962, steel=232, aluminium=97, small_emitters=120, groups=220, treasuries=120,
        funds=400, brokers=60, makers=20, individuals=2_400, consortia=25, projects=300, laboratories=140,
        verifiers=90, consultants=50, parks=80, years=1, hourly_months=0, cases_per_kind=20,
        listed_trades_per_year=2_000_000, order_events_per_year=20_000_000,
    ),
}  # fmt: skip


def scale_named(name: str) -> Scale:
    """The scale of that name.

    Raises:
        ValueError: there is no such scale.
    """
    try:
        return SCALES[name]
    except KeyError:
        raise ValueError(
            f"scale is {name!r}, expected one of {', '.join(SCALES)}; choose one of these"
        ) from None
