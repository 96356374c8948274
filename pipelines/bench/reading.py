"""Reading a large text file and a large workbook by a mapping: time, and memory that does not depend on size.

Both hold hours of stack monitors, with all the figures' digits different, so that nothing compresses away.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import yaml

from pipelines.bench.measure import Report, python
from pipelines.contract.tables import TABLES
from pipelines.core.progress import report
from pipelines.core.sql import path_literal

COLUMNS = ("what", "MB", "rows", "wall s", "CPU s", "CPU us a row", "peak MB")
STEP_COLUMNS: tuple[str, ...] = ()

SHEETS = 20
LIMIT_MB = 2048
_TABLE = TABLES["cems_hourly"]
_UNITS = 5_000
_CSV_ROW_BYTES = 92
_WORKBOOK_ROW_BYTES = 58
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"

_HOURS = f"""
    select 'U' || lpad(cast(number % {_UNITS} as varchar), 6, '0') as unit_id,
        strftime(timestamp '2015-01-01' + to_hours(number // {_UNITS}), '%Y-%m-%dT%H:%M:%SZ') as ts,
        round(random() * 500, 6) as co2_mass, round(random() * 14, 4) as co2_concentration,
        round(random() * 2e6, 2) as flow, round(random() * 9, 3) as o2,
        round(random() * 4000, 3) as heat_input, round(random() * 600, 2) as gross_load, 1.0 as operating,
        (['valid', 'valid', 'substituted', 'calibration'])[1 + number % 4] as quality
    from range({{rows}}) as numbers(number)
"""


def bench_reading(gigabytes: float, folder: Path | None = None) -> Report:
    """Read a CSV of that many gigabytes, and a workbook of a fiftieth of it, once each.

    The files are made below `folder`, by default that of temporary files, and removed.

    Raises:
        RuntimeError: a reading failed.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        work = Path(place)
        declared = work / "hours.yml"
        declared.write_text(yaml.safe_dump(mapping()), encoding="utf-8")
        rows = max(1, round(gigabytes * 1e9 / _CSV_ROW_BYTES))
        sheet_rows = max(1, round(gigabytes * 2e7 / _WORKBOOK_ROW_BYTES / SHEETS))
        figures = [
            _read(work, declared, write_csv(work / "hours.csv", rows), rows),
            _read(work, declared, write_workbook(work / "hours.xlsx", sheet_rows), SHEETS * sheet_rows),
        ]
    return Report(
        figures,
        [],
        [f"A reading takes at most {LIMIT_MB:,} MB, whatever the size of its file."],
    )


def _read(work: Path, declared: Path, file: Path, rows: int) -> tuple[object, ...]:
    report(f"reading {file.name}")
    size = file.stat().st_size / 1e6
    program = "from pipelines.cli.main import main; main()"
    found = python("-c", program, "read", str(declared), str(file), "--out", str(work / "out"))
    file.unlink()
    return (
        f"read {file.suffix}",
        round(size, 1),
        rows,
        round(found.wall_s, 1),
        round(found.cpu_s, 1),
        round(found.cpu_s / rows * 1e6, 1),
        round(found.peak_mb),
    )


def mapping() -> dict[str, object]:
    """A mapping of the files that are made here."""
    columns = {
        column.delivered_name: {"type": column.type, "filled": not column.nullable}
        for column in _TABLE.columns
        if column.delivered_name in _names()
    }
    return {
        "title": "hours of stack monitors",
        "market": {"id": "cn"},
        "inputs": {
            "hours": {
                "table": _TABLE.name,
                "rows": "an hour of a unit",
                "columns": columns,
                "key": [_TABLE.column(name).delivered_name for name in _TABLE.key],
            }
        },
        "tables": {_TABLE.name: {"from": "hours", "columns": {name: name for name in columns}}},
    }


def _names() -> list[str]:
    with duckdb.connect() as con:
        return [column[0] for column in con.execute(_HOURS.format(rows=0)).description or []]


def write_csv(path: Path, rows: int) -> Path:
    """A CSV of that many hours."""
    report(f"making {path.name}")
    with duckdb.connect() as con:
        con.execute("set memory_limit = '1GB'; set preserve_insertion_order = false")
        con.execute(f"copy ({_HOURS.format(rows=rows)}) to {path_literal(path)} (format csv, header)")
    return path


def write_workbook(path: Path, sheet_rows: int) -> Path:
    """A workbook (ECMA-376) of `SHEETS` sheets with that many hours each, written as a stream."""
    numbers = range(1, SHEETS + 1)
    listed = "".join(f'<sheet name="S{n}" sheetId="{n}" r:id="r{n}"/>' for n in numbers)
    linked = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/s{n}.xml"/>' for n in numbers
    )
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}"><Relationship Id="w" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONS}">{linked}</Relationships>',
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for part, text in parts.items():
            archive.writestr(part, text)
        for n in numbers:
            report(f"making {path.name}: sheet {n}")
            with archive.open(f"xl/worksheets/s{n}.xml", "w", force_zip64=True) as sheet:
                for text in _sheet(n, sheet_rows):
                    sheet.write(text.encode())
    return path


def _sheet(number: int, rows: int) -> Iterator[str]:
    """The sheet's XML in pieces. Each sheet has units of its own, so that no hour is there twice."""
    chance = np.random.default_rng(number)
    yield f'<worksheet xmlns="{_MAIN}"><sheetData><row>'
    yield "".join(_text(name) for name in _names()) + "</row>"
    for first in range(0, rows, 10_000):
        figures = chance.random((min(10_000, rows - first), 6)) * (500, 14, 2e6, 9, 4000, 600)
        for row, values in enumerate(figures.round(6).tolist(), first):
            unit, hour = f"S{number}U{row % 100:03}", np.datetime64("2015-01-01T00", "h") + row // 100
            yield f"<row>{_text(unit)}{_text(f'{hour}:00:00Z')}"
            yield "".join(f"<c><v>{value}</v></c>" for value in values)
            yield f"<c><v>1</v></c>{_text('valid')}</row>"
    yield "</sheetData></worksheet>"


def _text(value: str) -> str:
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
