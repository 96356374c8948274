"""A source without its last day, and that day as a further delivery."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import Path

import duckdb

from pipelines.bench.floor import source_files
from pipelines.contract.tables import TABLES
from pipelines.core.files import link
from pipelines.core.settings import Settings
from pipelines.core.sql import literal, path_literal, quoted

DAILY = {name: table.period_column for name, table in TABLES.items() if table.period_column in ("ts", "date")}
"""Tables that grow by the day, with the column that says when."""


@dataclass(frozen=True)
class Delivery:
    """Two source directories: `before` lacks the day, `further` holds the day's files and nothing else."""

    day: date
    before: Path
    further: Path

    def deliver(self) -> None:
        """Add the day's files to the source that lacks them."""
        for path in self.further.rglob("*.parquet"):
            _link(path, self.before / path.relative_to(self.further))


def hold_back_last_day(source: Path, out: Path) -> Delivery | None:
    """Split a source at the UTC day of its last trade; a table of the day becomes a folder of files.

    None where a daily table is CSV, since its columns have no types to split it by.
    """
    files = source_files(source)
    daily = [path for path in files if _table(source, path) in DAILY]
    if any(path.suffix != ".parquet" for path in daily):
        return None
    with duckdb.connect(config=Settings.load().duckdb_config) as con:
        con.execute("set timezone = 'UTC'")
        day = _last_day(con, [path for path in daily if _table(source, path) == "trades"])
        delivery = Delivery(day, out / "before", out / "further")
        for path in files:
            if path not in daily or not _split(con, source, path, delivery):
                _link(path, delivery.before / _place(source, path))
    market = source / "market.yml"
    if market.is_file():
        _link(market, delivery.before / market.name)
    return delivery


def _table(source: Path, path: Path) -> str:
    return path.relative_to(source).parts[0].split(".")[0]


def _place(source: Path, path: Path) -> Path:
    """Where a file goes: a daily table that is one file becomes a folder, so that another may join it."""
    place = path.relative_to(source)
    if len(place.parts) == 1 and _table(source, path) in DAILY:
        return Path(_table(source, path)) / f"all{path.suffix}"
    return place


def _last_day(con: duckdb.DuckDBPyConnection, trades: Iterable[Path]) -> date:
    names = ", ".join(path_literal(path) for path in trades)
    latest: datetime | None = con.execute(
        f"select cast(max(ts) as timestamp) from read_parquet([{names}], union_by_name=true)"
    ).fetchall()[0][0]
    if latest is None:
        raise ValueError("expected trades to show the source's last day, found none; deliver table trades")
    return latest.date()


def _split(con: duckdb.DuckDBPyConnection, source: Path, path: Path, delivery: Delivery) -> bool:
    """Write a file's rows before the day and from it on apart; False where none is from the day on."""
    column = quoted(DAILY[_table(source, path)] or "")
    rows = f"from read_parquet({path_literal(path)}, hive_partitioning=false)"
    moment = literal(datetime.combine(delivery.day, time()).isoformat())
    later = f"{column} >= {'date' if column == quoted('date') else 'timestamp'} {moment}"
    if not con.execute(f"select exists (select 1 {rows} where {later})").fetchall()[0][0]:
        return False
    place = _place(source, path)
    name = f"{place.stem}-{delivery.day.isoformat()}.parquet"
    for target, condition in (
        (delivery.before / place, f"({later}) is not true"),
        (delivery.further / place.with_name(name), later),
    ):
        target.parent.mkdir(parents=True, exist_ok=True)
        con.execute(
            f"copy (select * {rows} where {condition}) to {literal(str(target))} "
            "(format parquet, compression zstd)"
        )
    return True


def _link(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    link(path, target)
