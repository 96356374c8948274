"""What every step of a run has in common: its place in the order, and how its errors end the run.

Belongs here: translating errors into Dagster's failures and retries. Does not belong here: what a step does.
See https://docs.dagster.io/guides/build/ops/op-retries.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import dagster as dg
import duckdb

from pipelines.core.errors import GateRefusedError, OutOfOrderError, SourceError
from pipelines.orchestration.resources import Workspace
from pipelines.publication.stages import begin_stage, finish_stage

RETRIES = 2
_SECONDS_BEFORE_RETRY = 5

_TRANSIENT = (OSError, duckdb.IOException)
"""Faults of disks and file systems that may be gone a moment later."""


class Ending(StrEnum):
    """How a step that did not succeed ended; stands in the failure's metadata under `ending`."""

    REFUSED = "refused"
    UNREADABLE = "unreadable"
    OUT_OF_ORDER = "out_of_order"
    FAILED = "failed"


_ENDINGS: tuple[tuple[type[Exception], Ending], ...] = (
    (GateRefusedError, Ending.REFUSED),
    (SourceError, Ending.UNREADABLE),
    (OutOfOrderError, Ending.OUT_OF_ORDER),
)


def ending_of(failure: Any) -> Ending:
    """How a failed step ended, from the data that Dagster keeps about the failure."""
    metadata = failure.user_failure_data.metadata if failure.user_failure_data else {}
    return Ending(metadata["ending"].value) if "ending" in metadata else Ending.FAILED


def step(stage: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function with a `workspace` the body of that stage of `pipelines.publication.stages`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def run(*arguments: Any, **given: Any) -> Any:
            with _in_order(given["workspace"], stage):
                return function(*arguments, **given)

        @functools.wraps(function)
        def run_and_yield(*arguments: Any, **given: Any) -> Iterator[Any]:
            with _in_order(given["workspace"], stage):
                yield from function(*arguments, **given)

        return run_and_yield if inspect.isgeneratorfunction(function) else run

    return decorate


@contextmanager
def _in_order(workspace: Workspace, stage: str) -> Iterator[None]:
    with _failures():
        begin_stage(workspace.candidate, stage)
        yield
        finish_stage(workspace.candidate, stage)


@contextmanager
def _failures() -> Iterator[None]:
    """Turn an error into a failure that says how the run ends, or into a retry where it may pass."""
    try:
        yield
    except (dg.Failure, dg.RetryRequested):
        raise
    except _TRANSIENT as error:
        if dg.OpExecutionContext.get().retry_number < RETRIES:
            raise dg.RetryRequested(RETRIES, _SECONDS_BEFORE_RETRY) from error
        raise _failure(error, Ending.FAILED) from error
    except Exception as error:
        ending = next((found for kind, found in _ENDINGS if isinstance(error, kind)), Ending.FAILED)
        raise _failure(error, ending) from error


def _failure(error: Exception, ending: Ending) -> dg.Failure:
    described = str(error) if ending is not Ending.FAILED else f"{type(error).__name__}: {error}"
    return dg.Failure(described, metadata={"ending": ending.value}, allow_retries=False)
