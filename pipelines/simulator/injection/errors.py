"""What is raised where a case cannot be planted."""

from __future__ import annotations


class UnplantableError(Exception):
    """A case cannot be planted in this source; the text says why."""
