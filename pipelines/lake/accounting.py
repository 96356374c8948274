"""Where the rows of each delivered file went, counted from the lake's record and its excluded rows."""

from __future__ import annotations

from pathlib import Path

import duckdb

from pipelines.lake.parts import TONNES, read_files
from pipelines.lake.state import LakeState


def excluded_rows(lake: Path, state: LakeState) -> str | None:
    """SQL relation of all quarantined and superseded rows that are in force, or None where there are none."""
    return read_files(
        lake / "excluded" / table / period.excluded_file
        for table, periods in state.tables.items()
        for period in periods.values()
        if period.excluded_file
    )


def delivered_files(
    con: duckdb.DuckDBPyConnection, excluded: str | None, state: LakeState
) -> list[dict[str, object]]:
    """One row a delivered file in force, in the columns of `file_accounting`."""
    counted: dict[str, tuple[int, int, int, float | None]] = {}
    if excluded:
        lost = "fate = 'quarantined' and reason <> 'duplicate_row'"
        rows = con.execute(f"""
            select file, count(*) filter (fate = 'superseded'), count(*) filter (fate = 'quarantined'),
                count(*) filter (fate = 'quarantined' and reason = 'duplicate_row'),
                cast(sum(cast(tonnes as {TONNES})) filter ({lost}) as double)
            from {excluded} group by file
        """).fetchall()
        counted = {file: tuple(counts) for file, *counts in rows}
    found = []
    for name, file in state.files.items():
        superseded, quarantined, repeated, tonnes = counted.get(name, (0, 0, 0, None))
        found.append(
            {
                "stage": "lake",
                "table_name": file.table,
                "file": name,
                "rows_in": file.rows,
                "rows_kept": file.rows - superseded - quarantined,
                "rows_superseded": superseded,
                "rows_quarantined": quarantined,
                "rows_without_data": 0,
                "rows_repeated": repeated,
                "tonnes_in": file.tonnes,
                "tonnes_quarantined": None if file.tonnes is None and tonnes is None else tonnes or 0.0,
            }
        )
    return found
