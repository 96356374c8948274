"""The boundary to Great Expectations: suites in, plain outcomes out. Nothing else imports the library."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import duckdb
from sqlalchemy.exc import SQLAlchemyError

from expectations import dialect
from expectations.results import CheckError
from expectations.session import view_of
from expectations.suite import Check, Suite

# Counts only: which rows broke a check is asked of DuckDB afterwards, in a fixed order.
_RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}


@dataclass(frozen=True)
class Outcome:
    """What one check found: how many values there were and how many lay outside the bound."""

    success: bool
    values: int
    unexpected: int


def load() -> ModuleType:
    """Import the library, without pyspark where that is installed too.

    The library imports pyspark for an engine that is not used here. That takes as long as all the rest, and
    `pyspark.sql.connect` ends the process with exit code 0 wherever the main module has neither file nor
    spec, as under `python -c` and in pytest-xdist's workers.
    """
    with warnings.catch_warnings(), _without("pyspark"):
        warnings.simplefilter("ignore")
        import great_expectations
    return great_expectations


@contextlib.contextmanager
def _without(package: str) -> Iterator[None]:
    """Let imports of a package fail as if it were not installed."""
    hidden = {name: module for name, module in sys.modules.items() if name.split(".")[0] == package}
    blocked: dict[str, Any] = dict.fromkeys([package, *hidden])
    sys.modules.update(blocked)
    try:
        yield
    finally:
        for name in blocked:
            del sys.modules[name]
        sys.modules.update(hidden)


class Engine:
    """An ephemeral context over one DuckDB file; use it as a context manager, so that the file is let go."""

    def __init__(self, database: Path, config: Mapping[str, Any]) -> None:
        gx = load()
        from great_expectations.data_context.types.base import ProgressBarsConfig

        self.gx = gx
        self.context = gx.get_context(mode="ephemeral")
        self.context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        self._source = self.context.data_sources.add_sql(
            "gate",
            connection_string=f"{dialect.register()}:///{database}",
            kwargs={"connect_args": {"config": dict(config)}},
        )

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        execution = self._source.get_execution_engine()
        execution.close()
        for engine in (execution.engine, self._source.get_engine()):
            engine.dispose()
            dialect.forget_types(engine)

    def validate(self, suite: Suite, descriptions: Mapping[str, str]) -> dict[str, Outcome]:
        """Outcome of each check of a suite by name, all computed in the database.

        Raises:
            CheckError: a check broke instead of giving an answer.
        """
        expectations = [self._expectation(check, descriptions[check.name]) for check in suite.checks]
        from great_expectations.exceptions import GreatExpectationsError

        try:
            definition = self._definition(suite, expectations)
            with _quiet():
                validation = definition.run(result_format=_RESULT_FORMAT)
        except (GreatExpectationsError, SQLAlchemyError, duckdb.Error) as error:
            raise _broken(suite, "(the suite as a whole)", error) from error
        return {
            result.expectation_config.kwargs["column"]: _outcome(suite, result)
            for result in validation.results
        }

    def _definition(self, suite: Suite, expectations: list[Any]) -> Any:
        name = suite.name
        batch = self._source.add_table_asset(
            name, table_name=view_of(suite)
        ).add_batch_definition_whole_table("all")
        gx_suite = self.context.suites.add(self.gx.ExpectationSuite(name=name, expectations=expectations))
        return self.context.validation_definitions.add(
            self.gx.ValidationDefinition(name=name, data=batch, suite=gx_suite)
        )

    def _expectation(self, check: Check, description: str) -> Any:
        bound = check.bound
        return self.gx.expectations.ExpectColumnValuesToBeBetween(
            column=check.name,
            min_value=bound.minimum,
            max_value=bound.maximum,
            mostly=bound.mostly,
            severity=bound.severity,
            description=description,
            meta={
                "rule": bound.rule,
                "verified": bound.is_verified,
                "verification": bound.verified or "policy",
                "why": bound.why,
                "column": check.column,
            },
        )


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _raised(info: Mapping[str, Any]) -> str | None:
    """The message of an exception in `exception_info`, which is one record or one a metric."""
    records = [info, *(value for value in info.values() if isinstance(value, Mapping))]
    for record in records:
        if record.get("raised_exception"):
            return str(record.get("exception_message"))
    return None


def _outcome(suite: Suite, result: Any) -> Outcome:
    column = result.expectation_config.kwargs["column"]
    message = _raised(result.exception_info or {})
    if message is not None:
        raise _broken(suite, column, message)
    counts = result.result
    values = int(counts["element_count"]) - int(counts["missing_count"])
    return Outcome(success=bool(result.success), values=values, unexpected=int(counts["unexpected_count"]))


def _broken(suite: Suite, expectation: str, cause: object) -> CheckError:
    first_line = str(cause).partition("\n")[0]
    return CheckError(
        f"gate {suite.gate}, suite {suite.name}, expectation {expectation}, table {suite.table}: "
        f"the check broke and says nothing about the data. Expected an outcome, found: {first_line}. "
        "Correct the check or the table's columns."
    )
