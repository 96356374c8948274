"""Whatever comes in, the last publication stays byte for byte unless a sound one takes its place."""

from __future__ import annotations

import json

import polars as pl
import pytest

from pipelines.core.errors import SourceError
from tests.shared import Workspace


def _no_parquet(source):
    (source / "trades" / "2025-03.parquet").write_bytes(b"PAR1")


def _no_required_table(source):
    (source / "accounts.parquet").unlink()


def _link_outside(source):
    (source / "tips.csv").symlink_to("/etc/hostname")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_no_parquet, "expected a complete Parquet file"),
        (_no_required_table, "required tables"),
        (_link_outside, "tips.csv"),
    ],
)
def test_a_source_that_cannot_be_read_leaves_the_publication(published, tmp_path, file_tree, spoil, message):
    """Which inputs cannot be read is tested at the lake; here one of each stage that refuses them."""
    workspace = published.copy(tmp_path)
    before = file_tree(workspace.settings.published)
    spoil(workspace.source)
    code, said = _outcome(workspace)
    assert code == 3
    assert message in said
    after = file_tree(workspace.settings.published)
    assert {name: after.get(name) for name in before} == before
    assert workspace.settings.current.resolve().name == published.settings.current.resolve().name


def _outcome(workspace: Workspace) -> tuple[int, str]:
    try:
        outcome = workspace.run()
    except SourceError as error:
        return 3, str(error)
    return outcome.code, outcome.message


def test_a_flood_of_bad_rows_is_quarantined_counted_and_refused(published, tmp_path, file_tree):
    workspace = published.copy(tmp_path)
    before = file_tree(workspace.settings.published)
    path = workspace.source / "lab_tests.parquet"
    tests = pl.read_parquet(path)
    tests.with_columns(
        entity_id=pl.when(pl.int_range(pl.len()) % 3 == 0)
        .then(pl.lit("nobody"))
        .otherwise(pl.col("entity_id"))
    ).write_parquet(path)
    outcome = workspace.run()
    assert outcome.code == 1, outcome.message
    accounting = pl.read_parquet(workspace.settings.handover / "row_accounting.parquet")
    row = accounting.filter(table_name="lab_tests").row(0, named=True)
    assert row["rows_in"] == tests.height == row["rows_kept"] + row["rows_quarantined"]
    assert row["rows_quarantined"] >= tests.height // 3
    after = file_tree(workspace.settings.published)
    assert {name: after.get(name) for name in before} == before
    refusal = json.loads(workspace.settings.refusal.read_text())
    assert refusal["gate"] == "ingestion"
    assert all(result["severity"] == "critical" for result in refusal["results"])
    assert any("quarantined" in result["expectation"] for result in refusal["results"])
