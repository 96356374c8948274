"""What an addition costs: the worked examples of the how-tos change only the files that the design names."""

from __future__ import annotations

import sys

from tests.guards.worked import apply


def _passes(worked, *command: str) -> str:
    done = worked.run(sys.executable, *command)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


def test_a_reader_costs_its_mapping_and_its_test(tmp_path):
    worked = apply("add-a-source.md", tmp_path)
    _passes(worked, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/sources/test_source_gdex.py")
    listed = _passes(worked, "-c", "from pipelines.sources import formats; print(formats()['gdex'])")
    assert listed.startswith("Guangdong pilot allowance")
    assert worked.changed() == {"pipelines/sources/formats/gdex.yml", "tests/sources/test_source_gdex.py"}
