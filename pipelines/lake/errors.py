"""What can be wrong with a source as a whole; wrong rows are quarantined instead."""


class SourceError(Exception):
    """A source cannot be read. The message says what was expected, found, where, and what to do."""
