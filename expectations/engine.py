"""Runs suites in Great Expectations: suites in, plain outcomes out.

Belongs here: what the library lacks. It needs a DuckDB dialect that keeps pending results (`dialect.py`), it
does not distinguish a check that broke from one that failed, and its counts differ between expectations.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from sqlalchemy.exc import SQLAlchemyError

from expectations import dialect
from expectations.library import gx
from expectations.results import CheckError
from expectations.session import view_of
from expectations.suite import Suite


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    `values` counts what was judged and `unexpected` what broke it; a check of a column as a whole judges one
    value, its `figure`. `breaches` is the query of the rows that broke it, where the library has one.
    """

    success: bool
    values: int
    unexpected: int
    figure: float | None = None
    breaches: str | None = None


class Engine:
    """An ephemeral context over one DuckDB file; use it as a context manager, so that the file is closed."""

    def __init__(self, database: Path, config: Mapping[str, Any]) -> None:
        from great_expectations.data_context.types.base import ProgressBarsConfig

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
        from great_expectations.exceptions import GreatExpectationsError

        try:
            definition = self._definition(suite, descriptions)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                validation = definition.run(result_format=_result_format(suite))
        except (GreatExpectationsError, SQLAlchemyError, duckdb.Error) as error:
            raise _broken(suite, "(the suite as a whole)", error) from error
        return {
            result.expectation_config.meta["name"]: _outcome(suite, result) for result in validation.results
        }

    def _definition(self, suite: Suite, descriptions: Mapping[str, str]) -> Any:
        name = suite.name
        asset = self._source.add_table_asset(name, table_name=view_of(suite))
        expectations = [check.native(descriptions[check.name]) for check in suite.checks]
        return self.context.validation_definitions.add(
            gx.ValidationDefinition(
                name=name,
                data=asset.add_batch_definition_whole_table("all"),
                suite=self.context.suites.add(gx.ExpectationSuite(name=name, expectations=expectations)),
            )
        )


def _result_format(suite: Suite) -> dict[str, Any]:
    """Counts, and the query of the rows that broke a check; these are read afterwards, in a fixed order."""
    return {
        "result_format": "SUMMARY",
        "partial_unexpected_count": 0,
        "unexpected_index_column_names": list(suite.key),
        "return_unexpected_index_query": True,
    }


def _raised(info: Mapping[str, Any]) -> str | None:
    """The message of an exception in `exception_info`, which is one record or one a metric."""
    records = [info, *(value for value in info.values() if isinstance(value, Mapping))]
    for record in records:
        if record.get("raised_exception"):
            return str(record.get("exception_message"))
    return None


def _outcome(suite: Suite, result: Any) -> Outcome:
    message = _raised(result.exception_info or {})
    if message is not None:
        raise _broken(suite, result.expectation_config.meta["name"], message)
    found, success = result.result, bool(result.success)
    if "element_count" in found:
        values = int(found["element_count"]) - int(found.get("missing_count") or 0)
        query = found.get("unexpected_index_query")
        return Outcome(success, values, int(found["unexpected_count"] or 0), breaches=query)
    figure = found["observed_value"]
    if figure is None:
        return Outcome(success=False, values=0, unexpected=0)
    return Outcome(success, values=1, unexpected=int(not success), figure=float(figure))


def _broken(suite: Suite, expectation: str, cause: object) -> CheckError:
    first_line = str(cause).partition("\n")[0]
    return CheckError(
        f"gate {suite.gate}, suite {suite.name}, expectation {expectation}, table {suite.table}: "
        f"the check broke and says nothing about the data. Expected an outcome, found: {first_line}. "
        "Correct the check or the table's columns."
    )
