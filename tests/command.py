"""The command line in the test's own process: starting a program for each of many calls takes minutes."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass
from unittest import mock

from pipelines.cli.main import main


@dataclass(frozen=True)
class Called:
    """What a call printed, and the code it left with."""

    returncode: int
    stdout: str
    stderr: str


def call(*arguments: object) -> Called:
    """`carbonwarden ARGUMENTS`."""
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", ["carbonwarden", *map(str, arguments)]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as left:
            code = left.code
    return Called(code if isinstance(code, int) else 0, out.getvalue(), err.getvalue())
