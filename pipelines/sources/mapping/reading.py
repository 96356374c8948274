"""A reading: contract tables in a database, and the fate of every row that was read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines.sources.mapping.intake import Intake
from pipelines.sources.mapping.texts import PLACE
from pipelines.sources.report import InputFile, ReasonCount, ReportLine
from pipelines.sources.text.files import digest


@dataclass
class Reading:
    """Table `made_<name>` of the database for each name in `tables`; accounts by input in `intakes`."""

    con: duckdb.DuckDBPyConnection
    market: dict[str, str]
    inputs: list[InputFile] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    intakes: list[Intake] = field(default_factory=list)
    unused_columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        """Add a sentence to the report, once."""
        if text not in self.notes:
            self.notes.append(text)

    def take_file(self, path: Path) -> InputFile:
        """Add a file to those that were read."""
        file = digest(path)
        if file not in self.inputs:
            self.inputs.append(file)
        return file

    def without_copies(self, paths: list[Path]) -> list[Path]:
        """Add files to those that were read; those without the content of one before them, each named."""
        originals: dict[str, Path] = {}
        for path in paths:
            original = originals.setdefault(self.take_file(path).sha256, path)
            if original != path:
                self.note(f"{path.name} has the same content as {original.name} and is read once")
        return list(originals.values())

    def lines(self) -> list[ReportLine]:
        """The account of each published table."""
        return [line for intake in self.intakes for line in _lines(intake)]


def _lines(intake: Intake) -> list[ReportLine]:
    name = intake.name
    written = dict(intake.con.execute(f"select file, count(*) from {name} group by file").fetchall())
    without = dict(intake.con.execute(f"select file, count(*) from without_{name} group by file").fetchall())
    reasons: dict[str, list[ReasonCount]] = {}
    stated = dict(
        intake.con.execute(f"select file, sum(tonnes) from ({intake.tonnes_query}) group by file").fetchall()
    )
    found = intake.con.execute(f"""
        select left_rows.file, left_rows.reason, left_rows.column_name, count(*),
            arg_min(left_rows.value, left_rows.row_number) filter (left_rows.value is not null),
            sum(stated.tonnes)
        from left_{name} as left_rows left join ({intake.tonnes_query}) as stated using ({PLACE})
        group by all
        order by left_rows.file, count(*) desc, left_rows.reason, left_rows.column_name
    """).fetchall()
    for file, *reason in found:
        reasons.setdefault(file, []).append(ReasonCount(*reason))
    return [
        ReportLine(
            source=file,
            table=intake.entry.table,
            read=written.get(file, 0)
            + without.get(file, 0)
            + sum(reason.rows for reason in reasons.get(file, [])),
            without_data=without.get(file, 0),
            written=written.get(file, 0),
            quarantined=sum(reason.rows for reason in reasons.get(file, [])),
            reasons=tuple(reasons.get(file, [])),
            tonnes_read=stated.get(file),
        )
        for file in dict.fromkeys(intake.files)
    ]
