"""Errors that decide how a run or a command ends.

The command line turns each into its exit code: refused gate 1, wrong use 2, unreadable source 3, any other 4.
Belongs here: errors that several packages raise or that decide an outcome. Does not belong here: errors of
one package, which stand beside the code that raises them.
"""


class SourceError(Exception):
    """A source cannot be read at all; nothing was changed."""


class GateRefusedError(Exception):
    """A gate refused the run: what was found is in the home's `refusal.json`; the old snapshot stands."""


class OutOfOrderError(Exception):
    """A stage of a run was started before the stages that it builds on; nothing was changed."""


class UsageError(Exception):
    """A command was used in a way that cannot work; the message says what to do instead."""
