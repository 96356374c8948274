"""Findings of an earlier run, reused while all that they were computed from is unchanged.

A detector's findings follow from its code, its policy, the market, the marts that it read and, where it
asked for it, the as-of date. These are noted while it runs, so that no detector has to declare them. Where
findings no longer hold, the results of parts of a search may (`parts`); they are kept beside them.
Belongs here: keeping findings and parts, and deciding whether they still hold. Does not belong here: running
detectors (`run`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from anomaly.core.marts import Marts
from anomaly.core.parts import Parts


class ReadMarts(Marts):
    """The marts of a directory, with the names of those that were asked for."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.names: set[str] = set()

    def files(self, name: str) -> list[Path]:
        """The mart's files, one a partition, sorted; the mart counts as read, also where it is absent."""
        self.names.add(name)
        return super().files(name)


@dataclass(frozen=True)
class Kept:
    """Findings of one detector: its rows of alerts and candidates (`is_alert`), and how many are undated."""

    rows: pl.DataFrame
    undated: int


@dataclass(frozen=True)
class Earlier:
    """Findings by kind in `folder`.

    Attributes:
        folder: holds `<kind>.json`, what the findings follow from, `<kind>.parquet`, the findings, and
            `<kind>.parts.json`, results of parts.
        program: identifies code, policies, texts, libraries and market.
        digest: identifies the content of a file.
    """

    folder: Path
    program: str
    digest: Callable[[Path], str]

    def recall(self, kind: str, marts: Marts, as_of: date | None) -> Kept | None:
        """Findings that still hold for these marts on this as-of date, if there are any."""
        try:
            noted = json.loads(self._note(kind).read_text(encoding="utf-8"))
            holds = (
                noted["program"] == self.program
                and noted["as_of"] in (None, str(as_of))
                and noted["marts"] == self._contents(marts, noted["marts"])
            )
            return Kept(pl.read_parquet(self._rows(kind)), noted["undated"]) if holds else None
        except (OSError, ValueError, KeyError, TypeError, pl.exceptions.PolarsError):
            return None

    def parts(self, kind: str) -> Parts:
        """Results of parts of the detector's searches, if this program made them."""
        try:
            held = json.loads(self._parts(kind).read_text(encoding="utf-8"))
            return Parts(held["parts"] if held["program"] == self.program else None)
        except (OSError, ValueError, KeyError, TypeError):
            return Parts()

    def keep(self, kind: str, found: Kept, marts: ReadMarts, as_of: date | None, parts: Parts) -> None:
        """Keep findings and the parts used for the next run; `as_of` where the detector asked for it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        note = {
            "program": self.program,
            "as_of": str(as_of) if as_of else None,
            "marts": self._contents(marts, marts.names),
            "undated": found.undated,
        }
        # Without its note the file of rows counts for nothing, so a run that is cut off leaves no mixture.
        self._note(kind).unlink(missing_ok=True)
        found.rows.write_parquet(self._rows(kind))
        self._note(kind).write_text(json.dumps(note, indent=1), encoding="utf-8")
        if parts.used:
            held = {"program": self.program, "parts": parts.used}
            self._parts(kind).write_text(json.dumps(held), encoding="utf-8")

    def _contents(self, marts: Marts, names: Iterable[str]) -> dict[str, Any]:
        """Names and digests of the files of each mart, as JSON gives them back."""
        return {name: self._content(marts, name) for name in sorted(names)}

    def _content(self, marts: Marts, name: str) -> list[list[str]]:
        return [[path.name, self.digest(path)] for path in marts.files(name)]

    def _note(self, kind: str) -> Path:
        return self.folder / f"{kind}.json"

    def _parts(self, kind: str) -> Path:
        return self.folder / f"{kind}.parts.json"

    def _rows(self, kind: str) -> Path:
        return self.folder / f"{kind}.parquet"
