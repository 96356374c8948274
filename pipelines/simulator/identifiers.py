"""Made-up identifiers in the shape that real ones have.

Codes follow GB 32100 (18 characters with a check character) and hold an organisation code after
GB 11714 (8 characters and a check character), so that a format check accepts them. The bodies are
invented: they begin with `MAFX`, and the names they come with say 示例 ("example"). Numbers are drawn at
random, so an identifier carries no information about the role or position of its owner.
"""

from __future__ import annotations

import numpy as np

from pipelines.core.credit_codes import check_character

_ORGANISATION = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
MOST_ORGANISATIONS = 10_000


def organisation_code(body: str) -> str:
    """Eight characters and their check character (GB 11714)."""
    total = sum(
        _ORGANISATION.index(mark) * weight for mark, weight in zip(body, _ORGANISATION_WEIGHTS, strict=True)
    )
    return body + "0123456789X0"[11 - total % 11]


def credit_code(number: int, region: str) -> str:
    """A unified social credit code of the invented organisation `number`, at home in `region`."""
    first = "91" + region + organisation_code(f"MAFX{number:04d}")
    return first + check_character(first)


def random_numbers(rng: np.random.Generator, count: int, digits: int) -> list[str]:
    """Different whole numbers of so many digits, in random order.

    Raises:
        ValueError: there are fewer such numbers than wanted.
    """
    first, beyond = 10 ** (digits - 1), 10**digits
    if count > beyond - first:
        raise ValueError(f"{count} numbers of {digits} digits wanted, found {beyond - first}")
    drawn = rng.choice(beyond - first, count, replace=False) + first
    return [str(number) for number in drawn.tolist()]
