"""What can be held and traded in the market: allowances by vintage, certified emission reductions (CCER)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

OLDER_VINTAGES = 2
# A vintage is listed once its preliminary allocation is booked; older ones and credits from the start.
LISTED_FROM = {2023: date(2024, 7, 1), 2024: date(2025, 4, 21)}


@dataclass(frozen=True)
class Asset:
    """One column of the ledger; without `instrument_id` it is held but not traded within the span."""

    unit_type: str
    vintage: int | None
    instrument_id: str | None
    listed_from: date | None

    @property
    def is_allowance(self) -> bool:
        """Whether it is an allowance rather than a credit."""
        return self.unit_type == "CEA"


def assets_of(compliance_years: tuple[int, ...], first_day: date) -> tuple[Asset, ...]:
    """Older vintages, those of the compliance years, credits, and the vintage that carry-over is reissued as.

    Older vintages are outstanding when the span begins.
    """
    vintages = range(compliance_years[0] - OLDER_VINTAGES, compliance_years[-1] + 1)
    allowances = [
        Asset("CEA", vintage, f"CEA{vintage % 100}", max(LISTED_FROM.get(vintage, first_day), first_day))
        for vintage in vintages
    ]
    carried = Asset("CEA", compliance_years[-1] + 1, None, None)
    return (*allowances, Asset("CCER", None, "CCER", first_day), carried)
