"""What identifies a snapshot: everything that can change what a run publishes, and nothing else.

Belongs here: which packages and libraries count. Does not belong here: how a file is hashed
(`pipelines.core.fingerprint`).
"""

from __future__ import annotations

import hashlib
import sys
from datetime import date
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipelines.core.fingerprint import content_hash, fingerprint
from pipelines.core.market import Market, read_market
from pipelines.core.settings import ROOT
from pipelines.lake import readings
from pipelines.lake.files import list_source

CODE = ("anomaly", "models", "expectations", "pipelines", "dbt_project")

NO_RESULT = (
    "anomaly/evaluation",
    "anomaly/reference.py",
    "pipelines/bench",
    "pipelines/cases",
    "pipelines/cli",
    "pipelines/contract/render.py",
    "pipelines/contract/render_outputs.py",
    "pipelines/definitions.py",
    "pipelines/orchestration/declared_sources.py",
    "pipelines/orchestration/history.py",
    "pipelines/orchestration/instance.py",
    "pipelines/orchestration/jobs.py",
    "pipelines/orchestration/location.py",
    "pipelines/orchestration/run.py",
    "pipelines/orchestration/schedules.py",
    "pipelines/orchestration/sensors.py",
    "pipelines/reports",
    "pipelines/simulator",
    "pipelines/sources",
)
"""Parts of `CODE` that no run executes, or that decide only when one starts. All else counts."""

LIBRARIES = (
    "dbt-adapters",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "great-expectations",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "tzdata",
)
"""Libraries that compute what is published; another version may round or order differently."""


@lru_cache(maxsize=1)
def library_versions() -> dict[str, str]:
    """Version of Python and of each computing library; `absent` where one is not installed."""
    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


@lru_cache(maxsize=1)
def code_fingerprint(root: Path = ROOT) -> str:
    """Hash of the code and data of this program that can change a result, as they were when first asked for.

    A process runs the code that it has imported, so a later edit counts from the next process on.
    """
    return fingerprint(root, CODE, without=NO_RESULT)


@lru_cache
def code_version(*folders: str, root: Path = ROOT) -> str:
    """Code version of an asset: 12 hex digits for what in these folders can change a result."""
    return fingerprint(root, folders, without=NO_RESULT)[:12]


def program_version(market: Market) -> str:
    """What makes a result besides data and as-of date: code, policy, texts, libraries and the market."""
    return content_hash([code_fingerprint(), library_versions(), market.model_dump_json()])


def snapshot_id(source: Path, as_of: date) -> str:
    """Identity of what a run would publish: as-of date and 12 hex digits of a hash.

    The hash covers the content of the source, its market settings, the as-of date, the code and data that
    can change a result, and the versions of the libraries that compute it.

    Raises:
        SourceError: the source or its market settings cannot be read.
    """
    parts = [
        readings.digest(readings.reader_files(source)),
        as_of.isoformat(),
        read_market(source).model_dump_json(),
        code_fingerprint(),
        *(f"{name} {number}" for name, number in library_versions().items()),
        *(f"{file.name} {file.sha256}" for file in list_source(source).files),
    ]
    return f"{as_of:%Y%m%d}-{hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:12]}"
