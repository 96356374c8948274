"""What assets are given: the home, the source and the as-of date.

Belongs here: injected context. Does not belong here: asset logic.
See https://docs.dagster.io/guides/build/external-resources.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from pathlib import Path

import dagster as dg
from pydantic import Field

from pipelines.core.lock import home_lock
from pipelines.core.market import Market, as_of_date, read_market
from pipelines.core.settings import Settings
from pipelines.publication.identity import snapshot_id
from pipelines.publication.snapshots import Candidate


class Workspace(dg.ConfigurableResource):
    """One run's place, source and day."""

    home: str = Field(
        default="", description="folder that holds everything; empty: CARBONWARDEN_HOME or ./data"
    )
    source: str = Field(default="", description="source directory; empty: CARBONWARDEN_SOURCE, else pulls")
    as_of: str = Field(default="", description="as-of date; empty: the market's own, else today")

    @cached_property
    def settings(self) -> Settings:
        """Paths and limits."""
        return Settings.load(Path(self.home) if self.home else None)

    @cached_property
    def source_path(self) -> Path:
        """The source directory, absolute.

        Raises:
            ValueError: no source is configured.
        """
        source = Path(self.source) if self.source else self.settings.default_source
        if source is None:
            raise ValueError(
                "expected a source directory, found none configured and nothing pulled. Set "
                "CARBONWARDEN_SOURCE, give `source` to the workspace resource, or pull declared sources."
            )
        return source.expanduser().absolute()

    @cached_property
    def day(self) -> date:
        """The as-of date."""
        if self.as_of:
            return date.fromisoformat(self.as_of)
        return as_of_date(self.settings, self.market)

    @cached_property
    def market(self) -> Market:
        """The market's own settings."""
        return read_market(self.source_path)

    @cached_property
    def snapshot(self) -> str:
        """Id of the snapshot that this run would publish."""
        return snapshot_id(self.source_path, self.day)

    @property
    def candidate(self) -> Candidate:
        """The snapshot in preparation."""
        return Candidate(self.settings, self.snapshot, self.market, self.day)


class HomeLock(dg.ConfigurableResource):
    """Holds the lock of the home for as long as a run lasts, so that no two runs write into it."""

    workspace: Workspace

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[HomeLock]:
        """Take the lock before the run's first step and release it after the last."""
        with home_lock(self.workspace.settings):
            yield self
