"""The floor: DuckDB reads every row of a source once and writes it once, and nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

from pipelines.core.settings import Settings
from pipelines.core.sql import literal


def source_files(source: Path) -> list[Path]:
    """The table files of a source, sorted."""
    return sorted(path for path in source.rglob("*") if path.name.endswith((".parquet", ".csv", ".csv.gz")))


def copy_source(source: Path, out: Path) -> int:
    """Copy each file of the source to Parquet; returns the rows copied."""
    out.mkdir(parents=True, exist_ok=True)
    rows = 0
    with duckdb.connect(config=Settings.load().duckdb_config) as con:
        for number, path in enumerate(source_files(source)):
            reader = "read_parquet" if path.suffix == ".parquet" else "read_csv"
            query = f"select * from {reader}({literal(str(path))})"
            target = literal(str(out / f"{number}.parquet"))
            result = con.execute(f"copy ({query}) to {target} (format parquet, compression zstd)")
            rows += result.fetchall()[0][0]
    return rows


if __name__ == "__main__":
    print(copy_source(Path(sys.argv[1]), Path(sys.argv[2])))
