"""What a reader of a published format leaves beside its source tables, for the lake to count."""

from __future__ import annotations

from pipelines.contract.outputs.lake import FILE_ACCOUNTING, QUARANTINE
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
            for name in ("record_key", "reason", "column_name", "value", "file", "row_number", "tonnes")
        ),
    ),
)
"""The file `_quarantined/rows.parquet` beside a reading's source tables, which the lake counts."""

READER_FILES = Table(
    name="files",
    description="What a reader of a published format did with the rows of each file. One row a contract "
    "table and published file or sheet.",
    key=("table_name", "file"),
    columns=(
        READER_QUARANTINE.column("table_name"),
        *(
            FILE_ACCOUNTING.table.column(name)
            for name in (
                "file",
                "rows_in",
                "rows_kept",
                "rows_quarantined",
                "rows_without_data",
                "rows_repeated",
                "tonnes_in",
                "tonnes_quarantined",
            )
        ),
    ),
)
"""The file `_quarantined/files.parquet`, which the lake adds to the accounting by file."""

READER_TABLES = {"_quarantined/rows.parquet": READER_QUARANTINE, "_quarantined/files.parquet": READER_FILES}
"""What a reader leaves beside its source tables, by path within the source directory."""
