"""What a gate gives back: one row an expectation, and whether the gate is passed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

SKIPPED = "suite_skipped"


class CheckError(RuntimeError):
    """A check itself broke; it says nothing about the data and is never reported as a failed check."""


@dataclass(frozen=True)
class QualityResult:
    """One expectation in one gate: the columns of `fct_quality_results`.

    `expectation` is the check's name, after its suite's name where that is not the table's. `success` is
    None where nothing could be judged: the table is absent or empty, or the figure has no value in any
    row. `element_count` counts the values looked at. `why` is the policy's reason, None of a skipped suite.
    """

    gate: str
    table_name: str
    expectation: str
    column_name: str | None
    severity: str
    success: bool | None
    observed: str | None
    expected: str | None
    unexpected_count: int | None
    element_count: int | None
    rule_ref: str | None
    description_zh: str
    description_en: str
    why_zh: str | None
    why_en: str | None
    position: int

    @property
    def suite(self) -> str:
        """Name of the suite that the expectation belongs to."""
        suite, dot, _ = self.expectation.partition(".")
        return suite if dot else self.table_name


@dataclass(frozen=True)
class GateResult:
    """All results of a gate, in the order of its suites."""

    gate: str
    results: tuple[QualityResult, ...]

    def failed(self, severity: str) -> tuple[QualityResult, ...]:
        """Failed expectations of that severity."""
        return tuple(row for row in self.results if row.success is False and row.severity == severity)

    @property
    def refusals(self) -> tuple[QualityResult, ...]:
        """Failed critical expectations: why the run is refused."""
        return self.failed("critical")

    @property
    def passed(self) -> bool:
        """False only if a critical expectation failed."""
        return not self.refusals

    @property
    def skipped(self) -> tuple[QualityResult, ...]:
        """Suites that had no table to look at."""
        return tuple(row for row in self.results if row.expectation.endswith(SKIPPED))

    @property
    def counts(self) -> dict[str, int]:
        """Numbers for the manifest: expectations met, not judged and failed by severity."""
        return {
            "passed": sum(row.success is True for row in self.results),
            "not_judged": sum(row.success is None for row in self.results),
            "critical": len(self.refusals),
            "warnings": len(self.failed("warning")),
            "info": len(self.failed("info")),
        }

    def rows(self) -> list[dict[str, Any]]:
        """Results as plain rows, for a frame or for JSON."""
        return [asdict(row) for row in self.results]
