"""Dagster's event log in SQLite with connections that stay open; it holds what happened, no plans.

A run writes some 600 events. Dagster's own storage opens and closes up to three databases for each, and each
commit and close waits for the disk: half the time of a small run. Here the disk is waited for at checkpoints
only, since a history that loses its last events in a power cut does no harm. More than half of the events
only announce assets and checks that the run may leave as they are; they would hide each one's last result.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

from dagster import AssetCheckEvaluation, DagsterEventType, EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

_OPEN_DATABASES = 4
_PLANS = {
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
    DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED.value,
}


class HomeEventLog(SqliteEventLogStorage):
    """The event log of a home; the databases used last stay open."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        self._present: set[tuple[str, str]] = set()
        self._evaluated: set[tuple[str, str, str]] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> HomeEventLog:
        """Made from an instance's configuration; the inherited method would make the inherited class."""
        return cls(inst_data=inst_data, **config_value)

    def store_event(self, event: EventLogEntry) -> None:
        """Keep an event, unless it is a plan."""
        if not (event.dagster_event and event.dagster_event.event_type_value in _PLANS):
            super().store_event(event)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def _engine(self, shard: str) -> Engine:
        engine = self._engines.get(shard)
        if engine is None:
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=QueuePool,
                pool_size=1,
                connect_args={"timeout": 60, "check_same_thread": False},
            )
            event.listen(engine, "connect", _wait_for_checkpoints_only)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            self._engines[shard] = engine
            if len(self._engines) > _OPEN_DATABASES:
                self._engines.popitem(last=False)[1].dispose()
        self._engines.move_to_end(shard)
        return engine

    @property
    def supports_asset_checks(self) -> bool:
        """True, as for every new database; the inherited answer opens one more connection an event."""
        return True

    def has_table(self, table_name: str) -> bool:
        """Whether a table is there; the inherited answer opens one more connection an event."""
        return self._is_present("table", table_name, super().has_table)

    def has_secondary_index(self, name: str) -> bool:
        """Whether a migration of the data is complete."""
        return self._is_present("migration", name, super().has_secondary_index)

    def has_asset_key_col(self, column_name: str) -> bool:
        """Whether the table of assets has a column."""
        return self._is_present("column", column_name, super().has_asset_key_col)

    def _has_asset_key_index_cols_on_connection(self, conn: Connection) -> bool:
        inherited = super()._has_asset_key_index_cols_on_connection
        return self._is_present("column", "last_materialization_timestamp", lambda _: inherited(conn))

    def _is_present(self, kind: str, name: str, ask: Callable[[str], bool]) -> bool:
        """An answer about the schema, asked until it is yes: no part of it is ever removed."""
        if (kind, name) not in self._present and ask(name):
            self._present.add((kind, name))
        return (kind, name) in self._present

    def _update_asset_check_evaluation(self, event: EventLogEntry, event_id: int | None) -> None:
        """Add the result of a check; no plan is kept, so only a second one of the same run replaces a row."""
        result = cast("AssetCheckEvaluation", event.get_dagster_event().event_specific_data)
        evaluated = (event.run_id, result.asset_key.to_string(), result.check_name)
        if evaluated in self._evaluated:
            super()._update_asset_check_evaluation(event, event_id)
        else:
            self._store_runless_asset_check_evaluation(event, event_id)
            self._evaluated.add(evaluated)

    def dispose(self) -> None:
        """Close every database."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        super().dispose()


def _wait_for_checkpoints_only(connection: Any, _record: Any) -> None:
    connection.execute("pragma synchronous = normal")
