"""Great Expectations as every suite imports it: without pyspark.

Belongs here: the import alone; `gx` is the library and `gxe` its native expectations.
Does not belong here: anything that uses them.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator
from types import ModuleType
from typing import Any


@contextlib.contextmanager
def _without(package: str) -> Iterator[None]:
    """Let imports of a package fail as if it were not installed."""
    hidden = {name: module for name, module in sys.modules.items() if name.split(".")[0] == package}
    blocked: dict[str, Any] = dict.fromkeys([package, *hidden])
    sys.modules.update(blocked)
    try:
        yield
    finally:
        for name in blocked:
            del sys.modules[name]
        sys.modules.update(hidden)


def _load() -> tuple[ModuleType, ModuleType]:
    """Import the library, without pyspark where that is installed too.

    The library imports pyspark for an engine that is not used here. That takes as long as all the rest, and
    `pyspark.sql.connect` ends the process with exit code 0 wherever the main module has neither file nor
    spec, as under `python -c` and in pytest-xdist's workers.
    """
    with warnings.catch_warnings(), _without("pyspark"):
        warnings.simplefilter("ignore")
        import great_expectations
        import great_expectations.expectations
    return great_expectations, great_expectations.expectations


gx, gxe = _load()
