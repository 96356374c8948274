"""Where the rows of a delivered file stand in the lake, and how they are read back.

A delivered file becomes one part for each period it has sound rows of, and one file of its faulty rows.
The period is in the name of the part's folder, `period=2025-01`, as Hive writes partitions; it is read from
there alone, since a folder further up may look like a partition too. A part has the contract's columns and
`_row`, the row's number in the delivered file. A Parquet file of one period without a fault is a part as it
is: it has no `_row`, since its rows stand where they stood. A part is written once and never changed. The
order of delivery is given by `_row`, not by a row's place in the part.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipelines.contract.checks import without_zone
from pipelines.contract.schema import Table
from pipelines.core.sql import literal, path_literal, quoted
from pipelines.lake.state import FileState, LakeState, PeriodState

PARQUET = "format parquet, compression zstd, parquet_version v2"
"""How the lake writes; version 2 stores row numbers and times as differences, next to nothing."""

ROW_NUMBER = "_row"

PERIOD = "regexp_extract(filename, 'period=([^/]*)/[^/]*$', 1)"
"""SQL of the period of a part's rows; a condition on it reads only the files of its periods.

dbt reads parts in the same way (macro `table_statements`).
"""

TONNES = "decimal(18, 3)"
"""Type in which tonnes are added up: exact, so that a sum does not depend on the order of rows."""


def as_tonnes(number: str) -> str:
    """SQL of a number as tonnes; null where it is beyond any amount of a market or no number.

    To the engine's statistics a `try_cast` is never null, and a file with nulls of it could not be written.
    """
    return f"case when abs({number}) < 1e14 then try_cast({number} as {TONNES}) end"


@dataclass(frozen=True)
class Part:
    """The sound rows that one delivered file in force brought to one period."""

    file: str
    state: FileState
    period: str
    path: Path

    @property
    def rows(self) -> int:
        """How many they are."""
        return self.state.periods[self.period].rows

    @property
    def fingerprint(self) -> int:
        """Sum of their hashes."""
        return int(self.state.periods[self.period].fingerprint)


def received_folder(lake: Path, table: str, identifier: str) -> Path:
    """Folder of a received file's parts."""
    return lake / "received" / table / identifier


def period_folder(period: str) -> str:
    """Name of the folder that holds files of one period."""
    return f"period={period}"


def part_file(folder: Path, period: str) -> Path:
    """The part of one period in a received file's folder, as DuckDB names the file of a partition."""
    return folder / period_folder(period) / "data_0.parquet"


def faults_file(folder: Path) -> Path:
    """A received file's faulty rows; there is none where all are sound."""
    return folder / "faults.parquet"


def parts_of(lake: Path, table: Table, state: LakeState) -> list[Part]:
    """Every part of a table that is in force, by delivered file and period."""
    return [
        Part(name, file, period, part_file(received_folder(lake, table.name, file.received), period))
        for name, file in state.counted(table.name).items()
        for period, content in sorted(file.periods.items())
        if content.rows
    ]


def read_files(paths: Iterable[Path]) -> str | None:
    """SQL that reads these Parquet files, which are no parts, or None where there are none."""
    names = ", ".join(path_literal(path) for path in sorted(paths))
    return f"read_parquet([{names}], union_by_name=true, hive_partitioning=false)" if names else None


def empty_file(lake: Path, table: Table) -> Path:
    """The typed part without rows that every table has, so that it can be read before it is delivered."""
    return lake / "kept" / table.name / period_folder("none") / "empty.parquet"


def kept_paths(lake: Path, table: str, periods: Iterable[PeriodState]) -> list[Path]:
    """Files with the rows of a table that count in these periods."""
    return [lake / "kept" / table / name for period in periods for name in period.kept_files]


def read_parts(lake: Path, table: Table, paths: Iterable[Path]) -> str | None:
    """SQL relation over a table's parts, or None where there are none.

    It has the contract's columns, `period`, `_row` and `filename`. The empty part brings the columns that
    others lack.
    """
    listed = sorted(paths)
    if not listed:
        return None
    names = ", ".join(path_literal(path) for path in [empty_file(lake, table), *listed])
    columns = [
        f"{without_zone(quoted(c.name))} as {quoted(c.name)}" if c.type == "timestamp" else quoted(c.name)
        for c in table.columns
    ]
    number = f"coalesce({ROW_NUMBER}, file_row_number + 1)"
    return f"""(
        select {", ".join(columns)}, {PERIOD} as period, {number} as {ROW_NUMBER}, filename
        from read_parquet([{names}], union_by_name=true, hive_partitioning=false, file_row_number=true,
            filename=true)
    )"""


def key_text(table: Table) -> str:
    """SQL of a sound row's key as JSON; a moment is written with its offset."""
    pairs = []
    for name in table.key:
        value = quoted(name)
        if table.column(name).type == "timestamp":
            value = f"timezone('UTC', {value})"
        pairs.append(f"{literal(name)}, left(cast({value} as varchar), 200)")
    return f"cast(json_object({', '.join(pairs)}) as varchar)"


def ids_text(table: Table) -> str:
    """SQL of the ids of parties, objects and records that a row names, as a JSON list."""
    names = [quoted(column.name) for column in table.columns if column.names_party and not column.enum]
    if not names:
        return "'[]'"
    return f"cast(to_json(list_filter([{', '.join(names)}], lambda id: id is not null)) as varchar)"


def part_columns(table: Table) -> list[tuple[str, str]]:
    """Names and DuckDB types of the columns of a part that the lake writes."""
    return [*((column.name, column.duckdb_type) for column in table.columns), (ROW_NUMBER, "bigint")]
