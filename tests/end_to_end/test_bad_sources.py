"""Whatever comes in, the last publication stays byte for byte unless a sound one takes its place."""

from __future__ import annotations

import gzip
import json

import polars as pl
import pytest


def _no_parquet(source):
    (source / "trades" / "2025-03.parquet").write_bytes(b"PAR1")


def _no_required_table(source):
    (source / "accounts.parquet").unlink()


def _no_mandatory_column(source):
    path = source / "trades" / "2025-03.parquet"
    pl.read_parquet(path).drop("quantity").write_parquet(path)


def _cut_gzip(source):
    text = pl.read_parquet(source / "compliance.parquet").write_csv()
    (source / "compliance.parquet").unlink()
    (source / "compliance.csv.gz").write_bytes(gzip.compress(text.encode())[:-20])


def _empty_csv(source):
    (source / "parks.parquet").unlink()
    (source / "parks.csv").write_bytes(b"")


def _link_outside(source):
    (source / "tips.csv").symlink_to("/etc/hostname")


def _foreign_suffix(source):
    (source / "tips").mkdir()
    (source / "tips" / "tips.xlsx").write_bytes(b"PK")


@pytest.mark.parametrize(
    "spoil",
    [
        _no_parquet,
        _no_required_table,
        _no_mandatory_column,
        _cut_gzip,
        _empty_csv,
        _link_outside,
        _foreign_suffix,
    ],
)
def test_a_source_that_cannot_be_read_leaves_the_publication(published, tmp_path, file_tree, spoil):
    workspace = published.copy(tmp_path)
    before = file_tree(workspace.settings.published)
    current = workspace.settings.current.resolve().name
    spoil(workspace.source)
    assert _code(workspace) == 3
    after = file_tree(workspace.settings.published)
    assert {name: after.get(name) for name in before} == before
    assert workspace.settings.current.resolve().name == current


def _code(workspace) -> int:
    from pipelines.core.errors import SourceError

    try:
        return workspace.run().code
    except SourceError:
        return 3


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
    assert any("quarantined" in result["expectation"] for result in refusal["results"])
