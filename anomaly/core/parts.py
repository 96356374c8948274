"""Results of parts of a search, reused while the rows that they were computed from are the same.

One more day changes a mart and thereby the findings of every detector that reads it, although most of what a
search computes is about weeks or sets of accounts in which nothing changed. A search names such a part by a
key that identifies all that the result depends on besides the program and the thresholds.
Belongs here: looking up and keeping results. Does not belong here: whole findings (`reuse`), files.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Protocol


class Once(Protocol):
    """Gives the result for a key, computed only where it is not known."""

    def __call__(self, key: Sequence[str], make: Callable[[], Any]) -> Any:
        """The result of `make`, as JSON gives it back.

        Args:
            key: names the part and identifies its content.
            make: computes the result from that content alone, as values that JSON can hold.
        """


class Parts:
    """Known results by key, and those that were asked for."""

    def __init__(self, known: Mapping[str, Any] | None = None) -> None:
        self._known = known or {}
        self.used: dict[str, Any] = {}

    def once(self, key: Sequence[str], make: Callable[[], Any]) -> Any:
        """The result for a key; see `Once`."""
        digest = blake2b(json.dumps(key).encode(), digest_size=16).hexdigest()
        if digest not in self.used:
            known = digest in self._known
            # A new result takes the same way as a kept one, so that both give the same findings.
            self.used[digest] = self._known[digest] if known else json.loads(json.dumps(make()))
        return self.used[digest]
