"""Where the dbt project is, for Dagster and for `make manifest`.

Keep asset definitions out of this module: preparing the manifest imports it before a manifest exists.
See https://docs.dagster.io/integrations/libraries/dbt.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from dagster_dbt import DbtProject

from pipelines.warehouse.build import PROJECT, fingerprint

MANIFEST = PROJECT / "target" / "manifest.json"
_STAMP = PROJECT / "target" / "manifest.fingerprint"


def dbt_project() -> DbtProject:
    """The dbt project with the profiles of this repository."""
    return DbtProject(project_dir=PROJECT, profiles_dir=PROJECT)


def dbt_executable() -> str:
    """The dbt command of the environment that runs this program."""
    beside = Path(sys.executable).with_name("dbt")
    return str(beside) if beside.exists() else "dbt"


def prepare_manifest() -> Path:
    """Path of a manifest that fits the project's present files; parses the project where none does.

    Raises:
        RuntimeError: dbt cannot parse the project.
    """
    stamp = fingerprint([PROJECT])
    if MANIFEST.is_file() and _STAMP.is_file() and _STAMP.read_text(encoding="utf-8") == stamp:
        return MANIFEST
    command = [
        dbt_executable(),
        "--quiet",
        "parse",
        "--project-dir",
        str(PROJECT),
        "--profiles-dir",
        str(PROJECT),
    ]
    result = subprocess.run(  # noqa: S603 - a fixed command of this environment
        command, capture_output=True, text=True, check=False, env=os.environ, cwd=PROJECT
    )
    if result.returncode:
        raise RuntimeError(
            f"{PROJECT}: expected a dbt project that parses, found: {result.stdout}{result.stderr}"
        )
    _STAMP.write_text(stamp, encoding="utf-8")
    return MANIFEST


if __name__ == "__main__":
    prepare_manifest()
