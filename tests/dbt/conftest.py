"""A small lake written from the contract, and dbt on top of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest

from pipelines.contract.outputs.output import Output
from pipelines.contract.outputs.registry import OUTPUTS
from pipelines.contract.schema import Column, Table
from pipelines.contract.tables import TABLES
from pipelines.lake.store import connect
from pipelines.lake.update import update_lake
from pipelines.warehouse.invocation import invoke
from pipelines.warehouse.project import PROJECT, parsed_manifest

FAILED = {"error", "fail", "runtime error"}
ROWS = {
    "orders": 400,
    "trades": 400,
    "transfers": 400,
    "market_days": 200,
    "cems_hourly": 600,
    "control_relations": 80,
}


def stored_schema(table: Table) -> dict[str, pl.DataType]:
    """Schema of the table's rows in the lake: UTC timestamps without a zone, and the period."""
    schema = {
        name: pl.Datetime("us") if isinstance(dtype, pl.Datetime) else dtype
        for name, dtype in table.polars_schema.items()
    }
    return {**schema, "period": pl.String()}


def with_period(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with the column that says which period a row belongs to."""
    if table.period_column is None:
        period = pl.lit("all")
    elif table.column(table.period_column).type == "int64":
        period = pl.col(table.period_column).cast(pl.String)
    else:
        moment = pl.col(table.period_column)
        if table.column(table.period_column).type == "timestamp":
            moment = moment.dt.replace_time_zone("UTC").dt.convert_time_zone("Asia/Shanghai")
        period = moment.dt.strftime("%Y-%m")
    return frame.with_columns(period.alias("period"))


@dataclass
class Lake:
    """Kept and handover files as a run leaves them for dbt."""

    folder: Path

    def keep(self, name: str, rows: pl.DataFrame | list[dict[str, Any]]) -> None:
        """Replaces a table's files: one a period, or an empty one where there are no rows."""
        table, schema = TABLES[name], stored_schema(TABLES[name])
        frame = pl.DataFrame(rows, schema={n: t for n, t in schema.items() if n != "period"}, orient="row")
        frame = with_period(table, frame).select(*schema)
        folder = self.folder / "kept" / name
        shutil.rmtree(folder, ignore_errors=True)
        parts = frame.partition_by("period", as_dict=True) or {("none",): frame}
        for (period,), part in parts.items():
            file = folder / f"period={period}" / "1.parquet"
            file.parent.mkdir(parents=True)
            part.drop("period").write_parquet(file)

    def keep_all(self, tables: dict[str, pl.DataFrame | list[dict[str, Any]]]) -> None:
        """Replaces the files of all contract tables; those not given have no rows."""
        for name in TABLES:
            self.keep(name, tables.get(name, []))

    def kept(self, name: str) -> pl.DataFrame:
        """The table's rows without their period."""
        return pl.read_parquet(self.folder / "kept" / name / "*" / "*.parquet")

    def hand_over(self, name: str, rows: pl.DataFrame) -> None:
        """Writes a frame that Python computed for dbt."""
        folder = self.folder / "handover"
        folder.mkdir(parents=True, exist_ok=True)
        rows.write_parquet(folder / f"{name}.parquet")


def failures(outcome: Any) -> str:
    """What failed in a command of dbt, one line a node."""
    nodes = getattr(outcome.result, "results", None) or ()
    failed = [f"{node.node.name}: {node.status}: {node.message}" for node in nodes if node.status in FAILED]
    return "\n".join(failed) or str(outcome.exception)


@dataclass
class Dbt:
    """The project, run against a warehouse in a scratch folder."""

    folder: Path
    lake: Lake
    variables: dict[str, Any] = field(default_factory=lambda: {"as_of": "2025-12-15"})
    results: list[Any] = field(default_factory=list)
    """How each node of the last command ended, as dbt says it."""

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that the runs write."""
        return self.folder / "warehouse.duckdb"

    def __call__(self, command: str, *arguments: str, **variables: Any) -> None:
        """Runs a command on the project as it was parsed once; fails the test where dbt fails."""
        outcome = self.attempt(command, *arguments, **variables)
        assert outcome.success, failures(outcome)

    def attempt(self, command: str, *arguments: str, **variables: Any) -> Any:
        """Runs a command that may fail, and gives what dbt says of it."""
        target = self.folder / "target"
        target.mkdir(parents=True, exist_ok=True)
        given = self._given(variables) | {"warehouse": str(self.warehouse)}
        line = [command, "--vars", json.dumps(given), "--no-write-json", *arguments]
        outcome = invoke(line, PROJECT, target, parsed_manifest())
        assert outcome.result is not None, outcome.exception
        self.results = outcome.result.results
        return outcome

    def copy(self, folder: Path) -> Dbt:
        """The same lake with a warehouse of its own, as it is now."""
        copy = Dbt(folder / "dbt", self.lake)
        copy.folder.mkdir(parents=True)
        shutil.copy(self.warehouse, copy.warehouse)
        return copy

    def warnings(self, command: str, *arguments: str, **variables: Any) -> dict[str, int]:
        """Runs a command; how many rows each test found that only warns."""
        self(command, *arguments, **variables)
        return {node.node.name: node.failures for node in self.results if node.status == "warn"}

    def on_spark(self, command: str, *arguments: str, **variables: Any) -> None:
        """The same on Spark, in a process of its own: the project is parsed for that engine."""
        self.folder.mkdir(parents=True, exist_ok=True)
        line = [str(Path(sys.executable).parent / "dbt"), command, "--project-dir", str(PROJECT)]
        line += ["--profiles-dir", str(PROJECT), "--target", "spark"]
        line += ["--vars", json.dumps(self._given(variables)), *arguments]
        environment = {
            **os.environ,
            "CARBONWARDEN_SPARK_WAREHOUSE": str(self.folder / "spark"),
            "DBT_TARGET_PATH": str(self.folder / "spark-target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
            "SPARK_LOCAL_IP": "127.0.0.1",
        }
        done = subprocess.run(
            line, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]

    def _given(self, variables: dict[str, Any]) -> dict[str, Any]:
        return {"lake_path": str(self.lake.folder), **self.variables, **variables}

    def table(self, name: str) -> pl.DataFrame:
        """Rows of a model in the warehouse, in a fixed order."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            frame = connection.sql(f'select * from main."{name}"').pl()
        return frame.sort(frame.columns, nulls_last=True)

    def models(self, *folders: str) -> list[str]:
        """Names of the project's models under these folders of `models/`."""
        found = (path.stem for folder in folders for path in (PROJECT / "models" / folder).rglob("*.sql"))
        return sorted(found)


def _number(generator: np.random.Generator, column: Column, size: int) -> list[Any]:
    if column.name == "year":
        return generator.integers(2023, 2025, size, endpoint=True).tolist()
    if column.name == "vintage":
        return generator.integers(2019, 2024, size, endpoint=True).tolist()
    if column.name == "revision":
        return generator.integers(0, 2, size, endpoint=True).tolist()
    if column.type == "int64":
        return generator.integers(1, 100_000, size).tolist()
    if column.decimal:
        return [round(value, 2) for value in generator.uniform(40, 120, size)]
    if "fraction" in (column.unit or ""):
        return generator.uniform(0, 1, size).tolist()
    if (column.unit or "").startswith("%"):
        return generator.uniform(1, 30, size).tolist()
    return generator.lognormal(5, 1, size).tolist()


def _moment(generator: np.random.Generator, column: Column, size: int) -> list[Any]:
    start = datetime(2024, 11, 1)
    moments = [start + timedelta(minutes=30 * int(n)) for n in generator.integers(0, 48 * 200, size)]
    if column.type == "timestamp":
        return moments
    if column.name == "month":
        return [moment.date().replace(day=1) for moment in moments]
    return [moment.date() for moment in moments]


def _values(
    generator: np.random.Generator, table: Table, column: Column, size: int, made: dict[str, pl.DataFrame]
) -> list[Any]:
    values: list[Any]
    if column.reference:
        parent, name = column.reference
        values = generator.choice(made[parent][name].to_numpy(), size).tolist()
    elif column.name == "holder_id":
        values = [f"entities-{number:05d}" for number in generator.integers(0, 25, size)]
    elif (table.name, column.name) == ("control_relations", "subject_id"):
        kinds = generator.choice(["accounts", "entities"], size)
        values = [
            f"{kind}-{number:05d}"
            for kind, number in zip(kinds, generator.integers(0, 25, size), strict=True)
        ]
    elif column.enum:
        values = generator.choice(column.enum, size).tolist()
    elif table.key == (column.name,):
        values = [f"{table.name}-{number:05d}" for number in range(size)]
    elif column.type in ("date", "timestamp"):
        values = _moment(generator, column, size)
    elif column.type == "string":
        values = [f"{column.name}-{number}" for number in generator.integers(0, 9, size)]
    else:
        values = _number(generator, column, size)
    if column.nullable:
        values = [
            None if gone else value for value, gone in zip(values, generator.random(size) < 0.1, strict=True)
        ]
    return values


def sample_market(seed: int) -> dict[str, pl.DataFrame]:
    """Random rows of every contract table with true keys and references, as kept in the lake."""
    generator = np.random.default_rng(seed)
    made: dict[str, pl.DataFrame] = {}
    for table in TABLES.values():
        size = ROWS.get(table.name, 20 if table.period_column is None else 120)
        columns = {c.name: _values(generator, table, c, size, made) for c in table.columns}
        frame = pl.DataFrame(columns, schema={n: stored_schema(table)[n] for n in table.names}, strict=False)
        made[table.name] = frame.unique(list(table.key), keep="first", maintain_order=True)
    return made


@pytest.fixture
def new_lake(tmp_path: Path) -> Callable[..., Lake]:
    """Makes a lake in which every contract table is empty but for those given."""

    def make(**tables: pl.DataFrame | list[dict[str, Any]]) -> Lake:
        lake = Lake(tmp_path / "lake")
        lake.keep_all(tables)
        return lake

    return make


def receive(source: Path, folder: Path) -> Lake:
    """A lake below the folder, of a source directory, as a run makes it."""
    with connect("1GB", 2, folder / "scratch") as con:
        update_lake(con, source, folder / "lake", lambda _: None)
    return Lake(folder / "lake")


@pytest.fixture
def received_lake(tmp_path: Path) -> Callable[[Path], Lake]:
    """Makes a lake of a source directory, as a run does."""

    return lambda source: receive(source, tmp_path)


@pytest.fixture
def sample() -> dict[str, pl.DataFrame]:
    """Random rows of every contract table."""
    return sample_market(seed=20250603)


_PLAIN_VALUES: dict[str, object] = {
    "string": "x",
    "string[]": ["x"],
    "int64": 1,
    "float64": 0.5,
    "bool": True,
    "date": date(2025, 3, 1),
    "timestamp": datetime(2025, 3, 1),
}


def _plain_row(output: Output) -> dict[str, object]:
    """A row that fills every column; the first of the listed values where a column lists them."""
    return {
        column.name: column.enum[0] if column.enum else _PLAIN_VALUES[column.type]
        for column in output.table.columns
    }


@pytest.fixture
def findings() -> dict[str, pl.DataFrame]:
    """What Python hands over: the accounting, one quarantined row, an alert, its evidence and a check.

    Every other table that is handed over has one row of plain values.
    """
    alert = {
        "alert_id": "A-1",
        "kind": "wash_trade",
        "family": "manipulation",
        "subject_type": "account",
        "subject_ids": ["accounts-00001", "accounts-00000"],
        "province_code": None,
        "window_start": datetime(2025, 3, 1),
        "window_end": datetime(2025, 3, 2),
        "score": 0.9,
        "p_value": None,
        "level": "red",
        "title_zh": "对敲",
        "title_en": "Wash trade",
        "measures": "{}",
        "evidence": "[]",
        "rule_refs": ["A-15", "A-05"],
        "detector": "wash",
        "detector_version": "1",
        "snapshot_id": "s1",
    }
    check = {
        "gate": "ingestion",
        "table_name": "trades",
        "expectation": "positive",
        "column_name": "quantity",
        "severity": "critical",
        "success": True,
        "observed": "0",
        "expected": "0",
        "unexpected_count": 0,
        "element_count": 400,
        "rule_ref": None,
        "description_zh": "正数",
        "description_en": "positive",
        "why_zh": "数量不能为负。",
        "why_en": "A quantity cannot be negative.",
        "position": 1,
    }
    bad_row = {
        "quarantine_id": "q1",
        "table_name": "trades",
        "record_key": '{"trade_id": "t9"}',
        "reason": "wrong_type",
        "column_name": "quantity",
        "value": "many",
        "file": "trades.csv",
        "row_number": 9,
        "period": "2025-03",
        "ids_json": '["t9"]',
        "tonnes": 40.0,
    }
    accounting = {
        "table_name": "trades",
        "files": 2,
        "rows_in": 403,
        "rows_kept": 400,
        "rows_superseded": 2,
        "rows_quarantined": 1,
    }
    file = {
        "stage": "lake",
        "table_name": "trades",
        "file": "trades.csv",
        "rows_in": 403,
        "rows_kept": 400,
        "rows_superseded": 2,
        "rows_quarantined": 1,
        "rows_without_data": 0,
        "rows_repeated": 1,
        "tonnes_in": 40_300.0,
        "tonnes_quarantined": 40.0,
    }
    evidence = {
        "alert_id": "A-1",
        "evidence_no": 1,
        "table_name": "trades",
        "record_key": '{"trade_id": "t1"}',
    }
    text = {"province_code": pl.String, "p_value": pl.Float64}
    plain = {name: output.frame([_plain_row(output)]) for name, output in OUTPUTS.items()}
    return plain | {
        "alerts": pl.DataFrame([alert], schema_overrides=text),
        "alert_assessments": plain["alert_assessments"].with_columns(alert_id=pl.lit("A-1")),
        "alert_evidence": pl.DataFrame([evidence]),
        "quality_results": pl.DataFrame([check], schema_overrides={"rule_ref": pl.String}),
        "quarantine": pl.DataFrame([bad_row]),
        "file_accounting": pl.DataFrame([file]),
        "row_accounting": pl.DataFrame([accounting]),
    }


@pytest.fixture
def new_dbt(tmp_path: Path) -> Callable[[Lake, str], Dbt]:
    """Makes a runner of the project over a lake, with a warehouse of its own."""

    def make(lake: Lake, name: str = "dbt") -> Dbt:
        return Dbt(tmp_path / name, lake)

    return make
