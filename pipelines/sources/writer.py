"""A reading on disk: contract tables as Parquet, `market.yml`, the quarantined rows and the account.

    OUT/<table>.parquet              contract tables, sorted by key
    OUT/market.yml                   the market's settings
    OUT/_read_report.json            how many rows were read, written and quarantined, and why
    OUT/_quarantined/<source>.csv    quarantined rows, as published, with the reason
    OUT/_quarantined/rows.parquet    the same rows in the form that the lake adds to its own accounting

The folder is built beside OUT and moved there when it is complete. A reading of which too little could be
written is refused by the shares that the ingestion gate refuses a table by.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import polars as pl
import yaml

from pipelines.contract.outputs import READER_QUARANTINE, READER_QUARANTINE_FILE
from pipelines.contract.reasons import REFUSED_SHARE, ROWS_FOR_A_SHARE
from pipelines.contract.schema import Table
from pipelines.contract.tables import TABLES
from pipelines.core.errors import SourceError
from pipelines.sources.reading import Reading, empty
from pipelines.sources.report import ReadReport, ReportLine

REPORT_NAME = "_read_report.json"
_MADE_BY = "carbonwarden read"


class SourceWriter:
    """Writes one reading to `out` completely, or leaves `out` as it was."""

    def __init__(self, out: Path) -> None:
        """Refuse an `out` that holds anything but an earlier reading.

        Raises:
            SourceError: `out` is a file, or holds files that no reading wrote.
        """
        self.out = out.expanduser().resolve()
        _check_replaceable(self.out)

    def write(self, format: str, reading: Reading) -> ReadReport:
        """Write the tables, the settings, the quarantined rows and the account; return the account.

        Raises:
            SourceError: not one row of a published table could be written, or too large a share of its rows
                was quarantined; an earlier reading stays in place.
        """
        tables = {name: as_contract(name, frame) for name, frame in reading.tables.items()}
        required = [table.name for table in TABLES.values() if table.required]
        tables |= {name: empty(name) for name in required if name not in tables}
        report = ReadReport(
            format=format,
            out=self.out,
            market=reading.market,
            inputs=tuple(reading.inputs),
            lines=tuple(intake.line(table) for intake, table in reading.intakes),
            tables={name: tables[name].height for name in TABLES if name in tables},
            unused_columns=reading.unused_columns,
            notes=tuple(reading.notes),
        )
        for line in report.lines:
            _refuse_if_lost(line)
        self.out.parent.mkdir(parents=True, exist_ok=True)
        build = Path(tempfile.mkdtemp(prefix=f".{self.out.name}.", dir=self.out.parent))
        try:
            build.chmod(0o755)
            _fill(build, tables, reading, report)
            _swap(build, self.out)
        finally:
            shutil.rmtree(build, ignore_errors=True)
        return report


def _refuse_if_lost(line: ReportLine) -> None:
    most = REFUSED_SHARE if line.read >= ROWS_FOR_A_SHARE else 1.0
    if not line.lost or (line.written and line.lost / line.read <= most):
        return
    raise SourceError(
        f"{line.source}: expected rows that can be written, and at most {most:.0%} of {line.read:,} "
        f"quarantined; found {line.written:,} that can be written ({line.reason}). Nothing was written. "
        "Compare the file with the published layout of the format, correct these values, and read it again."
    )


def as_contract(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with the columns, types and order of the contract table, sorted by key.

    Raises:
        ValueError: the frame breaks the contract; the reader that made it is wrong, not the source.
    """
    table = TABLES[name]
    strange = sorted(set(frame.columns) - set(table.names))
    if strange:
        raise ValueError(f"{name}: expected contract columns only, found {', '.join(strange)}")
    absent = [
        pl.lit(None, column.polars_type).alias(column.name)
        for column in table.columns
        if column.name not in frame.columns
    ]
    typed = frame.with_columns(absent).select(table.names).cast(table.polars_schema)  # type: ignore[arg-type]
    _check_values(table, typed)
    return typed.sort(table.key)


def _check_values(table: Table, frame: pl.DataFrame) -> None:
    for column in table.columns:
        values = frame[column.name]
        if not column.nullable and values.null_count():
            raise ValueError(
                f"{table.name}.{column.name}: expected a value, found {values.null_count()} nulls"
            )
        if column.enum:
            strange = set(values.drop_nulls().unique()) - set(column.enum)
            if strange:
                raise ValueError(
                    f"{table.name}.{column.name}: expected one of {', '.join(column.enum)}; "
                    f"found {', '.join(sorted(strange))}"
                )
    doubles = int(frame.select(pl.struct(table.key).is_duplicated().sum()).item()) if frame.height else 0
    if doubles:
        raise ValueError(
            f"{table.name}: expected unique {', '.join(table.key)}; found {doubles} rows that share"
        )


def _fill(folder: Path, tables: dict[str, pl.DataFrame], reading: Reading, report: ReadReport) -> None:
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet", compression="zstd")
    (folder / "market.yml").write_text(
        yaml.safe_dump(reading.market, allow_unicode=True, sort_keys=False), encoding="utf-8"
    )
    quarantine = folder / READER_QUARANTINE_FILE
    quarantine.parent.mkdir()
    rows = [intake.quarantine_rows(table) for intake, table in reading.intakes]
    pl.concat([pl.DataFrame(schema=READER_QUARANTINE.stored_schema), *rows]).write_parquet(quarantine)
    for intake, _ in reading.intakes:
        quarantined = intake.quarantined
        if quarantined.height:
            quarantined.write_csv(quarantine.parent / f"{intake.name}.csv")
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    content = {"made_by": _MADE_BY, **report.as_dict(), "files": [*files, REPORT_NAME]}
    text = json.dumps(content, ensure_ascii=False, indent=2)
    (folder / REPORT_NAME).write_text(text + "\n", encoding="utf-8")


def _swap(build: Path, out: Path) -> None:
    """Put `build` in the place of `out`; the earlier reading is removed only once it is there."""
    if not out.exists():
        build.rename(out)
        return
    earlier = Path(tempfile.mkdtemp(prefix=f".{out.name}.earlier.", dir=out.parent))
    out.rename(earlier / "reading")
    try:
        build.rename(out)
    except OSError:
        (earlier / "reading").rename(out)
        raise
    finally:
        shutil.rmtree(earlier, ignore_errors=True)


def _check_replaceable(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise SourceError(f"{out}: expected a folder to write to, found a file. Name another folder.")
    if not out.is_dir():
        return
    present = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if not path.is_dir())
    foreign = sorted(set(present) - _written_before(out))
    if foreign:
        raise SourceError(
            f"{out}: expected an empty folder or an earlier reading, found {', '.join(foreign[:5])}"
            f"{' and more' if len(foreign) > 5 else ''} ({len(foreign)} files). "
            "Name another folder, or move these files away."
        )


def _written_before(out: Path) -> set[str]:
    try:
        content = json.loads((out / REPORT_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return set()
    if not isinstance(content, dict) or content.get("made_by") != _MADE_BY:
        return set()
    return {str(name) for name in content.get("files", [])}
