"""Unified social credit codes (GB 32100-2015): 18 characters, the last of which checks the others.

Belongs here: the rule of the check character. Does not belong here: which columns hold codes
(`pipelines.lake`), made-up codes (`pipelines.simulator`).

The rule was read in third parties' renderings of the standard, and its worked example is a test: the code
91350100M000100Y4 has the check character 3.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Characters of a code in the order of their values; I, O, S, V and Z are none."""

LENGTH = 18
_WEIGHTS = tuple(pow(3, place, 31) for place in range(LENGTH - 1))


def check_character(first: str) -> str:
    """Check character of a code's first 17 characters.

    Raises:
        ValueError: there are more or fewer of them, or one is no character of a code.
    """
    total = sum(ALPHABET.index(mark) * weight for mark, weight in zip(first, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]
