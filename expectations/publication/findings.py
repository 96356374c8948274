"""What models and detectors made: alerts, their evidence, expected emissions."""

from expectations.policy import sample
from expectations.suite import Frame, Suite, at_least, between, mean, one_of, present, unique, where

_HEX_REST = "translate(substr(alert_id, 3), '0123456789abcdef', '')"


def _written(column: str) -> str:
    """The JSON of a column, null where it is empty."""
    return where(f"replace({column}, ' ', '') not in ('', '[]', '{{}}', 'null')", column)


def fct_alerts(frame: Frame) -> Suite:
    """One row an alert: an id that can be cited, a score that can be ranked, titles that can be read."""
    return frame.suite(
        "fct_alerts",
        ["alert_id"],
        [
            between("score_range", "score"),
            present("score_absent", "score"),
            between("p_value_range", "p_value"),
            present("id_malformed", "id_as_cited", about="alert_id"),
            unique("finding_repeated", ["detector", "subjects", "window_start", "window_end"]),
            one_of("level_known", "level", ["blue", "yellow", "orange", "red"]),
            present("title_zh_absent", "title_zh_written", about="title_zh"),
            present("title_en_absent", "title_en_written", about="title_en"),
            present("evidence_absent", "evidence_written", about="evidence"),
            present("measures_absent", "measures_written", about="measures"),
            at_least("window_empty", "window_end", "window_start", strictly=True),
            frame.not_after_as_of("window_after_as_of", "window_start"),
        ],
        derived={
            "id_as_cited": where(
                f"alert_id like 'A-%' and length(alert_id) = 18 and {_HEX_REST} = ''", "alert_id"
            ),
            "subjects": "concat(subject_type, ':', array_to_string(subject_ids, '|'))",
            "evidence_written": _written("evidence"),
            "measures_written": _written("measures"),
            "title_zh_written": "nullif(trim(title_zh), '')",
            "title_en_written": "nullif(trim(title_en), '')",
        },
    )


def alert_support(frame: Frame) -> Suite:
    """One row an alert: how many rows of evidence and how many subjects it names."""
    return frame.suite(
        "alert_support",
        ["alert_id"],
        [between("evidence_count", about="evidence_no"), between("subject_count", about="subject_id")],
        table="fct_alerts",
        rows=(
            "select a.alert_id, coalesce(e.n, 0) as evidence_count, coalesce(s.n, 0) as subject_count "
            "from fct_alerts as a "
            "left join (select alert_id, count(*) as n from fct_alert_evidence group by alert_id) as e "
            "on e.alert_id = a.alert_id "
            "left join (select alert_id, count(*) as n from fct_alert_subjects group by alert_id) as s "
            "on s.alert_id = a.alert_id"
        ),
        also=("fct_alert_evidence", "fct_alert_subjects"),
    )


def alerted_entities(frame: Frame) -> Suite:
    """One row an emitter: which share of all emitters do the alerts name?"""
    enough = f"count(*) over () >= {sample('entities_for_a_share')}"
    return frame.suite(
        "alerted_entities",
        ["entity_id"],
        [mean("alerted_share", about="entity_id")],
        derived={
            "alerted_share": where(
                enough,
                "case when entity_id in (select subject_id from fct_alert_subjects) then 1.0 else 0.0 end",
            )
        },
        table="dim_entities",
        also=("fct_alert_subjects", "fct_alerts"),
    )


def alert_levels(frame: Frame) -> Suite:
    """One row an alert: the share of the highest level."""
    enough = f"count(*) over () >= {sample('entities_for_a_share')}"
    return frame.suite(
        "alert_levels",
        ["alert_id"],
        [mean("red_share", about="level")],
        derived={"red_share": where(enough, "case when level = 'red' then 1.0 else 0.0 end")},
        table="fct_alerts",
    )


def expected_emissions(frame: Frame) -> Suite:
    """One row a unit and year that the model judged."""
    return frame.suite(
        "expected_emissions",
        ["unit_id", "year"],
        [
            unique("unit_year_repeated", ["unit_id", "year"]),
            between("score_range", "score"),
            present("score_absent", "score"),
            between("p_value_range", "p_value"),
            at_least("interval_below", "expected", "lower_05"),
            at_least("interval_above", "upper_95", "expected"),
            between("expected_positive", "expected"),
            between("peers", "peer_count"),
        ],
    )


def model_calibration(frame: Frame) -> Suite:
    """One row a judged unit and year: the share inside the 5-95 % interval, which is meant to be 90 %."""
    enough = f"count(*) over () >= {sample('rows_for_a_share')}"
    return frame.suite(
        "model_calibration",
        ["unit_id", "year"],
        [mean("interval_coverage", about="actual")],
        derived={
            "interval_coverage": where(
                enough, "case when actual between lower_05 and upper_95 then 1.0 else 0.0 end"
            )
        },
        table="expected_emissions",
        rows=(
            "select * from expected_emissions "
            "where actual is not null and lower_05 is not null and upper_95 is not null"
        ),
    )


SUITES = (fct_alerts, alert_support, alerted_entities, alert_levels, expected_emissions, model_calibration)
