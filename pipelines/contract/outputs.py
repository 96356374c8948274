"""What a run hands to dbt and publishes beside the marts: one definition of each schema.

The files `lake/handover/<name>.parquet` have these columns. Their dbt sources and staging models, and
the marts that publish one unchanged, are generated from here.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.contract.reasons import REASONS
from pipelines.contract.schema import Column, Table
from pipelines.contract.tables import TABLES

_ROW_KEY = "JSON of the key columns and their values"
_KIND = "kind of finding, as the detectors name it"
_SEVERITY = "weight of a failure: critical refuses the run, warning and info do not"


@dataclass(frozen=True)
class Output:
    """One handed-over table.

    `after_detectors` marks what is written after the detectors ran and read by the supervision build only.
    `published` names the mart that shows the table unchanged; without it a handwritten mart reads the staging
    model. `identities` are conditions that hold in every row, by the name of their dbt test.
    """

    table: Table
    published: str | None = None
    after_detectors: bool = False
    identities: tuple[tuple[str, str], ...] = ()

    @property
    def by_the_lake(self) -> bool:
        """Whether the lake writes it, before the warehouse is built."""
        return not self.after_detectors

    @property
    def name(self) -> str:
        """Name of the table and of its file."""
        return self.table.name

    def frame(self, rows: list[dict[str, object]]) -> pl.DataFrame:
        """Rows as a frame of the output's columns and types."""
        return pl.DataFrame(rows, schema=self.table.stored_schema, orient="row")


ROW_ACCOUNTING = Output(
    Table(
        name="row_accounting",
        description="Where the rows of each source table went. One row a source table.",
        key=("table_name",),
        columns=(
            Column("table_name", "string", description="table of the source contract"),
            Column("files", "int64", description="delivered files in force"),
            Column(
                "rows_in", "int64", description="rows delivered, and rows that a reader quarantined before"
            ),
            Column("rows_kept", "int64", description="rows that the marts are built from"),
            Column("rows_superseded", "int64", description="rows that a later delivery replaced"),
            Column("rows_quarantined", "int64", description="rows that the reader or the lake quarantined"),
        ),
    ),
    published="fct_row_accounting",
    identities=(("every_row_is_accounted_for", "rows_in = rows_kept + rows_superseded + rows_quarantined"),),
)

QUARANTINE = Output(
    Table(
        name="quarantine",
        description="Rows that broke the contract, with the reason. One row a quarantined row.",
        key=("quarantine_id",),
        columns=(
            Column("quarantine_id", "string"),
            Column("table_name", "string"),
            Column("record_key", "string", nullable=True, description=_ROW_KEY),
            Column("reason", "string", enum=tuple(REASONS), description="the first reason that applies"),
            Column("column_name", "string", nullable=True),
            Column("value", "string", nullable=True, description="as delivered"),
            Column("file", "string", description="delivered file; of a reader's row, the published file"),
            Column(
                "row_number",
                "int64",
                description="place of the row among those of its file that could be parsed, from 1; "
                "of a malformed line, its line",
            ),
            Column("period", "string", description="YYYY-MM, YYYY, all, or unknown"),
        ),
    ),
    published="fct_quarantine",
)

COMPLETENESS = Output(
    Table(
        name="completeness",
        description="Gaps in what was delivered, compared with other periods, other tables and the last "
        "publication. One row a check, table, period, province and column with a gap, and one row for a "
        "check that found none.",
        key=("check_name", "table_name", "period", "province_code", "column_name"),
        columns=(
            Column("check_name", "string", description="entry of the completeness policy"),
            Column("severity", "string", enum=("critical", "warning", "info"), description=_SEVERITY),
            Column("state", "string", enum=("found", "passed"), description="whether the check found a gap"),
            Column("table_name", "string", description="source table, or all"),
            Column("period", "string", description="YYYY-MM, YYYY, or all"),
            Column("province_code", "string", description="province, all, or none where a row has none"),
            Column("column_name", "string", description="column, or all"),
            Column("observed", "float64", nullable=True, description="what the check measured, in its unit"),
            Column("expected", "float64", nullable=True, description="what was expected at least"),
            Column("unit", "string", description="unit of the policy entry"),
        ),
    ),
    published="fct_completeness",
)

ROW_COUNTS = Output(
    Table(
        name="row_counts",
        description="Kept rows of the source tables. One row a table, period and province.",
        key=("table_name", "period", "province_code"),
        columns=(
            Column("table_name", "string"),
            Column("period", "string", description="YYYY-MM, YYYY, or all"),
            Column("province_code", "string", description="of the row, its unit or its entity; none without"),
            Column("row_count", "int64", description="kept rows"),
            Column("subject_count", "int64", description="units or entities with rows"),
            Column(
                "filled_columns", "string", description="optional columns with values, with commas between"
            ),
        ),
    ),
    published="fct_row_counts",
)

DELIVERIES = Output(
    Table(
        name="deliveries",
        description="Delivered files, in force or not any more. One row a file name and content.",
        key=("delivery_id",),
        columns=(
            Column("delivery_id", "string"),
            Column("table_name", "string", description="table of the source contract"),
            Column("file", "string", description="path within the source directory"),
            Column("status", "string", enum=("in_force", "copy", "replaced", "withdrawn")),
            Column(
                "copy_of",
                "string",
                nullable=True,
                description="file of the same run with the same rows, which are counted once",
            ),
            Column("row_count", "int64", description="rows in the file"),
            Column(
                "blank_lines",
                "int64",
                nullable=True,
                description="lines of a CSV file with blanks and separators alone, which are no rows; empty "
                "lines do not count",
            ),
            Column("period_count", "int64", description="periods that the file has rows of"),
            Column("first_period", "string", nullable=True, description="YYYY-MM or YYYY"),
            Column("last_period", "string", nullable=True, description="YYYY-MM or YYYY"),
            Column("period_end", "date", nullable=True, description="last day of the last period"),
            Column("received_on", "date", description="as-of date of the run that first read this content"),
        ),
    ),
)

ALERTS = Output(
    Table(
        name="alerts",
        description="What the detectors found. One row an alert.",
        key=("alert_id",),
        columns=(
            Column("alert_id", "string"),
            Column("kind", "string", description=_KIND),
            Column("family", "string"),
            Column("subject_type", "string"),
            Column("subject_ids", "string[]"),
            Column("province_code", "string", nullable=True),
            Column("window_start", "timestamp", description="UTC"),
            Column("window_end", "timestamp", description="UTC, not included"),
            Column("score", "float64", description="0 to 1, higher is more suspicious"),
            Column("p_value", "float64", nullable=True),
            Column("level", "string", description="blue, yellow, orange or red"),
            Column("title_zh", "string"),
            Column("title_en", "string"),
            Column("measures", "string", description="JSON of the figures with their thresholds"),
            Column("evidence", "string", description="JSON of the source tables and row keys"),
            Column("rule_refs", "string[]", description="rule ids"),
            Column("detector", "string"),
            Column("detector_version", "string"),
            Column("snapshot_id", "string"),
        ),
    ),
    after_detectors=True,
)

ALERT_EVIDENCE = Output(
    Table(
        name="alert_evidence",
        description="Keys of the source rows behind the alerts. One row an alert and source row.",
        key=("alert_id", "evidence_no"),
        columns=(
            Column("alert_id", "string", ref="alerts.alert_id"),
            Column("evidence_no", "int64"),
            Column("table_name", "string"),
            Column("record_key", "string", description=_ROW_KEY),
        ),
    ),
    published="fct_alert_evidence",
    after_detectors=True,
)

QUALITY_RESULTS = Output(
    Table(
        name="quality_results",
        description="What the gates checked and found. One row an expectation in a gate.",
        key=("gate", "position"),
        columns=(
            Column("gate", "string", enum=("ingestion", "publication")),
            Column("table_name", "string"),
            Column("expectation", "string"),
            Column("column_name", "string", nullable=True),
            Column("severity", "string", enum=("critical", "warning", "info"), description=_SEVERITY),
            Column("success", "bool", nullable=True, description="null where nothing could be judged"),
            Column("observed", "string", nullable=True),
            Column("expected", "string", nullable=True),
            Column("unexpected_count", "int64", nullable=True),
            Column("element_count", "int64", nullable=True),
            Column("rule_ref", "string", nullable=True),
            Column("description_zh", "string"),
            Column("description_en", "string"),
            Column("position", "int64", description="order within the gate"),
        ),
    ),
    published="fct_quality_results",
    after_detectors=True,
)

ALERT_CANDIDATES = Output(
    Table(
        name="alert_candidates",
        description="What the detectors found below their thresholds. One row a candidate.",
        key=("alert_id",),
        columns=ALERTS.table.columns,
    ),
    after_detectors=True,
)

DETECTOR_RUNS = Output(
    Table(
        name="detector_runs",
        description="How each detector ran. One row a detector.",
        key=("kind",),
        columns=(
            Column("kind", "string", description=_KIND),
            Column("version", "string", description="version of the detector"),
            Column(
                "state",
                "string",
                enum=("ran", "not_applicable", "broken"),
                description="how the detector ended",
            ),
            Column(
                "reason",
                "string",
                nullable=True,
                description="the marts without rows, or the error without paths; none where the detector ran",
            ),
            Column("is_critical", "bool", description="a run in which it is broken is refused"),
            Column("candidates", "int64", description="candidates, alerts included"),
            Column("alerts", "int64"),
            Column(
                "undated",
                "int64",
                description="candidates left out: no due date is published for their year",
            ),
            Column("seconds", "float64", unit="s", description="time taken"),
        ),
    ),
    published="fct_detector_runs",
    after_detectors=True,
    identities=(("alerts_are_candidates", "alerts <= candidates"),),
)

DETECTION_COVERAGE = Output(
    Table(
        name="detection_coverage",
        description=(
            "What the detectors looked at. One row a kind, mart, source table and period, and one for each "
            "province that lacks rows in a period."
        ),
        key=("kind", "mart", "table_name", "period", "province_code"),
        columns=(
            Column("kind", "string", description=_KIND),
            Column("mart", "string", description="mart that the detector reads"),
            Column("table_name", "string", description="source table that the needed columns come from"),
            Column("period", "string", description="YYYY-MM, YYYY, or all where rows have no time"),
            Column("province_code", "string", description="all, or the province without rows"),
            Column("rows_seen", "int64", description="rows of the mart in the period"),
            Column("subjects_seen", "int64", description="subjects, summed over provinces"),
            Column(
                "state",
                "string",
                enum=("covered", "not_applicable", "blind"),
                description="whether the detector could see the period",
            ),
            Column(
                "reason",
                "string",
                nullable=True,
                enum=(
                    "no_rows",
                    "before_first_rows",
                    "outside_declared_span",
                    "not_delivered_yet",
                    "column_without_values",
                    "province_without_rows",
                ),
                description="why it is not covered",
            ),
            Column("detail", "string", nullable=True, description="columns without values, or the province"),
        ),
    ),
    published="fct_detection_coverage",
    after_detectors=True,
    identities=(("covered_has_rows", "state <> 'covered' or rows_seen > 0"),),
)

OUTPUTS = {
    output.name: output
    for output in (
        ROW_ACCOUNTING,
        QUARANTINE,
        COMPLETENESS,
        ROW_COUNTS,
        DELIVERIES,
        ALERTS,
        ALERT_EVIDENCE,
        ALERT_CANDIDATES,
        DETECTOR_RUNS,
        DETECTION_COVERAGE,
        QUALITY_RESULTS,
    )
}
"""Every output by name, in the order in which a run writes them."""

READER_QUARANTINE = Table(
    name="quarantine",
    description="Rows that a reader of a published format quarantined. One row a published row.",
    key=("file", "row_number"),
    columns=(
        Column(
            "table_name", "string", enum=tuple(TABLES), description="contract table that the row belongs to"
        ),
        *(
            QUARANTINE.table.column(name)
            for name in ("record_key", "reason", "column_name", "value", "file", "row_number")
        ),
    ),
)
"""The file `_quarantined/rows.parquet` beside a reading's source tables, which the lake counts."""

READER_QUARANTINE_FILE = "_quarantined/rows.parquet"
