"""Which files of the lake are in force: read at the start of a run, replaced in one step at its end."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
from pydantic import BaseModel, Field

from pipelines.core.errors import SourceError
from pipelines.core.files import write_atomic

FORMAT = "7"
"""Enters the id of every received file; a change in what the checks do or in what is stored raises it."""


class Content(BaseModel):
    """The rows of a file in one period: numbers of sound and faulty rows, with the sum of their hashes."""

    rows: int = 0
    fingerprint: str = "0"
    faulty: int = 0
    faulty_fingerprint: str = "0"


class FileState(BaseModel):
    """One delivered file that counts; `sequence` is the place of its name in the order of arrival."""

    table: str
    received: str
    sha256: str
    sequence: int
    rows: int
    tonnes: float | None = None
    periods: dict[str, Content]
    unknown_columns: list[str] = Field(default_factory=list)
    blank_lines: int = 0

    @property
    def content(self) -> tuple[object, ...]:
        """What two files of one table share when they hold the same rows, whatever their form and order."""
        return tuple(
            (period, one.rows, one.fingerprint, one.faulty, one.faulty_fingerprint)
            for period, one in sorted(self.periods.items())
        )


class PeriodState(BaseModel):
    """One period of one table: fingerprint of its kept rows, and its numbers of rows."""

    fingerprint: str
    rows_in: int
    kept: int
    superseded: int
    quarantined: int
    kept_files: list[str] = Field(default_factory=list)
    excluded_file: str | None = None


def _made_by() -> str:
    """What fingerprints depend on: hashes are comparable within one version of DuckDB only."""
    return f"{duckdb.__version__}, format {FORMAT}"


class LakeState(BaseModel):
    """The lake's record of files, periods and deliveries."""

    engine: str = Field(default_factory=_made_by)
    sequence: int = 0
    first_seen: dict[str, int] = Field(default_factory=dict)
    """Place of each file name in the order of arrival; kept when a file is withdrawn, and never changed.

    Files of one run share a place, but for increments of one table, which follow each other by number.
    """
    files: dict[str, FileState] = Field(default_factory=dict)
    tables: dict[str, dict[str, PeriodState]] = Field(default_factory=dict)
    profiles: dict[str, str] = Field(default_factory=dict)
    """Name of each table's profile file."""
    received_on: dict[str, str] = Field(default_factory=dict)
    """By delivery id: the as-of date of the run that read it first; kept when the lake is made anew."""
    reader_digest: str = ""
    """Hash of what a reader says of its rows; empty without one."""
    reader_quarantined: dict[str, int] = Field(default_factory=dict)
    """How many rows of each contract table a reader quarantined."""
    retired: list[dict[str, str]] = Field(default_factory=list)
    """Files that were replaced or withdrawn: name, table, received id, sha256, reason."""

    @classmethod
    def read(cls, lake: Path) -> LakeState:
        """State of the lake; an empty one where there is none.

        What another DuckDB version or another format of the lake made is received again; the order of
        deliveries stays.

        Raises:
            SourceError: the state file is damaged.
        """
        path = lake / "state.json"
        if not path.is_file():
            return cls()
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if found["engine"] != _made_by():
                found = {
                    name: found[name]
                    for name in ("sequence", "first_seen", "received_on", "retired")
                    if name in found
                }
            return cls.model_validate(found)
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(
                f"{path}: expected the lake's state, found content that cannot be read. Restore it from "
                f"a backup, or remove {lake} to receive the source from the beginning."
            ) from error

    def copies(self, table: str) -> dict[str, str]:
        """Files of a table that came in one run with another of the same rows, each with that other's name.

        Their rows are not counted a second time. A file that comes later is no copy: it may restore what a
        file between the two had changed.
        """
        originals: dict[tuple[object, ...], str] = {}
        found = {}
        for name, file in sorted(self.files.items()):
            if file.table == table and file.periods:
                original = originals.setdefault((file.sequence, *file.content), name)
                if original != name:
                    found[name] = original
        return found

    def counted(self, table: str) -> dict[str, FileState]:
        """Files of a table whose rows count, by name in order: those in force that are no copies."""
        copies = self.copies(table)
        return {
            name: file
            for name, file in sorted(self.files.items())
            if file.table == table and name not in copies
        }

    def write(self, lake: Path) -> None:
        """Write this state; from now on it is the lake's."""
        self.engine = _made_by()
        lake.mkdir(parents=True, exist_ok=True)
        write_atomic(lake / "state.json", json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True))

    def fingerprints(self) -> dict[str, dict[str, str]]:
        """Fingerprint of every kept period, by table; the build plan compares it with the warehouse's."""
        return {
            table: {period: s.fingerprint for period, s in periods.items() if s.kept}
            for table, periods in self.tables.items()
        }
