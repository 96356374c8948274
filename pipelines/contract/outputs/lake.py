"""What the lake computed: accounting, quarantine, completeness, deliveries."""

from __future__ import annotations

from pipelines.contract.outputs.output import ROW_KEY, SEVERITY, Output
from pipelines.contract.reasons import REASONS
from pipelines.contract.schema import Column, Table

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

FILE_ACCOUNTING = Output(
    Table(
        name="file_accounting",
        description="Where the rows of each file went, from the published file to the mart. One row a stage, "
        "source table and file: files that were read from a published format, and files that were "
        "delivered to the lake.",
        key=("stage", "table_name", "file"),
        columns=(
            Column(
                "stage",
                "string",
                enum=("reader", "lake"),
                description="reader: a published file was turned into rows of the source table; lake: a "
                "delivered file of the source table was received",
            ),
            Column("table_name", "string", description="table of the source contract"),
            Column("file", "string", description="published file or sheet; or path in the source directory"),
            Column("rows_in", "int64", description="rows that the file has"),
            Column("rows_kept", "int64", description="rows that were handed on to the next stage"),
            Column("rows_superseded", "int64", description="rows that a later file replaced"),
            Column("rows_quarantined", "int64", description="rows that were quarantined"),
            Column(
                "rows_without_data",
                "int64",
                description="rows that state nothing, or only parts of a period, by the rules of the format",
            ),
            Column(
                "rows_repeated",
                "int64",
                description="quarantined rows that repeat a row that was kept; nothing is lost with them",
            ),
            Column(
                "tonnes_in",
                "float64",
                nullable=True,
                unit="tCO2e",
                description="amount that the rows state; null where the table has none",
            ),
            Column(
                "tonnes_quarantined",
                "float64",
                nullable=True,
                unit="tCO2e",
                description="amount that the quarantined rows state, repetitions left out",
            ),
        ),
    ),
    published="fct_file_accounting",
    identities=(
        (
            "every_row_is_accounted_for",
            "rows_in = rows_kept + rows_superseded + rows_quarantined + rows_without_data",
        ),
        ("repeated_rows_are_quarantined", "rows_repeated <= rows_quarantined"),
    ),
)

QUARANTINE = Output(
    Table(
        name="quarantine",
        description="Rows that broke the contract, with the reason. One row a quarantined row.",
        key=("quarantine_id",),
        columns=(
            Column("quarantine_id", "string"),
            Column("table_name", "string"),
            Column("record_key", "string", nullable=True, description=ROW_KEY),
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
            Column(
                "ids_json",
                "string",
                nullable=True,
                description="JSON list of the ids of parties, objects and records that the row names; null "
                "of a row that a reader quarantined",
            ),
            Column(
                "tonnes",
                "float64",
                nullable=True,
                unit="tCO2e",
                description="amount that the row states; null where it states none that can be read",
            ),
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
            Column("severity", "string", enum=("critical", "warning", "info"), description=SEVERITY),
            Column("state", "string", enum=("found", "passed"), description="whether the check found a gap"),
            Column("table_name", "string", description="source table, or all"),
            Column("period", "string", description="YYYY-MM, YYYY, or all"),
            Column("province_code", "string", description="province, all, or none where a row has none"),
            Column("column_name", "string", description="column, or all"),
            Column("observed", "float64", nullable=True, description="what the check measured, in its unit"),
            Column("expected", "float64", nullable=True, description="what was expected at least"),
            Column("unit", "string", description="unit of the policy entry"),
            Column("why_zh", "string", description="the policy's reason"),
            Column("why_en", "string", description="the same in English"),
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

IDENTIFIER_FAULTS = Output(
    Table(
        name="identifier_faults",
        description="Ids that are likely one, unified social credit codes (GB 32100-2015) that cannot be "
        "right, places that contradict each other, and emitters that are the sum of others. Nothing is "
        "changed or merged by it; the last take no part in sums. One row a source table, column, fault and "
        "normal form.",
        key=("table_name", "column_name", "fault", "normal_form"),
        columns=(
            Column("table_name", "string", description="table of the source contract"),
            Column("column_name", "string"),
            Column(
                "fault",
                "string",
                enum=(
                    "likely_equal",
                    "credit_code_check",
                    "credit_code_character",
                    "city_outside_province",
                    "registered_elsewhere",
                    "sum_of_others",
                ),
                description="ids that differ in width (NFKC), case, leading zeros or a trailing `.0` alone; "
                "a code whose last character does not follow from the others; one with a character that no "
                "code has; a city or county code (GB/T 2260) of another province; a credit code given in "
                "another province; an emitter whose verified emissions are the sum of others",
            ),
            Column(
                "normal_form",
                "string",
                description="what the ids share; of a code, the code; of a city, its code and the province's",
            ),
            Column("id_count", "int64", description="number of ids"),
            Column("ids_json", "string", description="JSON list of the ids as delivered"),
            Column(
                "expected",
                "string",
                nullable=True,
                description="check character that the other 17 give; the province's first two digits; of a "
                "sum, how many emitters it adds up in how many years",
            ),
        ),
    ),
    published="fct_identifier_faults",
)
