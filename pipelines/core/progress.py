"""What a long step reports while it runs: one line at a time, on standard error, in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Report = Callable[[str], None]


def _silent(_: str) -> None:
    return None


_report: ContextVar[Report] = ContextVar("report", default=_silent)


def report(step: str) -> None:
    """Say what is being done now."""
    _report.get()(step)


@contextmanager
def reporting_to(receiver: Report) -> Iterator[None]:
    """Send reports to `receiver` while the block runs."""
    token = _report.set(receiver)
    try:
        yield
    finally:
        _report.reset(token)
