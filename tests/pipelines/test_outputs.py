"""One definition of each schema: what others hold of it must say the same."""

from __future__ import annotations

import polars as pl
import pytest

from anomaly.core.alerts import ALERT_SCHEMA, EVIDENCE_SCHEMA
from dashboards.language import texts
from expectations.policy import Market, bound, sample
from expectations.results import QualityResult
from pipelines.contract.outputs.readings import READER_QUARANTINE
from pipelines.contract.outputs.registry import OUTPUTS
from pipelines.contract.reasons import (
    NOTICED_SHARE,
    REASONS,
    REFUSED_SHARE,
    ROWS_FOR_A_SHARE,
    ROWS_FOR_TONNES,
)
from pipelines.contract.schema import Column


@pytest.mark.parametrize(
    ("output", "schema"), [("alerts", ALERT_SCHEMA), ("alert_evidence", EVIDENCE_SCHEMA)]
)
def test_the_detectors_write_the_schema_of_the_contract(output, schema):
    assert pl.Schema(schema) == pl.Schema(OUTPUTS[output].table.stored_schema)


def test_a_quality_result_has_the_columns_of_the_contract():
    assert tuple(QualityResult.__dataclass_fields__) == OUTPUTS["quality_results"].table.names


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_a_name_on_the_desk(reason, language):
    assert texts().text(f"desk.reason.{reason}", language)


def test_a_frame_without_rows_has_the_types_of_the_contract():
    frame = OUTPUTS["alerts"].frame([])
    assert frame.schema["window_start"] == pl.Datetime("us")
    assert frame.schema["subject_ids"] == pl.List(pl.String)


def test_what_a_reader_writes_is_a_part_of_the_quarantine():
    quarantine = OUTPUTS["quarantine"].table
    for column in READER_QUARANTINE.columns:
        assert quarantine.column(column.name).type == column.type


def test_a_column_of_an_unknown_type_is_refused():
    with pytest.raises(ValueError, match=r"expected one of .*string"):
        Column("x", "text")


def test_readers_and_the_gate_refuse_by_the_same_share():
    assert bound("ingestion", "row_accounting", "quarantined_share", Market()).maximum == REFUSED_SHARE
    assert bound("ingestion", "row_accounting", "quarantined_notice", Market()).maximum == NOTICED_SHARE
    assert sample("rows_for_a_share") == ROWS_FOR_A_SHARE
    assert sample("rows_for_tonnes") == ROWS_FOR_TONNES
    for name in ("lost_share", "tonnes_share"):
        assert bound("ingestion", "file_accounting", name, Market()).maximum == REFUSED_SHARE
    for name in ("lost_notice", "tonnes_notice"):
        assert bound("ingestion", "file_accounting", name, Market()).maximum == NOTICED_SHARE
