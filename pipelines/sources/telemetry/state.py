"""What closings remember: how far the journal was read, and which hours are closed. Replaced in one step.

Belongs here: `state.json`. It may be deleted together with `records/`: the next closing reads the whole
journal again, and gives hours that do not differ from those that are closed no new revision.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from pipelines.core.errors import SourceError
from pipelines.sources.telemetry.journal import Place
from pipelines.sources.telemetry.storage import write_durably

FILE = "state.json"


class State(BaseModel):
    """All hours are UTC.

    Attributes:
        segment, offset: where the next closing starts to read.
        open: lines before that place whose record is not complete.
        next_hour: the first hour that is not closed.
        pending: station -> hours that have records and were not due yet.
        heard: station -> hour in which it was first received.
        mappings: station -> content hash of its entry when hours were last computed.
    """

    model_config = ConfigDict(extra="forbid")
    segment: int = 0
    offset: int = 0
    open: list[tuple[int, int]] = []
    next_hour: datetime | None = None
    pending: dict[str, list[datetime]] = {}
    heard: dict[str, datetime] = {}
    mappings: dict[str, str] = {}

    @property
    def place(self) -> Place:
        """Where the next closing starts to read."""
        return Place(self.segment, self.offset)

    @classmethod
    def load(cls, folder: Path) -> State:
        """The state of a folder; a new one where there is none.

        Raises:
            SourceError: the file is not of this form.
        """
        path = folder / FILE
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return cls()
        except (ValidationError, UnicodeDecodeError) as error:
            raise SourceError(
                f"{path}: expected what the last closing wrote, found something else. Remove it, and "
                "records/ beside it; the next closing reads the journal again."
            ) from error

    def save(self, folder: Path) -> None:
        """Replace the file, on disk when this returns."""
        write_durably(folder / FILE, self.model_dump_json(indent=1).encode())
