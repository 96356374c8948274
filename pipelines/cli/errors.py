"""Wrong use of the command line."""


class UsageError(Exception):
    """An option or argument is not valid; ends with exit code 2."""
