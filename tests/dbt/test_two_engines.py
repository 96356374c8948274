"""The same lake built by DuckDB and by Spark gives the same marts."""

from __future__ import annotations

import shutil

import polars as pl
import pytest

from pipelines.simulator.simulation import simulate

pytestmark = pytest.mark.spark
RELATIVE = 1e-9


def in_fixed_order(frame: pl.DataFrame) -> pl.DataFrame:
    frame = frame.with_columns(pl.selectors.datetime().dt.replace_time_zone(None).dt.cast_time_unit("us"))
    return frame.sort(pl.selectors.exclude(pl.selectors.float()), nulls_last=True)


def differences(duckdb_rows: pl.DataFrame, spark_rows: pl.DataFrame) -> list[str]:
    """Columns in which the two differ; floats may differ by rounding."""
    found = []
    for name in duckdb_rows.columns:
        one, two = duckdb_rows[name], spark_rows[name]
        if one.dtype.is_float():
            near = (one - two).abs() <= RELATIVE * pl.select(
                pl.max_horizontal(one.abs(), two.abs())
            ).to_series()
            same = near.fill_null(False) | (one.is_null() & two.is_null())
        else:
            same = one.eq_missing(two)
        if not same.all():
            found.append(f"{name}: {one.filter(~same)[0]!r} in DuckDB, {two.filter(~same)[0]!r} in Spark")
    return found


def build_on_both(dbt) -> None:
    if shutil.which("java") is None:
        pytest.skip("no java on the path; Spark needs a JVM")
    pytest.importorskip("pyspark", reason="the dependency group `spark` is not installed")
    dbt("build", "--exclude-resource-type", "unit_test")
    # Keys of the staging models are what DuckDB has just tested; the marts' tests run again.
    tested_already = ("--exclude", "path:models/staging,resource_type:test")
    dbt.on_spark("build", "--exclude-resource-type", "unit_test", *tested_already)


def assert_equal_marts(dbt, may_be_empty: set[str]) -> None:
    empty = set()
    for name in dbt.models("marts"):
        one = dbt.table(name)
        two = pl.read_parquet(dbt.folder / "spark" / "carbonwarden.db" / name / "*.parquet")
        empty |= {name} if one.is_empty() else set()
        assert two.columns == one.columns, name
        assert two.height == one.height, name
        assert differences(in_fixed_order(one), in_fixed_order(two)) == [], name
    assert empty <= may_be_empty, f"nothing is compared in {', '.join(sorted(empty - may_be_empty))}"


def test_both_engines_build_the_same_marts_of_every_table(sample, findings, new_lake, new_dbt):
    lake = new_lake(**sample)
    for name, rows in findings.items():
        lake.hand_over(name, rows)
    dbt = new_dbt(lake)
    build_on_both(dbt)
    # The simulated market has batches of samples, this one has faults of readings.
    assert_equal_marts(dbt, may_be_empty={"fct_lab_batches"})


def test_both_engines_build_the_same_marts_of_the_simulated_market(
    findings, received_lake, new_dbt, tmp_path
):
    simulate(tmp_path / "market", scale="small", seed=5)
    lake = received_lake(tmp_path / "market")
    for name, rows in findings.items():
        # The lake itself writes these; all else is handed over by later steps of a run.
        if name not in {"quarantine", "row_accounting", "file_accounting"}:
            lake.hand_over(name, rows)
    dbt = new_dbt(lake)
    build_on_both(dbt)
    may_be_empty = {"fct_quarantine", "fct_quarantine_reasons", "fct_reading_faults", "fct_price_faults"}
    assert_equal_marts(dbt, may_be_empty)
