"""What detectors and gates found: alerts and their evidence, candidates, detector runs, coverage, checks."""

from __future__ import annotations

from pipelines.contract.outputs.output import ROW_KEY, SEVERITY, Output
from pipelines.contract.schema import Column, Table

_KIND = "kind of finding, as the detectors name it"

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
            Column("record_key", "string", description=ROW_KEY),
        ),
    ),
    published="fct_alert_evidence",
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

ALERT_ASSESSMENTS = Output(
    Table(
        name="alert_assessments",
        description="What the level of each alert rests on, what could explain it, and facts beside it. "
        "One row an alert.",
        key=("alert_id",),
        columns=(
            Column("alert_id", "string", ref="alerts.alert_id"),
            Column("level_by_score", "string", description="the level that the score alone gives"),
            Column(
                "level_reason",
                "string",
                enum=(
                    "score",
                    "stake_minor",
                    "stake_limited",
                    "stake_substantial",
                    "stake_major",
                    "stake_unknown",
                    "explained",
                ),
                description="what decided the level",
            ),
            Column("stake_basis", "string", description="what the tonnes at stake are"),
            Column("stake_tco2e", "float64", nullable=True, unit="tCO2e", description="tonnes at stake"),
            Column(
                "stake_money",
                "float64",
                nullable=True,
                unit="currency",
                description="money at stake, in `currency`: that of the trades, or the tonnes at `price`",
            ),
            Column("currency", "string", description="currency of the market"),
            Column(
                "money_basis",
                "string",
                enum=("trades", "market_price", "no_tonnes", "no_price"),
                description="where the money at stake comes from, or why there is none",
            ),
            Column(
                "price",
                "float64",
                nullable=True,
                unit="currency/tCO2e",
                description="average price of the market's listed trades, where money follows from it",
            ),
            Column("price_on", "date", nullable=True, description="last trading day in that average"),
            Column("is_explained", "bool", description="quarantined or missing rows could explain the alert"),
            Column("explaining_rows", "int64", description="quarantined rows that could explain it"),
            Column(
                "explained_by",
                "string",
                nullable=True,
                description="JSON of these rows, of deliveries with many faults and of gaps, or null",
            ),
            Column(
                "facts", "string", description="JSON list of facts about the subjects, each with its values"
            ),
        ),
    ),
    published="fct_alert_assessments",
    after_detectors=True,
    identities=(
        ("money_has_a_basis", "(stake_money is null) = (money_basis in ('no_tonnes', 'no_price'))"),
        ("explained_says_by_what", "is_explained = (explained_by is not null)"),
    ),
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
            Column("severity", "string", enum=("critical", "warning", "info"), description=SEVERITY),
            Column("success", "bool", nullable=True, description="null where nothing could be judged"),
            Column("observed", "string", nullable=True),
            Column("expected", "string", nullable=True),
            Column("unexpected_count", "int64", nullable=True),
            Column("element_count", "int64", nullable=True),
            Column("rule_ref", "string", nullable=True),
            Column("description_zh", "string"),
            Column("description_en", "string"),
            Column(
                "why_zh", "string", nullable=True, description="the policy's reason; null of a skipped suite"
            ),
            Column("why_en", "string", nullable=True, description="the same in English"),
            Column("position", "int64", description="order within the gate"),
        ),
    ),
    published="fct_quality_results",
    after_detectors=True,
)
