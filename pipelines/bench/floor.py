"""The floor: DuckDB reads every row of a source once and writes it once, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from pipelines.lake.checks import literal
from pipelines.lake.files import list_source
from pipelines.settings import Settings


def copy_source(source: Path, out: Path) -> int:
    """Copy each table to one Parquet file; returns the rows copied."""
    settings = Settings.load()
    out.mkdir(parents=True, exist_ok=True)
    files: dict[str, list[str]] = {}
    for file in list_source(source).files:
        files.setdefault(file.table, []).append(str(file.path))
    rows = 0
    with duckdb.connect(config=settings.duckdb_config) as con:
        for table, paths in files.items():
            names = ", ".join(literal(path) for path in paths)
            reader = "read_parquet" if paths[0].endswith(".parquet") else "read_csv"
            target = literal(str(out / f"{table}.parquet"))
            result = con.execute(
                f"copy (select * from {reader}([{names}])) to {target} (format parquet, compression zstd)"
            )
            rows += result.fetchall()[0][0]
    return rows


if __name__ == "__main__":
    copy_source(Path(sys.argv[1]), Path(sys.argv[2]))
