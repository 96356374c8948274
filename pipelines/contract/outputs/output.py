"""What an output is, and descriptions that several of them have."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.contract.schema import Table

ROW_KEY = "JSON of the key columns and their values"
SEVERITY = "weight of a failure: critical refuses the run, warning and info do not"


@dataclass(frozen=True)
class Output:
    """One handed-over table.

    `after_detectors` marks what is written after the detectors ran and read by the supervision build only.
    `published` names the mart that shows the table unchanged; without it a handwritten mart reads the staging
    model. `identities` are conditions that hold in every row, by the name of their dbt test.
    """

    table: Table
    published: str | None = None
    after_detectors: bool = False
    identities: tuple[tuple[str, str], ...] = ()

    @property
    def by_the_lake(self) -> bool:
        """Whether the lake writes it, before the warehouse is built."""
        return not self.after_detectors

    @property
    def name(self) -> str:
        """Name of the table and of its file."""
        return self.table.name

    def frame(self, rows: list[dict[str, object]]) -> pl.DataFrame:
        """Rows as a frame of the output's columns and types."""
        return pl.DataFrame(rows, schema=self.table.stored_schema, orient="row")
