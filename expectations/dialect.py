"""Lets Great Expectations compute inside DuckDB instead of pulling tables into pandas."""

from __future__ import annotations

import atexit
import gc
import sys
from functools import cache
from typing import Any

import duckdb_engine
from sqlalchemy import Engine
from sqlalchemy.dialects import registry

DRIVER = "pushdown"


class PushDownDialect(duckdb_engine.Dialect):
    """DuckDB without transaction calls.

    Great Expectations leaves a connection before it fetches; SQLAlchemy then rolls back and DuckDB drops
    the pending result, so that every metric fails with "list index out of range" (great_expectations
    #10738, #11579). The gate only reads, so there is nothing to commit or to roll back.
    """

    supports_statement_cache = False

    def do_begin(self, connection: Any) -> None:
        """Nothing to begin."""

    def do_commit(self, connection: Any) -> None:
        """Nothing to commit."""

    def do_rollback(self, connection: Any) -> None:
        """Nothing to roll back, and the pending result stays readable."""


@cache
def register() -> str:
    """Make the dialect known to SQLAlchemy and return its URL scheme."""
    atexit.register(_let_go_of_types)
    registry.register(f"duckdb.{DRIVER}", PushDownDialect.__module__, PushDownDialect.__name__)
    return f"duckdb+{DRIVER}"


def forget_types(engine: Engine) -> None:
    """Drop the column types that SQLAlchemy remembered with the engine's dialect, see `_let_go_of_types`."""
    engine.dialect._type_memos.clear()


def _let_go_of_types() -> None:
    """Drop the types that duckdb_engine's modules hold when the process ends.

    DuckDB 2.0 otherwise lists each of its types that is still held on standard error, dozens of lines
    after every run.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] == "duckdb_engine"]:
        vars(sys.modules.pop(name)).clear()
    gc.collect()
