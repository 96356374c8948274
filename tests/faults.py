"""Many faults of one kind: `make test` keeps the first of each kind, `make test-faults` has the others."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import pytest
from _pytest.mark import ParameterSet


def one_of_each(cases: Mapping[str, tuple[Any, ...]], kind: Callable[..., Hashable]) -> list[ParameterSet]:
    """Parameters of a test, named; marked as faults where an earlier case is of the same kind."""
    seen: set[Hashable] = set()
    made = []
    for name, case in cases.items():
        marks = [pytest.mark.faults] if kind(*case) in seen else []
        seen.add(kind(*case))
        made.append(pytest.param(*case, id=name, marks=marks))
    return made
