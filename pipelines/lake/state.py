"""Which files of the lake are in force: read at the start of a run, replaced in one step at its end."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
from pydantic import BaseModel, Field

from pipelines.lake.errors import SourceError
from pipelines.whole import write_whole


class FileState(BaseModel):
    """One delivered file that counts; `sequence` is the run in which its name was first seen."""

    table: str
    received: str
    sha256: str
    sequence: int
    rows: int
    periods: dict[str, str]
    unknown_columns: list[str] = Field(default_factory=list)


class PeriodState(BaseModel):
    """One period of one table; `print` identifies the kept rows, `counts` says where all rows went."""

    print: str
    rows_in: int
    kept: int
    superseded: int
    quarantined: int
    kept_file: str | None = None
    set_aside_file: str | None = None


class LakeState(BaseModel):
    """The lake's memory."""

    engine: str = Field(default_factory=lambda: duckdb.__version__)
    sequence: int = 0
    first_seen: dict[str, int] = Field(default_factory=dict)
    """The run in which each file name first came; kept when a file is withdrawn, and never changed."""
    files: dict[str, FileState] = Field(default_factory=dict)
    tables: dict[str, dict[str, PeriodState]] = Field(default_factory=dict)
    retired: list[dict[str, str]] = Field(default_factory=list)
    """Files that were replaced or withdrawn: name, table, received id, sha256, reason."""

    @classmethod
    def read(cls, lake: Path) -> LakeState:
        """State of the lake; an empty one where there is none.

        A lake whose row prints were made by another DuckDB version is resolved again from what it
        received, because hashes are comparable within one version only.

        Raises:
            SourceError: the state file is damaged.
        """
        path = lake / "state.json"
        if not path.is_file():
            return cls()
        try:
            state = cls.model_validate_json(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise SourceError(
                f"{path}: expected the lake's state, found content that cannot be read. Restore it from "
                f"a backup, or remove {lake} to receive the source from the beginning."
            ) from error
        return (
            state
            if state.engine == duckdb.__version__
            else cls(sequence=state.sequence, first_seen=state.first_seen, retired=state.retired)
        )

    def write(self, lake: Path) -> None:
        """Put this state in force."""
        lake.mkdir(parents=True, exist_ok=True)
        write_whole(lake / "state.json", json.dumps(self.model_dump(mode="json"), indent=1, sort_keys=True))

    def prints(self) -> dict[str, dict[str, str]]:
        """Content of every kept period, by table: what a warehouse was or was not built from."""
        return {
            table: {period: s.print for period, s in periods.items() if s.kept}
            for table, periods in self.tables.items()
        }
