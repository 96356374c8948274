"""Reasons that a run of a detector states as text and that the desk reads; imported by both."""

from __future__ import annotations

NO_ROWS_OF = "no rows of "
"""How the reason of a detector that is not applicable begins; the marts follow, separated by commas."""
