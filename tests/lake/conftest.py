"""A small, sound source directory, and the lake made of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from pipelines.contract.tables import TABLES
from pipelines.lake.store import connect
from pipelines.lake.update import LakeSummary, update_lake

SOUND = {
    "entities": """entity_id,entity_name,sector,province_code,status
E1,"Alpha Power, Ltd",power,110000,listed
E2,Beta Cement,cement,330000,listed
""",
    "accounts": """account_id,holder_id,holder_type,controller_id
A1,E1,compliance,
A2,E2,compliance,
A3,F1,financial,G9
""",
    "units": """unit_id,entity_id,unit_class,capacity,capacity_unit
U1,E1,coal_gt300,600,MW
""",
    "trades": """trade_id,ts,instrument_id,mode,price,quantity,buy_account_id,sell_account_id
T1,2025-01-06T09:31:00+08:00,CEA24,listed,95.10,100,A1,A2
T2,2025-02-06T09:32:00+08:00,CEA24,listed,96.00,200,A2,A3
T3,2025-02-07T09:33:00+08:00,CEA24,block,90.00,100000,A3,A1
""",
    "transfers": """transfer_id,ts,from_account,to_account,unit_type,quantity,kind,trade_id
X1,2025-01-06T16:00:00+08:00,A2,A1,CEA,100,trade_settlement,T1
X2,2025-02-06T16:00:00+08:00,A3,A2,CEA,200,trade_settlement,T2
""",
    "compliance": """entity_id,year,verified_emissions,obligation,surrendered
E1,2023,1000.5,1001,1001
E2,2023,500,500,400
""",
}


class Delivery:
    """A source directory under test and its lake."""

    def __init__(self, folder: Path) -> None:
        self.source, self.lake = folder / "source", folder / "lake"
        self.source.mkdir()
        self._scratch = folder / "scratch"
        for table, text in SOUND.items():
            self.write(f"{table}.csv", text)

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.source / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def add_row(self, table: str, row: str) -> None:
        path = self.source / f"{table}.csv"
        path.write_text(path.read_text(encoding="utf-8") + row + "\n", encoding="utf-8")

    def update(self, lake: Path | None = None) -> LakeSummary:
        with connect("512MB", 2, self._scratch) as con:
            summary = update_lake(con, self.source, lake or self.lake, lambda _: None)
        _check_files((lake or self.lake) / "handover" / "file_accounting.parquet", summary)
        return summary

    def kept(self, table: str, lake: Path | None = None) -> pl.DataFrame:
        """The table's kept rows with their period, as delivered or from a part of the lake."""
        folder, schema = (lake or self.lake) / "kept" / table, TABLES[table].stored_schema
        parts = [
            pl.read_parquet(file)
            .with_columns(pl.col(pl.Datetime).dt.replace_time_zone(None))
            .match_to_schema(schema, missing_columns="insert", extra_columns="ignore")
            .with_columns(period=pl.lit(file.parent.name.removeprefix("period=")))
            for file in sorted(folder.glob("*/*.parquet"))
        ]
        return pl.concat(parts).sort(pl.all())

    def quarantine(self, lake: Path | None = None) -> pl.DataFrame:
        return pl.read_parquet((lake or self.lake) / "handover" / "quarantine.parquet")

    def reasons(self) -> set[tuple[str, str]]:
        frame = self.quarantine()
        return set(zip(frame["table_name"].to_list(), frame["reason"].to_list(), strict=True))


def _check_files(path: Path, summary: LakeSummary) -> None:
    """The accounts of a table's files add up to that of the table, and no row of a file is left out."""
    counted = pl.read_parquet(path).filter(stage="lake")
    lost = pl.col("rows_in") - pl.col("rows_kept") - pl.col("rows_superseded") - pl.col("rows_quarantined")
    assert counted.filter(lost != 0).is_empty()
    sums = counted.group_by("table_name").agg(pl.sum("^rows_(in|kept|superseded|quarantined)$"))
    for row in sums.iter_rows(named=True):
        table = summary.tables[row["table_name"]]
        assert (row["rows_in"], row["rows_kept"]) == (table.rows_in, table.kept)
        assert (row["rows_superseded"], row["rows_quarantined"]) == (table.superseded, table.quarantined)


@pytest.fixture
def delivery(tmp_path: Path) -> Delivery:
    return Delivery(tmp_path)


@pytest.fixture
def accounted() -> Callable[[LakeSummary], None]:
    def check(summary: LakeSummary) -> None:
        for table in summary.tables.values():
            assert table.rows_in == table.kept + table.superseded + table.quarantined, table

    return check
