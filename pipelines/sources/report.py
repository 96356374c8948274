"""What a reader did with every row it read."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from pipelines.contract.reasons import NOTICED_SHARE


@dataclass(frozen=True)
class ReasonCount:
    """How many rows were quarantined for a reason code of the contract in a column, and one such value.

    `tonnes` is the sum of what these rows state, where the mapping names such a column, in its unit.
    """

    reason: str
    column: str | None
    rows: int
    example: str | None = None
    tonnes: float | None = None

    def __str__(self) -> str:
        """For instance `3 x wrong_type in date, such as '20.07.2021'`."""
        where = "" if self.column is None else f" in {self.column}"
        example = "" if self.example is None else f", such as '{self.example}'"
        stake = f" ({self.tonnes:,.0f} t)" if self.tonnes else ""
        return f"{self.rows:,} x {self.reason}{where}{stake}{example}"


@dataclass(frozen=True)
class ReportLine:
    """One published table: its rows read, written to `table`, quarantined by reason, and without any data.

    read = written + quarantined + without_data. `tonnes_read` is what all of its rows state, where the
    mapping names such a column.
    """

    source: str
    table: str
    read: int
    written: int
    quarantined: int
    reasons: tuple[ReasonCount, ...] = ()
    without_data: int = 0
    tonnes_read: float | None = None

    def __post_init__(self) -> None:
        if self.read != self.written + self.quarantined + self.without_data:
            raise ValueError(
                f"{self.source}: expected rows read = written + quarantined + without data, "
                f"found {self.read} read, {self.written} written, {self.quarantined} quarantined, "
                f"{self.without_data} without data"
            )
        if self.quarantined != sum(reason.rows for reason in self.reasons):
            raise ValueError(
                f"{self.source}: the reasons do not add up to {self.quarantined} rows quarantined"
            )

    @property
    def lost(self) -> int:
        """Quarantined rows except repetitions of a row that was written."""
        return sum(reason.rows for reason in self.reasons if reason.reason != "duplicate_row")

    @property
    def tonnes_lost(self) -> float | None:
        """Tonnes that these rows state; None where the table states none."""
        stated = [r.tonnes for r in self.reasons if r.tonnes is not None and r.reason != "duplicate_row"]
        return None if self.tonnes_read is None and not stated else sum(stated, 0.0)

    @property
    def lost_share(self) -> float:
        """Share of the rows that were lost."""
        return self.lost / self.read if self.read else 0.0

    @property
    def tonnes_lost_share(self) -> float:
        """Share of the tonnes that were lost; 0 where the table states none."""
        read = self.tonnes_read or 0.0
        return (self.tonnes_lost or 0.0) / read if read > 0 else 0.0

    @property
    def warning(self) -> str | None:
        """What is to be said of a table that lost more than a regular one; None of others."""
        if max(self.lost_share, self.tonnes_lost_share) <= NOTICED_SHARE:
            return None
        tonnes = f" with {self.tonnes_lost_share:.1%} of its tonnes" if self.tonnes_lost else ""
        return (
            f"{self.source}: {self.lost:,} of {self.read:,} rows ({self.lost_share:.1%}){tonnes} were "
            f"quarantined; a regular file loses less than {NOTICED_SHARE:.0%}. See _quarantined/ and ask the "
            "sender to correct them."
        )

    @property
    def reason(self) -> str:
        """The reasons in one line, the most frequent first."""
        return "; ".join(str(reason) for reason in self.reasons)


@dataclass(frozen=True)
class InputFile:
    """A file that was read; the digest shows whether two readings had the same input."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class ReadReport:
    """The account of one reading.

    `tables` counts the rows of each contract table, with those that were derived from references.
    `unused_columns` names, per source table, what the contract has no place for.
    """

    format: str
    out: Path
    market: dict[str, str]
    inputs: tuple[InputFile, ...]
    lines: tuple[ReportLine, ...]
    tables: dict[str, int]
    unused_columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def rows(self) -> list[ReportLine]:
        """One line a source table, in the order they were read."""
        return list(self.lines)

    @property
    def quarantined(self) -> int:
        """Rows quarantined over all source tables."""
        return sum(line.quarantined for line in self.lines)

    def as_dict(self) -> dict[str, Any]:
        """The account as plain JSON values; `out` is left out, so equal input gives an equal account."""
        content = asdict(self)
        del content["out"]
        return content
