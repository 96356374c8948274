"""The delivery folder of a home: what all declared sources delivered, as a source directory for `run`.

    deliveries/current          link to the present state; `run` reads it
    deliveries/<number>/        one state: market.yml, <table>/<source>/<part>.parquet
                                or, with a watermark, <table>/<source>/increment=<number>/<part>.parquet
        _memory/<source>/       what the source's next pull must know
        _quarantined/           rows that mappings quarantined, of all sources

A pull builds the next state beside the present one, as links to files that stay, and switches `current` in
one rename. Files and the memory of how far a source was read change in that one step, so a pull that is
killed at any moment has either delivered or not begun. Files of a state are never changed.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import yaml
from filelock import FileLock, Timeout

from pipelines.contract.outputs.readings import READER_FILES, READER_TABLES
from pipelines.contract.tables import TABLES
from pipelines.core.files import link, sync
from pipelines.core.lock import HomeBusyError, home_lock
from pipelines.core.market import Market
from pipelines.core.settings import Settings
from pipelines.sources.accounts import added_up
from pipelines.sources.connectors.fetched import Part

_MEMORY = "_memory"
_SCRATCH = ".pulling"
_QUARANTINED = "quarantined"
_NO_ROWS = "no_rows.parquet"
_KEPT_STATES = 2
_SUFFIXES = ("parquet", "csv", "csv.gz")


class Deliveries:
    """The delivery folder of one home."""

    def __init__(self, settings: Settings) -> None:
        """The folder, which need not exist."""
        self.settings = settings
        self.folder = settings.deliveries
        self.link = self.folder / "current"

    @property
    def current(self) -> Path | None:
        """The present state; None before the first pull."""
        return self.link.resolve() if self.link.is_symlink() else None

    def memory(self, source: str) -> Path:
        """The folder of what a source remembers; it need not exist."""
        return (self.current or self.folder / "none") / _MEMORY / source

    @contextmanager
    def pulling(self) -> Iterator[Path]:
        """An empty folder to pull into, for one pull at a time.

        Raises:
            HomeBusyError: another pull is in progress in this home.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / ".pull.lock", timeout=0)
        try:
            lock.acquire()
        except Timeout as error:
            raise HomeBusyError(
                f"{self.folder}: expected no other pull, found one in progress. Wait for it to end."
            ) from error
        scratch = self.folder / _SCRATCH
        try:
            # What a killed pull left is of no use: it was not delivered.
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            yield scratch
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
            lock.release()

    def switch(
        self, scratch: Path, source: str, new: list[Part], keeps: list[str], memory: Path, market: Market
    ) -> None:
        """Make a state in which `source` has the parts `keeps` of the present one and the parts `new`.

        Each part of `new` is a folder of files named after tables of the contract, and perhaps rows that a
        mapping quarantined. All other sources stay as they are.
        """
        state = scratch / "state"
        state.mkdir()
        if self.current:
            _link_others(self.current, state, source, set(keeps))
        for part in new:
            _place(part, state, source)
        for path in sorted(memory.iterdir()):
            _link(path, state / _MEMORY / source / path.name)
        _complete(state, market)
        _sync_all(state)
        number = 1 + max((int(path.name) for path in self.folder.iterdir() if path.name.isdigit()), default=0)
        target = self.folder / f"{number:06}"
        state.rename(target)
        following = self.folder / ".next"
        following.unlink(missing_ok=True)
        following.symlink_to(target.name)
        following.replace(self.link)
        sync(self.folder)
        self._prune()

    def _prune(self) -> None:
        """Remove old states, unless a run may be reading one."""
        try:
            with home_lock(self.settings):
                states = sorted(path for path in self.folder.iterdir() if path.name.isdigit())
                for path in states[:-_KEPT_STATES]:
                    if path != self.current:
                        shutil.rmtree(path, ignore_errors=True)
        except HomeBusyError:
            return


def _link_others(earlier: Path, state: Path, source: str, keeps: set[str]) -> None:
    """Link all files of the earlier state but those of `source` that belong to none of its parts `keeps`."""
    for path in sorted(earlier.rglob("*")):
        inner = path.relative_to(earlier)
        if not path.is_file() or len(inner.parts) < 3:
            continue
        owner = inner.parts[1]
        is_memory = inner.parts[0] == _MEMORY and inner.parts[2] != _QUARANTINED
        if owner == source and (is_memory or path.name.partition(".")[0] not in keeps):
            continue
        _link(path, state / inner)


def _place(part: Part, state: Path, source: str) -> None:
    inner = source if part.increment is None else f"{source}/increment={part.increment:06}"
    for path in sorted(part.path.iterdir()):
        table, _, suffix = path.name.partition(".")
        if table in TABLES and suffix in _SUFFIXES:
            _link(path, state / table / inner / f"{part.name}.{suffix}")
    for name in READER_TABLES:
        if (left := part.path / name).is_file():
            _link(left, state / _MEMORY / source / _QUARANTINED / f"{part.name}.{left.name}")


def _link(path: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    link(path, target)


def _complete(state: Path, market: Market) -> None:
    """Write what belongs to no source: the market, tables that nobody delivers, quarantined rows of all."""
    settings = market.model_dump(mode="json", exclude_none=True)
    text = yaml.safe_dump(settings, allow_unicode=True, sort_keys=False)
    (state / "market.yml").write_text(text, encoding="utf-8")
    for table in TABLES.values():
        if table.required and not (state / table.name).is_dir():
            (state / table.name).mkdir()
            schema = {column.delivered_name: column.polars_type for column in table.columns}
            pl.DataFrame(schema=schema).write_parquet(state / table.name / _NO_ROWS)
    for name, left in READER_TABLES.items():
        target = state / name
        files = sorted((state / _MEMORY).glob(f"*/{_QUARANTINED}/*.{target.name}"))
        if files:
            target.parent.mkdir(exist_ok=True)
            rows = pl.concat([pl.read_parquet(path).select(left.names) for path in files])
            (added_up(rows) if left is READER_FILES else rows).write_parquet(target)


def _sync_all(state: Path) -> None:
    """Bring a state to the disk before it counts."""
    for path in [*sorted(state.rglob("*")), state]:
        sync(path)
