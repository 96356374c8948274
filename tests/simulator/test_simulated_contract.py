"""Both kinds of market keep the source contract to the letter."""

import polars as pl
import pytest

from pipelines.contract.tables import TABLES
from pipelines.simulator.sink import BY_MONTH, Sink
from tests.shared import SIMULATED


@pytest.fixture(params=["clean_market", "market"])
def written(request):
    return request.getfixturevalue(request.param)


def test_every_table_of_the_contract_has_rows(written):
    assert {name for name, rows in written.report.rows.items() if rows > 0} == set(SIMULATED)
    small = {f"{name}.parquet" for name in SIMULATED if name not in BY_MONTH}
    assert {path.name for path in written.report.out.iterdir()} == small | set(BY_MONTH) | {"market.yml"}


def test_growing_tables_have_a_file_a_month_that_holds_that_month(written):
    for name in BY_MONTH:
        files = sorted((written.report.out / name).iterdir())
        moments = [pl.read_parquet(path).select(_local_month(name)).to_series().unique() for path in files]
        assert [months.to_list() for months in moments] == [[path.stem] for path in files], name


def _local_month(name):
    if name == "meters_daily":
        return pl.col("date").dt.strftime("%Y-%m")
    return pl.col("ts").dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m")


@pytest.mark.parametrize("name", SIMULATED)
def test_table_keeps_the_contract(written, name):
    table, frame = SIMULATED[name], written[name]
    assert dict(frame.schema) == table.polars_schema
    assert frame.select(pl.struct(table.key).is_duplicated().any()).item() is False
    for column in table.columns:
        values = frame[column.name]
        assert column.nullable or values.null_count() == 0, f"{name}.{column.name} holds nulls"
        if column.enum:
            assert set(values.drop_nulls().unique()) <= set(column.enum), f"{name}.{column.name}"
        if column.type == "float64":
            assert values.is_nan().any() is False, f"{name}.{column.name} holds NaN"
        if column.reference:
            parent, key = column.reference
            strangers = set(values.drop_nulls().unique()) - set(written[parent][key])
            assert not strangers, f"{name}.{column.name} points at no {parent}: {sorted(strangers)[:3]}"


def test_accounts_of_transfers_and_holders_of_reports_exist(written):
    accounts = set(written["accounts"]["account_id"])
    for side in ("from_account", "to_account"):
        assert set(written["transfers"][side].drop_nulls()) <= accounts
    units = set(written["units"]["unit_id"])
    assert set(written["lab_tests"]["unit_id"]) <= units
    instruments = set(written["instruments"]["instrument_id"])
    assert set(written["trades"]["instrument_id"]) <= instruments


def test_unit_and_entity_of_a_report_belong_together(written):
    home = written["units"].select("unit_id", pl.col("entity_id").alias("home"))
    for name in ("activity_reports", "lab_tests"):
        joined = written[name].join(home, on="unit_id", how="left")
        assert (joined["entity_id"] == joined["home"]).all()


def test_a_column_is_written_under_the_name_that_a_source_gives_it(tmp_path):
    table = TABLES["verification_parameters"]
    Sink(tmp_path, "parquet").write(table.name, pl.DataFrame(schema=table.polars_schema))
    written = pl.read_parquet(tmp_path / f"{table.name}.parquet").columns
    assert "period" in written and "stated_period" not in written
