"""The marts that detectors read: Parquet files of one snapshot.

Belongs here: opening a mart and checking that it has the columns a detector asks for.
Does not belong here: the warehouse file, sources, anything that writes.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl


class Marts:
    """The marts in a directory, each one `<name>.parquet` or a folder `<name>` of Parquet files."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def has(self, name: str) -> bool:
        """Whether the mart is there, with rows or without."""
        return self._files(name) != []

    def is_empty(self, name: str) -> bool:
        """Whether the mart is absent or has no row."""
        return not self.has(name) or self.frame(name).head(1).collect().is_empty()

    def frame(self, name: str) -> pl.LazyFrame:
        """The mart as a lazy frame."""
        files = self._files(name)
        if not files:
            raise FileNotFoundError(
                f"mart {name}: expected {name}.parquet or a folder {name} of Parquet files in "
                f"{self.directory}, found neither; build the marts first, or skip what needs it"
            )
        return pl.scan_parquet(files)

    def read(self, name: str, *columns: str) -> pl.DataFrame:
        """The named columns of a mart, in memory."""
        frame = self.frame(name)
        there = frame.collect_schema().names()
        missing = [column for column in columns if column not in there]
        if missing:
            raise ValueError(
                f"mart {name} in {self.directory}: expected columns {', '.join(columns)}; missing "
                f"{', '.join(missing)}; found {', '.join(there)}"
            )
        return frame.select(columns).collect()

    def _files(self, name: str) -> list[Path]:
        single = self.directory / f"{name}.parquet"
        if single.is_file():
            return [single]
        return sorted((self.directory / name).rglob("*.parquet"))
