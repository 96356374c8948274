"""dbt inside this process: one import and one parsed manifest for all builds of a run.

dbt keeps its flags and adapters in globals of the process, so invocations run one at a time. Paths and limits
reach it as variables, never as environment of the process.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

_ONE_AT_A_TIME = threading.Lock()


class DbtError(Exception):
    """dbt could not parse or build the project; this says nothing about the data."""


def parse(project: Path, target: Path) -> None:
    """Parse the project anew; leaves manifest.json and the parsed objects in `target`.

    Raises:
        DbtError: the project cannot be parsed.
    """
    outcome = invoke(["parse", "--no-partial-parse"], project, target, None)
    if not outcome.success:
        raise DbtError(f"{project}: expected a dbt project that parses, found: {outcome.exception}")


def invoke(arguments: list[str], project: Path, target: Path, manifest: Any) -> Any:
    """Run one command of dbt; gives dbt's own result, with the exception where there is no other."""
    from dbt.cli.main import dbtRunner

    places = ["--project-dir", str(project), "--profiles-dir", str(project), "--target-path", str(target)]
    logging = ["--log-path", str(target), "--log-level", "none", "--no-print"]
    with _ONE_AT_A_TIME:
        try:
            return dbtRunner(manifest=manifest).invoke([*arguments, *places, *logging])
        finally:
            _close_warehouse()


def _close_warehouse() -> None:
    """Close the warehouse file, which dbt-duckdb would keep open until the process ends."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    reset_adapters()
    DuckDBConnectionManager.close_all_connections()
