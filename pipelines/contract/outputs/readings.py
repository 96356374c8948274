"""What a reader of a published format leaves beside its source tables, for the lake to count."""

from __future__ import annotations

from pipelines.contract.outputs.lake import QUARANTINE
from pipelines.contract.schema import Column, Table
from pipelines.contract.tables import TABLES

READER_QUARANTINE = Table(
    name="quarantine",
    description="Rows that a reader of a published format quarantined. One row a published row.",
    key=("file", "row_number"),
    columns=(
        Column(
            "table_name", "string", enum=tuple(TABLES), description="contract table that the row belongs to"
        ),
        *(
            QUARANTINE.table.column(name)
            for name in ("record_key", "reason", "column_name", "value", "file", "row_number")
        ),
    ),
)
"""The file `_quarantined/rows.parquet` beside a reading's source tables, which the lake counts."""

READER_QUARANTINE_FILE = "_quarantined/rows.parquet"
